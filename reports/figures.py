"""Figures of a set of hazards in a period: pure counting, nothing rounded.

The counting rules are those in `definitions`, sentence by sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct
from msgspec.structs import fields, replace

from .case import Case
from .period import Period
from .register import (
    LEVELS,
    MAJOR,
    MERGED,
    UNFOUNDED,
    VOID,
    Standing,
    as_at,
    counted_on,
    handed_in_on,
    in_base,
    is_rectified,
    measured_on,
    on_register,
    standing,
)


class Figures(Struct, frozen=True, kw_only=True):
    """Counts of hazards in a period; figures of disjoint sets add up with `+`.

    Rates are exact fractions from 0 to 1, None where the denominator is 0. Day counts are natural days.
    """

    carried_over: int = 0
    new: int = 0
    unfounded: int = 0
    merged: int = 0
    void: int = 0
    referred: int = 0
    #: Of those referred, the ones the other authority has answered.
    referred_done: int = 0
    # The seven standings: they add up to the denominator.
    rectified: int = 0
    ended: int = 0
    to_close: int = 0
    waiting: int = 0
    overdue: int = 0
    undated: int = 0
    running: int = 0
    #: Of those waiting, past the verifier's own date.
    verify_late: int = 0
    #: Falling due in the period by the original date; handed in by it and passed; waiting for re-inspection.
    due: int = 0
    due_met: int = 0
    due_waiting: int = 0
    #: The first two again by the current date.
    due_now: int = 0
    due_now_met: int = 0
    #: Re-inspected at least once, not counting those fixed on the spot; passed at the first.
    checked: int = 0
    first_passed: int = 0
    #: New ones that the unit found itself.
    self_found: int = 0
    reopened: int = 0
    #: Records, not hazards.
    on_behalf: int = 0
    late_entries: int = 0
    stock: int = 0
    stock_rectified: int = 0
    on_the_spot: int = 0
    extended: int = 0
    major: int = 0
    major_rectified: int = 0
    listed_village: int = 0
    listed_town: int = 0
    listed_district: int = 0
    listed_other: int = 0
    #: Spent on those rectified, in units of 10,000 yuan.
    funds: Decimal = Decimal(0)
    #: Days from serving to the passing application, and from it to passing; sorted.
    rectify_days: tuple[int, ...] = ()
    verify_days: tuple[int, ...] = ()

    def __add__(self, other: Figures) -> Figures:
        """Add the figures of another, disjoint set of hazards."""
        values: dict[str, Any] = {}
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            values[field.name] = tuple(sorted(mine + theirs)) if isinstance(mine, tuple) else mine + theirs
        return replace(self, **values)

    @property
    def base(self) -> int:
        """Return the denominator, 应整改."""
        return self.carried_over + self.new - self.unfounded - self.merged

    @property
    def open(self) -> int:
        """Return how many of the denominator are neither rectified nor closed otherwise."""
        return self.base - self.rectified - self.ended

    @property
    def listed(self) -> int:
        """Return how many are under listed supervision, at whatever level."""
        return self.listed_village + self.listed_town + self.listed_district + self.listed_other

    @property
    def growth(self) -> int:
        """Return the denominator without the old stock, 增量."""
        return self.base - self.stock

    @property
    def growth_rectified(self) -> int:
        """Return how many of the 增量 are rectified."""
        return self.rectified - self.stock_rectified

    @property
    def rectification_rate(self) -> Fraction | None:
        """Return 整改率."""
        return rate(self.rectified, self.base)

    @property
    def on_time_rate(self) -> Fraction | None:
        """Return 按期整改率 against the original dates."""
        return rate(self.due_met, self.due)

    @property
    def on_time_now_rate(self) -> Fraction | None:
        """Return 按期整改率 against the current dates."""
        return rate(self.due_now_met, self.due_now)

    @property
    def first_pass_rate(self) -> Fraction | None:
        """Return 一次复查合格率."""
        return rate(self.first_passed, self.checked)

    @property
    def self_found_rate(self) -> Fraction | None:
        """Return 自查发现率."""
        return rate(self.self_found, self.new)

    @property
    def relapse_rate(self) -> Fraction | None:
        """Return 反弹率."""
        return rate(self.reopened, self.base)

    @property
    def major_rate(self) -> Fraction | None:
        """Return 整改率 of the major hazards."""
        return rate(self.major_rectified, self.major)

    @property
    def stock_rate(self) -> Fraction | None:
        """Return 整改率 of the old stock."""
        return rate(self.stock_rectified, self.stock)

    @property
    def growth_rate(self) -> Fraction | None:
        """Return 整改率 of the 增量."""
        return rate(self.growth_rectified, self.growth)

    @property
    def mean_days(self) -> Fraction | None:
        """Return 平均整改时长 in days."""
        return mean(self.rectify_days)

    @property
    def median_days(self) -> Fraction | None:
        """Return 中位整改时长 in days."""
        return median(self.rectify_days)

    @property
    def mean_verify_days(self) -> Fraction | None:
        """Return the mean 复查用时 in days."""
        return mean(self.verify_days)

    @property
    def median_verify_days(self) -> Fraction | None:
        """Return the median 复查用时 in days."""
        return median(self.verify_days)


def rate(part: int, whole: int) -> Fraction | None:
    """Return part ÷ whole, None if whole is 0."""
    return Fraction(part, whole) if whole else None


def mean(values: tuple[int, ...]) -> Fraction | None:
    """Return the mean, None of nothing."""
    return rate(sum(values), len(values))


def median(values: tuple[int, ...]) -> Fraction | None:
    """Return the middle of sorted values (of two middles their mean), None of nothing."""
    if not values:
        return None
    half = len(values) // 2
    return Fraction(values[half] + values[~half], 2)


def measure(cases: Iterable[Case], period: Period, cutoff: date | None = None) -> Figures:
    """Count the figures of `cases` in `period`, as they stood at the end of `cutoff` (a local day).

    Args:
        cases: in any order, each hazard once; those outside the period count nothing.
        cutoff: the period's end by default; a later day counts as the period's end.

    Raises:
        PeriodUnknown: the cut-off lies before the period.
    """
    day = measured_on(period, cutoff)
    tally: Counter[str] = Counter()
    done: list[Case] = []
    for case in (as_at(case, day) for case in cases):
        tally.update(_marks(case, period, day))
        if on_register(case, period, day) and case.outcome != VOID:
            tally.update(on_behalf=case.on_behalf, late_entries=case.late_entries)
        if in_base(case, period, day) and is_rectified(case):
            done.append(case)
    return Figures(
        **tally,
        funds=sum((case.funds or Decimal(0) for case in done), Decimal(0)),
        rectify_days=_spans((case.served_on, handed_in_on(case)) for case in done),
        verify_days=_spans((case.applied_on, case.passed_on) for case in done),
    )


def _spans(pairs: Iterable[tuple[date | None, date | None]]) -> tuple[int, ...]:
    """Return the days between the dates that are both known; put right before it was served is 0 days."""
    known = [(first, last) for first, last in pairs if first is not None and last is not None]
    return tuple(sorted(max(0, (last - first).days) for first, last in known))


def _marks(case: Case, period: Period, day: date) -> Iterator[str]:
    """Name every figure in which the hazard counts one."""
    if _counts_when_due(case, day):
        yield from _due_marks(case, period, day)
    if not on_register(case, period, day):
        return
    if case.outcome == VOID:
        yield "void"
    elif case.referred:
        yield from _when(referred=True, referred_done=case.outcome is not None)
    else:
        is_new = counted_on(case) >= period.start
        yield "new" if is_new else "carried_over"
        yield from _when(self_found=is_new and case.self_found)
        yield from _ending_marks(case, day)


def _ending_marks(case: Case, day: date) -> Iterator[str]:
    if case.outcome in (UNFOUNDED, MERGED):
        yield case.outcome
        return
    place = standing(case, day)
    yield place.value
    yield from _kind_marks(case, rectified=place is Standing.RECTIFIED)
    yield from _when(verify_late=place is Standing.WAITING and case.verify_late)


def _kind_marks(case: Case, *, rectified: bool) -> Iterator[str]:
    checked = case.first_pass is not None and not case.on_the_spot
    major = case.severity == MAJOR
    yield from _when(
        checked=checked,
        first_passed=checked and case.first_pass is True,
        reopened=case.reopened,
        stock=case.stock,
        stock_rectified=case.stock and rectified,
        on_the_spot=case.on_the_spot,
        extended=case.extended > 0,
        major=major,
        major_rectified=major and rectified,
    )
    if case.listed is not None:
        yield f"listed_{case.listed if case.listed in LEVELS else 'other'}"


def _counts_when_due(case: Case, day: date) -> bool:
    left_out = case.referred or case.outcome in (UNFOUNDED, MERGED, VOID)
    return not left_out and counted_on(case) <= day


def _due_marks(case: Case, period: Period, day: date) -> Iterator[str]:
    """Count a hazard where its date falls, also if it was put right in an earlier period."""
    handed = handed_in_on(case)
    passed = case.passed_on is not None
    due = _falls(case.original_due_on, period, day)
    due_now = _falls(case.due_on, period, day)
    yield from _when(
        due=due,
        due_met=due and passed and _by(handed, case.original_due_on),
        due_waiting=due and not passed and case.outcome is None and handed is not None,
        due_now=due_now,
        due_now_met=due_now and passed and _by(handed, case.due_on),
    )


def _falls(due: date | None, period: Period, day: date) -> bool:
    return due is not None and period.start <= due <= day


def _by(handed: date | None, due: date | None) -> bool:
    return handed is not None and due is not None and handed <= due


def _when(**marks: bool) -> Iterator[str]:
    return (name for name, holds in marks.items() if holds)
