"""Which hazards count in a period, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from .case import Case
from .errors import PeriodUnknown
from .period import Period
from .text import cn_date

RECTIFIED: Final = "rectified"
#: Outcomes that take a hazard out of the denominator.
UNFOUNDED, MERGED = "unfounded", "merged"
#: Entered by mistake: never counted.
VOID: Final = "void"
MAJOR: Final = "major"
#: Levels of listed supervision, lowest first, as printed.
LEVELS = {"village": "村级", "town": "镇级", "district": "区级"}


class Standing(StrEnum):
    """Where one hazard of the denominator stands; every one stands in exactly one place."""

    RECTIFIED = "rectified"
    ENDED = "ended"  # closed otherwise, such as a unit that was dissolved
    TO_CLOSE = "to_close"  # major: accepted, not yet closed
    WAITING = "waiting"  # handed in, waiting for re-inspection
    OVERDUE = "overdue"
    UNDATED = "undated"
    RUNNING = "running"  # not yet due


def measured_on(period: Period, cutoff: date | None) -> date:
    """Return the last day that counts: the cut-off, or the period's end if that is earlier.

    Raises:
        PeriodUnknown: the cut-off lies before the period.
    """
    if cutoff is not None and cutoff < period.start:
        raise PeriodUnknown(
            f"数据截止日{cn_date(cutoff)}早于报告期{period.title}的起始日{cn_date(period.start)}，"
            "请改用期内的截止日，或换一个报告期"
        )
    return period.end if cutoff is None else min(cutoff, period.end)


def counted_on(case: Case) -> date:
    """Return the day that makes a hazard new: recorded, or found if it came from an older ledger.

    By the recording day a hazard is new in exactly one report, also when Friday's visit is entered on Monday.
    """
    return case.found_on if case.stock else case.entered_on


def done_on(case: Case) -> date | None:
    """Return the day that a hazard left the work: passed (general), closed (major, or for another reason)."""
    if case.outcome is None:
        return None if case.severity == MAJOR else case.passed_on
    if case.outcome == RECTIFIED and case.severity != MAJOR and case.passed_on is not None:
        return case.passed_on
    return case.closed_on or counted_on(case)


def is_rectified(case: Case) -> bool:
    """Tell whether a hazard counts in the numerator."""
    return case.outcome in (None, RECTIFIED) and done_on(case) is not None


def handed_in_on(case: Case) -> date | None:
    """Return the day of the application that stands; the day it passed where nobody had to apply."""
    return case.applied_on or case.passed_on


def standing(case: Case, day: date) -> Standing:
    """Tell where a hazard of the denominator stands at the end of `day`; it is overdue from the day after."""
    if is_rectified(case):
        return Standing.RECTIFIED
    if case.outcome is not None:
        return Standing.ENDED
    if case.passed_on is not None:
        return Standing.TO_CLOSE
    if case.applied_on is not None:
        return Standing.WAITING
    if case.due_on is None:
        return Standing.UNDATED
    return Standing.OVERDUE if case.due_on < day else Standing.RUNNING


def as_at(case: Case, day: date) -> Case:
    """Return the hazard with everything dated after `day` undone, for a period that ended before the cut-off.

    What carries no date of its own (failed checks, listing, extensions, the current deadline) stays.
    """
    applied, passed, closed = (_until(value, day) for value in (case.applied_on, case.passed_on, case.closed_on))
    if (applied, passed, closed) == (case.applied_on, case.passed_on, case.closed_on):
        return case
    unpassed = passed != case.passed_on
    waits = unpassed and applied is not None and case.verify_due_on is not None
    return replace(
        case,
        applied_on=applied,
        passed_on=passed,
        closed_on=closed,
        outcome=case.outcome if closed == case.closed_on else None,
        first_pass=None if unpassed and not case.fails else case.first_pass,
        verify_late=waits and case.verify_due_on is not None and case.verify_due_on < day,
    )


def on_register(case: Case, period: Period, day: date) -> bool:
    """Tell whether a hazard was carried into the period or became new in it, up to `day`."""
    counted, done = counted_on(case), done_on(case)
    return counted <= day and (counted >= period.start or done is None or done >= period.start)


def in_base(case: Case, period: Period, day: date) -> bool:
    """Tell whether a hazard (`as_at` `day`) belongs to the denominator of the period."""
    counts = case.outcome not in (UNFOUNDED, MERGED, VOID) and not case.referred
    return counts and on_register(case, period, day)


def base_cases(cases: Iterable[Case], period: Period, cutoff: date | None = None) -> list[Case]:
    """Return the hazards of the denominator as they stood on the last day that counts, by number."""
    day = measured_on(period, cutoff)
    seen = (as_at(case, day) for case in cases)
    return sorted((case for case in seen if in_base(case, period, day)), key=lambda case: case.number)


def _until(value: date | None, day: date) -> date | None:
    return value if value is not None and value <= day else None
