from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from rectiflow.reports.case import Case
from rectiflow.reports.errors import PeriodUnknown
from rectiflow.reports.figures import Figures, measure
from rectiflow.reports.period import Period
from rectiflow.reports.register import Standing, as_at, standing
from support.cases import a_case, passed

NOVEMBER = Period.parse("2024-11")
LAST = NOVEMBER.end


def november(*cases: Case) -> Figures:
    """Measure the cases in November 2024."""
    return measure(cases, NOVEMBER)


def october(**changes: Any) -> Case:
    """Return an open hazard found, entered and due in October."""
    day = date(2024, 10, 10)
    dates: dict[str, Any] = {
        "found_on": day,
        "entered_on": day,
        "served_on": day,
        "original_due_on": date(2024, 10, 25),
    }
    return a_case(**(dates | {"due_on": date(2024, 10, 25)} | changes))


def test_nothing_is_all_zero() -> None:
    """No hazards give no figure, and no rate."""
    empty = november()
    assert empty == Figures()
    rates = (empty.rectification_rate, empty.on_time_rate, empty.on_time_now_rate, empty.first_pass_rate)
    assert set(rates) | {empty.self_found_rate, empty.relapse_rate, empty.major_rate, empty.mean_days} == {None}
    assert (empty.stock_rate, empty.growth_rate, empty.median_days, empty.median_verify_days) == (None,) * 4


def test_denominator() -> None:
    """应整改 is carried over and new without unfounded and merged; what is not yet due stays in."""
    shown = november(
        october(),
        passed(october(), date(2024, 11, 5)),
        passed(october(), date(2024, 10, 20)),  # done in October: no longer there
        a_case(due_on=date(2025, 3, 1), original_due_on=date(2025, 3, 1)),
        a_case(outcome="unfounded", closed_on=date(2024, 11, 8)),
        a_case(outcome="merged", closed_on=date(2024, 11, 8)),
        a_case(entered_on=date(2024, 12, 2)),
    )
    assert (shown.carried_over, shown.new, shown.unfounded, shown.merged) == (2, 3, 1, 1)
    assert (shown.base, shown.rectified, shown.running, shown.overdue) == (3, 1, 1, 1)
    assert shown.rectification_rate == Fraction(1, 3)
    assert shown.open == 2


def test_rectified_is_passed_for_general_and_closed_for_major() -> None:
    """A general hazard counts once it passed, a major one only once it is closed."""
    day = date(2024, 11, 20)
    general = a_case(applied_on=day, passed_on=day)
    major = a_case(severity="major", applied_on=day, passed_on=day)
    closed = a_case(severity="major", applied_on=day, passed_on=day, closed_on=day, outcome="rectified")
    shown = november(general, major, closed)
    assert (shown.rectified, shown.to_close, shown.major, shown.major_rectified) == (2, 1, 2, 1)
    assert shown.major_rate == Fraction(1, 2)


def test_closed_without_a_pass_on_record() -> None:
    """A hazard of an old ledger that only says when it was closed is rectified on that day."""
    case = a_case(stock=True, closed_on=date(2024, 11, 20), outcome="rectified")
    assert november(case).rectified == 1


def test_fixed_on_the_spot_counts_in_both() -> None:
    """当场整改 is in the numerator and the denominator, and does not raise the first-pass rate."""
    day = date(2024, 11, 4)
    spot = a_case(on_the_spot=True, served_on=None, due_on=None, original_due_on=None, passed_on=day, first_pass=True)
    shown = november(spot)
    assert (shown.base, shown.rectified, shown.on_the_spot, shown.checked, shown.due) == (1, 1, 1, 0, 0)
    assert shown.rectify_days == ()


def test_void_is_never_counted_and_referred_is_a_line_of_its_own() -> None:
    """A mistaken entry counts nowhere else; what was referred is outside the rate."""
    shown = november(
        a_case(outcome="void", closed_on=date(2024, 11, 6)),
        a_case(referred=True, due_on=date(2024, 11, 20)),
        a_case(referred=True, outcome="referred", closed_on=date(2024, 11, 25)),
    )
    assert shown == Figures(void=1, referred=2, referred_done=1)


