"""Somebody is away and another stands in (请假代理): what is allowed, and how it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .directory import Changes, Directory, Substitution
from .errors import Reason
from .posts import REACH

__all__ = ["Cancelling", "away", "cancel_absence", "current_absences", "day_reasons"]

LONGEST = timedelta(days=366)  #: who is away for longer hands the post over


class Cancelling(Struct, frozen=True, kw_only=True):
    """An absence that is taken back, and what is to be written."""

    absence: Substitution
    changes: Changes


def away(directory: Directory, wanted: Substitution, today: date) -> Changes | tuple[Reason, ...]:
    """Decide whether a person may be away with that deputy on those days, both included."""
    reasons = tuple(
        dict.fromkeys((*day_reasons(wanted.since, wanted.until, today), *_person_reasons(directory, wanted)))
    )
    return reasons or Changes(substitutions=(wanted,))


def cancel_absence(
    directory: Directory, person: str, since: date | None, today: date
) -> Cancelling | tuple[Reason, ...]:
    """Decide on taking an absence back: one to come is dropped, one under way ends yesterday.

    Args:
        since: its first day, where there are several.
    """
    name = directory.person_name(person)
    found = [s for s in current_absences(directory, today) if s.person == person and since in (None, s.since)]
    if not found:
        which = f"自 {since} 起的" if since else "今天或以后的"
        return (Reason(code="absence_unknown", subject="person", message=f"{name}没有{which}请假，没有可取消的"),)
    if len(found) > 1:
        said = "、".join(f"{s.since} 至 {s.until}" for s in found)
        message = f"{name}有几次请假：{said}；请用 --from 写明取消哪一次"
        return (Reason(code="several_absences", subject="from", message=message),)
    absence = found[0]
    if absence.since >= today:
        return Cancelling(absence=absence, changes=Changes(dropped=(absence,)))
    ended = replace(absence, until=today - timedelta(days=1))
    return Cancelling(absence=absence, changes=Changes(substitutions=(ended,)))


def current_absences(directory: Directory, today: date) -> tuple[Substitution, ...]:
    """Return the absences that are not over, the earliest first."""
    return tuple(sorted((s for s in directory.substitutions if s.until >= today), key=lambda s: (s.since, s.person)))


def day_reasons(since: date, until: date, today: date) -> Iterator[Reason]:
    """Yield what speaks against the days of an absence, whoever is away."""
    if until < since:
        message = f"结束日期 {until} 早于开始日期 {since}"
        yield Reason(code="date_order", subject="to", message=message)
    elif until - since > LONGEST:
        yield Reason(code="too_long", subject="to", message="请假超过一年，请改用 person handover 交接岗位")
    if until < today:
        message = f"到 {until} 已经过去，不用再登记；期间代办的，用 --for 补录"
        yield Reason(code="date_past", subject="to", message=message)
    elif since < today - REACH:
        yield Reason(code="date_past", subject="from", message=f"开始日期 {since} 太早，请核对年份")
    if since > today + REACH:
        yield Reason(code="future", subject="from", message=f"开始日期 {since} 太远，最多提前半年，请核对年份")


def _person_reasons(directory: Directory, wanted: Substitution) -> Iterator[Reason]:
    name, deputy = directory.person_name(wanted.person), directory.person_name(wanted.deputy)
    if wanted.deputy == wanted.person:
        yield Reason(code="same_person", subject="deputy", message=f"代理人不能是本人（{name}）")
    for person in dict.fromkeys((wanted.person, wanted.deputy)):
        if not directory.posts_of(person, wanted.since):
            message = f"{directory.person_name(person)}在 {wanted.since} 没有岗位"
            yield Reason(code="not_on_post", subject=person, message=message)
    for other in directory.substitutions:
        if not _overlap(other, wanted):
            continue
        said = f"{other.since} 至 {other.until}"
        if other.person == wanted.person:
            message = f"{name}已登记 {said} 请假，由{directory.person_name(other.deputy)}代理；要改先用 --cancel 取消"
            yield Reason(code="overlap", subject="from", message=message)
        elif other.person == wanted.deputy:
            yield Reason(code="deputy_away", subject="deputy", message=f"{deputy}自己 {said} 也请假，请另定代理人")
        elif other.deputy == wanted.person:
            absent = directory.person_name(other.person)
            message = f"{name} {said} 正代理{absent}，请先给{absent}另定代理人"
            yield Reason(code="is_deputy", subject="person", message=message)


def _overlap(a: Substitution, b: Substitution) -> bool:
    return a.since <= b.until and b.since <= a.until
