from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.reports.case import Case
from rectiflow.reports.figures import Figures, measure
from rectiflow.reports.period import Period
from rectiflow.reports.register import Standing, as_at, base_cases, standing
from rectiflow.reports.tables import by_category, by_town, by_unit, reconcile
from rectiflow.reports.text import percent
from support.cases import a_case

FIRST = date(2024, 8, 1)
days = st.integers(0, 200).map(lambda count: FIRST + timedelta(days=count))
few = st.integers(0, 30)


@st.composite
def months(draw: st.DrawFn) -> Period:
    """Draw a month of the term, closed on its last day or on the 25th."""
    return Period.parse(f"2024-{draw(st.integers(8, 12))}", closing_day=draw(st.sampled_from([None, 25])))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a hazard that could have been: its dates in the order in which things happen."""
    found = draw(days)
    entered = found + timedelta(days=draw(few))
    served = draw(st.none() | few.map(lambda count: entered + timedelta(days=count)))
    due = draw(st.none() | few.map(lambda count: found + timedelta(days=count)))
    now_due = draw(st.none() | few.map(lambda count: found + timedelta(days=2 * count)))
    applied = draw(st.none() | few.map(lambda count: found + timedelta(days=count)))
    passed = draw(st.none() | few.map(lambda count: applied + timedelta(days=count))) if applied else None
    ends = [None, "rectified"] if passed else [None, "unfounded", "merged", "dissolved", "void"]
    outcome = draw(st.sampled_from(ends))
    closed = None if outcome is None else max(passed or entered, entered) + timedelta(days=draw(few))
    fails = draw(st.integers(0, 3))
    return a_case(
        unit_id=draw(st.sampled_from("abc")),
        town=draw(st.sampled_from(["东镇", "西镇"])),
        category_id=draw(st.sampled_from(["fire", "food"])),
        severity=draw(st.sampled_from(["general", "major"])),
        found_on=found,
        entered_on=entered,
        served_on=served,
        original_due_on=due,
        due_on=now_due,
        applied_on=applied,
        passed_on=passed,
        closed_on=closed,
        outcome=outcome,
        verify_late=draw(st.booleans()),
        fails=fails,
        first_pass=fails == 0 if passed else None,
        on_the_spot=draw(st.booleans()),
        self_found=draw(st.booleans()),
        stock=draw(st.booleans()),
        on_behalf=draw(st.integers(0, 3)),
        late_entries=draw(st.integers(0, 3)),
        listed=draw(st.sampled_from([None, "village", "town", "district"])),
        referred=draw(st.integers(0, 9)) == 0,
        extended=draw(st.integers(0, 2)),
        funds=draw(st.none() | st.decimals(0, 100, places=2)),
        reopened=draw(st.booleans()),
    )


def without_void(drawn: Sequence[Case]) -> list[Case]:
    """Leave out what was counted until it turned out to be a mistake."""
    return [case for case in drawn if case.outcome != "void"]


def numbered(drawn: Sequence[Case]) -> list[Case]:
    """Give each hazard a number of its own."""
    return [replace(case, number=f"N{place:03}") for place, case in enumerate(drawn)]


#: A month of hazards takes a while to draw and to count on a busy machine; how long is no property of the figures.
unhurried = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
many = st.lists(cases(), max_size=25).map(numbered)


@unhurried
@given(many, months())
def test_totals_are_the_sum_of_the_parts(drawn: list[Case], period: Period) -> None:
    """Every table adds up to the figures of all rows, and the check finds nothing."""
    tables = [tabulate(drawn, period) for tabulate in (by_unit, by_town, by_category)]
    whole = measure(drawn, period)
    for table in tables:
        assert sum((line.figures for line in table.lines), Figures()) == table.total == whole
    assert reconcile(tables, drawn) == []


@unhurried
@given(many, months())
def test_each_of_the_denominator_stands_in_one_place(drawn: list[Case], period: Period) -> None:
    """应整改 is the number of its rows and of its standings, and every part is within its whole."""
    shown = measure(drawn, period)
    rows = base_cases(drawn, period)
    assert shown.base == len(rows) == sum(getattr(shown, place.value) for place in Standing)
    assert shown.rectified == sum(standing(case, period.end) is Standing.RECTIFIED for case in rows)
    assert shown.open >= shown.waiting >= shown.verify_late
    assert shown.open == shown.to_close + shown.waiting + shown.overdue + shown.undated + shown.running
    assert shown.due >= shown.due_met + shown.due_waiting
    assert shown.stock + shown.growth == shown.base


@unhurried
@given(many, months())
def test_rates_are_between_none_and_all(drawn: list[Case], period: Period) -> None:
    """A rate is a fraction from 0 to 1, or none where nothing was to be counted."""
    shown = measure(drawn, period)
    pairs = [
        (shown.rectification_rate, shown.base),
        (shown.on_time_rate, shown.due),
        (shown.on_time_now_rate, shown.due_now),
        (shown.first_pass_rate, shown.checked),
        (shown.self_found_rate, shown.new),
        (shown.relapse_rate, shown.base),
        (shown.major_rate, shown.major),
        (shown.stock_rate, shown.stock),
        (shown.growth_rate, shown.growth),
    ]
    for rate, whole in pairs:
        assert (rate is None) == (whole == 0)
        assert rate is None or 0 <= rate <= 1
        assert (percent(rate) == "100.0%") == (rate == 1)


@unhurried
@given(many, months(), st.randoms(use_true_random=False))
def test_order_does_not_matter(drawn: list[Case], period: Period, random: Random) -> None:
    """Figures and tables are the same in whatever order the rows come."""
    shuffled = list(drawn)
    random.shuffle(shuffled)
    assert measure(shuffled, period) == measure(drawn, period)
    assert by_unit(shuffled, period) == by_unit(drawn, period)


@unhurried
@given(many, months())
def test_days_are_within_their_extremes(drawn: list[Case], period: Period) -> None:
    """Mean and median lie between the shortest and the longest; nobody took less than no time."""
    shown = measure(drawn, period)
    for lasted, mean, median in (
        (shown.rectify_days, shown.mean_days, shown.median_days),
        (shown.verify_days, shown.mean_verify_days, shown.median_verify_days),
    ):
        assert list(lasted) == sorted(lasted)
        if mean is None or median is None:
            assert not lasted
        else:
            assert 0 <= lasted[0] <= min(mean, median) <= max(mean, median) <= lasted[-1]
    assert shown.funds >= Decimal(0)


@unhurried
@given(many, months())
def test_what_is_open_is_carried_over(drawn: list[Case], period: Period) -> None:
    """What a month leaves open is what the next one takes over."""
    kept = without_void(drawn)
    this, following = measure(kept, period), measure(kept, period.next())
    assert following.carried_over == this.open


@unhurried
@given(many, months())
def test_a_year_is_its_months(drawn: list[Case], period: Period) -> None:
    """Each hazard is new in exactly one month, and rectified in at most one."""
    first = Period.parse("2024-01", closing_day=period.closing_day)
    spans = [first]
    while spans[-1].end < period.end:
        spans.append(spans[-1].next())
    kept = without_void(drawn)
    year = measure(kept, period.year_to_date())
    assert spans[-1].end == period.end
    assert year.new == sum(measure(kept, span).new for span in spans)
    assert year.rectified == sum(measure(kept, span).rectified for span in spans)


@given(cases(), days)
def test_as_at_is_settled(case: Case, day: date) -> None:
    """Going back to a day twice changes nothing more, and nothing later than the day is left."""
    then = as_at(case, day)
    assert as_at(then, day) == then
    for value in (then.applied_on, then.passed_on, then.closed_on):
        assert value is None or value <= day


@given(st.fractions(0, 1))
def test_percent_is_honest(rate: Fraction) -> None:
    """A printed rate is off by less than a tenth of a point, and only all is 100.0%."""
    shown = Fraction(percent(rate).rstrip("%")) / 100
    assert abs(shown - rate) <= Fraction(1, 1000)
    assert (shown == 1) == (rate == 1)
    assert (shown == 0) == (rate == 0)


@given(days, st.sampled_from([None, 1, 15, 25, 30, 31]))
def test_every_day_belongs_to_one_month(day: date, closing: int | None) -> None:
    """A day lies in the month found for it, and in neither of its neighbours."""
    month = Period.containing(day, closing_day=closing)
    assert day in month
    assert day not in month.previous()
    assert day not in month.next()
    assert Period.parse(month.key, closing_day=closing) == month