def test_closed_for_another_reason_stays_in_the_denominator() -> None:
    """A unit that was dissolved is neither rectified nor open, but the rate feels it."""
    shown = november(a_case(outcome="dissolved", closed_on=date(2024, 11, 6)))
    assert (shown.base, shown.ended, shown.open, shown.rectified) == (1, 1, 0, 0)


def test_late_entry_is_new_where_it_was_entered() -> None:
    """Friday's visit entered on Monday is new in the month of the Monday; old stock in that of its finding."""
    visit = {"found_on": date(2024, 10, 31), "entered_on": date(2024, 11, 1)}
    assert november(a_case(**visit)).new == 1
    stock = november(a_case(**visit, stock=True))
    assert (stock.new, stock.carried_over, stock.stock, stock.growth) == (0, 1, 1, 0)


def test_on_time_is_judged_by_the_passing_application() -> None:
    """Handed in by the original date and passed is on time, however long the verifier took."""
    slow = passed(a_case(), date(2024, 11, 20), after=8)
    shown = november(slow)
    assert (shown.due, shown.due_met, shown.on_time_rate) == (1, 1, Fraction(1))
    late = passed(a_case(), date(2024, 11, 21))
    assert november(late).on_time_rate == 0


def test_on_time_counts_open_items_and_those_done_early() -> None:
    """All items falling due count: open ones, waiting ones, and those put right in an earlier month."""
    early = passed(october(original_due_on=date(2024, 11, 10), due_on=date(2024, 11, 10)), date(2024, 10, 20))
    shown = november(early, a_case(), a_case(applied_on=date(2024, 11, 19)))
    assert (shown.due, shown.due_met, shown.due_waiting) == (3, 1, 1)
    assert shown.base == 2


def test_extension_helps_only_the_second_figure() -> None:
    """Against the original date an extended hazard is late, against the current one it is on time."""
    extended = passed(a_case(due_on=date(2024, 11, 28), extended=1), date(2024, 11, 25))
    shown = november(extended)
    assert (shown.on_time_rate, shown.on_time_now_rate, shown.extended) == (Fraction(0), Fraction(1), 1)


def test_due_after_the_cutoff_has_not_fallen_due() -> None:
    """In a running month only dates up to the cut-off count."""
    shown = measure([a_case()], NOVEMBER, date(2024, 11, 15))
    assert (shown.due, shown.running) == (0, 1)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({}, Standing.OVERDUE),
        ({"due_on": LAST}, Standing.RUNNING),  # the day itself is not yet over
        ({"due_on": None}, Standing.UNDATED),
        ({"applied_on": date(2024, 11, 29)}, Standing.WAITING),
        ({"applied_on": LAST, "passed_on": LAST}, Standing.RECTIFIED),
        ({"severity": "major", "applied_on": LAST, "passed_on": LAST}, Standing.TO_CLOSE),
        ({"outcome": "dissolved", "closed_on": LAST}, Standing.ENDED),
    ],
)
def test_standing(changes: dict[str, Any], place: Standing) -> None:
    """A hazard stands in exactly one place; who has handed in is never overdue, no date is never overdue."""
    assert standing(a_case(**changes), LAST) is place


def test_waiting_too_long_is_the_verifiers_lateness() -> None:
    """复查逾期 is counted among those waiting, not among the overdue."""
    shown = november(a_case(applied_on=date(2024, 11, 12), verify_due_on=date(2024, 11, 19), verify_late=True))
    assert (shown.waiting, shown.verify_late, shown.overdue) == (1, 1, 0)


def test_days_mean_and_median() -> None:
    """Served to passing application is the unit's time; application to pass is the verifier's, apart."""
    served = date(2024, 11, 5)
    days = (3, 5, 13)
    shown = november(*(passed(a_case(served_on=served), date(2024, 11, 5 + lasted), after=2) for lasted in days))
    assert shown.rectify_days == days
    assert (shown.mean_days, shown.median_days) == (Fraction(7), Fraction(5))
    assert (shown.mean_verify_days, shown.median_verify_days) == (Fraction(2), Fraction(2))
    even = november(*(passed(a_case(served_on=served), date(2024, 11, 5 + lasted)) for lasted in (3, 6)))
    assert even.median_days == Fraction(9, 2)


def test_put_right_before_it_was_served_took_no_time() -> None:
    """An application before the paper arrived is 0 days, never less."""
    assert november(passed(a_case(served_on=date(2024, 11, 12)), date(2024, 11, 9))).rectify_days == (0,)


def test_quality_and_other_counts() -> None:
    """First pass, self-found, relapse, stock, records and money are counted as their definitions say."""
    shown = november(
        passed(a_case(self_found=True, funds=Decimal("1.5"), on_behalf=2), date(2024, 11, 10)),
        passed(a_case(fails=1, funds=Decimal("0.5"), late_entries=1), date(2024, 11, 15)),
        a_case(fails=1, first_pass=False, reopened=True, funds=Decimal(9)),
        passed(october(stock=True, self_found=True), date(2024, 11, 6)),
    )
    assert (shown.checked, shown.first_passed, shown.first_pass_rate) == (4, 2, Fraction(1, 2))
    assert (shown.self_found, shown.self_found_rate) == (1, Fraction(1, 3))
    assert (shown.reopened, shown.relapse_rate) == (1, Fraction(1, 4))
    assert (shown.on_behalf, shown.late_entries, shown.funds) == (2, 1, Decimal(2))
    assert (shown.stock, shown.stock_rate, shown.growth, shown.growth_rate) == (1, Fraction(1), 3, Fraction(2, 3))


def test_listed_by_level() -> None:
    """Listed hazards are counted by level, an unheard-of level too."""
    shown = november(*(a_case(listed=level) for level in ("village", "town", "district", "district", "province")))
    assert (shown.listed_village, shown.listed_town, shown.listed_district, shown.listed_other) == (1, 1, 2, 1)
    assert shown.listed == 5


def test_year_to_date_counts_each_once() -> None:
    """What was carried from month to month is one hazard in the year."""
    cases = [passed(october(), date(2024, 11, 5)), october(), a_case()]
    shown = measure(cases, NOVEMBER.year_to_date())
    assert (shown.carried_over, shown.new, shown.base, shown.rectified) == (0, 3, 3, 1)


def test_as_at_undoes_what_came_later() -> None:
    """For a period that ended before the cut-off, later applications, passes and closings have not happened."""
    case = passed(a_case(verify_due_on=date(2024, 12, 4)), date(2024, 11, 29), after=6)
    then = as_at(case, LAST)
    assert (then.applied_on, then.passed_on, then.closed_on, then.outcome) == (date(2024, 11, 29), None, None, None)
    assert (then.first_pass, then.verify_late) == (None, False)
    assert as_at(case, date(2024, 12, 5)) is case
    assert as_at(passed(a_case(verify_due_on=date(2024, 11, 28)), date(2024, 11, 21), 15), LAST).verify_late
    assert measure([case], NOVEMBER, date(2024, 12, 31)) == november(then)


def test_cutoff_before_the_period_is_refused() -> None:
    """A cut-off that leaves no day of the period is refused, with both days."""
    with pytest.raises(PeriodUnknown, match="2024年10月31日早于报告期2024年11月的起始日2024年11月1日"):
        measure([], NOVEMBER, date(2024, 10, 31))


def test_a_hand_counted_month() -> None:
    """Ten hazards, counted by hand."""
    nov = date(2024, 11, 10)
    shown = november(
        passed(october(), nov),
        october(),
        october(due_on=date(2024, 12, 10), extended=1),
        passed(a_case(), nov),
        passed(a_case(original_due_on=nov, due_on=nov), date(2024, 11, 12)),
        a_case(applied_on=date(2024, 11, 18)),
        a_case(due_on=None, original_due_on=None, served_on=None),
        a_case(due_on=date(2024, 12, 20), original_due_on=date(2024, 12, 20)),
        a_case(outcome="merged", closed_on=nov),
        a_case(severity="major", listed="district", due_on=date(2025, 1, 10), original_due_on=date(2025, 1, 10)),
    )
    assert (shown.carried_over, shown.new, shown.merged, shown.base) == (3, 7, 1, 9)
    assert (shown.rectified, shown.waiting, shown.overdue, shown.undated, shown.running) == (3, 1, 1, 1, 3)
    assert shown.rectification_rate == Fraction(3, 9)
    assert (shown.due, shown.due_met, shown.due_waiting) == (3, 1, 1)
    assert shown.rectify_days == (5, 7, 31)
    assert (shown.mean_days, shown.median_days) == (Fraction(43, 3), Fraction(7))
