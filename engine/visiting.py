"""A visit (检查记录): one unit, one day, any number of findings, also none (零报告, signed for)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct

from .directory import Directory
from .errors import Reason
from .hands import LATE_AFTER_DAYS
from .moments import local_day
from .stimulus import Hand
from .vocabulary import METHODS, VIAS

__all__ = ["OUTCOMES", "Finding", "Visit", "visit_reasons"]

OUTCOMES = {"opened": "登记", "on_spot": "当场整改", "self_fix": "自查自改", "merged": "并入"}


_SCHOOLS = ("school", "kindergarten")  #: kinds of unit whose people look at their own unit only


class Finding(Struct, frozen=True, kw_only=True):
    """One finding of a visit and what became of it; `ticket` is the hazard it opened, `linked_to` an older one."""

    place: int
    ticket: str
    outcome: str  #: one of OUTCOMES
    linked_to: str | None = None


class Visit(Struct, frozen=True, kw_only=True):
    """One visit as it goes on record; never changed afterwards. `signed_by` of the unit signed for it."""

    district: str
    unit: str
    on: date
    method: str  #: one of METHODS
    inspectors: tuple[str, ...]  #: persons by id, or names of people from outside
    partners: tuple[str, ...] = ()  #: units or authorities that came along
    signed_by: str | None = None
    note: str = ""
    key: str | None = None  #: what makes the same visit known when it comes again
    number: str = ""
    hand: Hand
    entered_at: datetime
    findings: tuple[Finding, ...] = ()

    @property
    def late(self) -> bool:
        """Whether it was entered late (补录)."""
        return local_day(self.entered_at) - self.on > timedelta(days=LATE_AFTER_DAYS)


def visit_reasons(visit: Visit, findings: int, directory: Directory) -> list[Reason]:
    """Return everything that speaks against a visit as it was stated, whatever was found."""
    return list(_reasons(visit, findings, directory))


def _reasons(visit: Visit, findings: int, directory: Directory) -> Iterator[Reason]:
    unit = directory.units.get(visit.unit)
    if unit is None or not unit.active:
        yield _reason("unit", f"没有在用的单位“{visit.unit}”")
    today = local_day(visit.entered_at)
    if visit.on > today:
        yield _reason("on", f"检查日期 {visit.on} 晚于今天 {today}", code="future")
    if visit.late and not visit.note:
        yield _reason(
            "note", f"检查日期 {visit.on} 已超过 {LATE_AFTER_DAYS} 天，补录须写明原因（说明）", code="late_without_note"
        )
    yield from _own_only(visit, directory, today)
    if visit.method not in METHODS:
        yield _reason("method", f"没有检查方式“{visit.method}”，有：{'、'.join(METHODS.values())}")
    if visit.hand.via not in VIAS:
        yield _reason("via", f"方式“{visit.hand.via}”须为 {'、'.join(VIAS)} 之一")
    if not visit.inspectors:
        yield _reason("inspectors", "没有写检查人")
    yield from _apart(visit, directory)
    if visit.method == "joint" and not visit.partners:
        yield _reason("partners", "联合检查须写明联合单位（--partner）")
    if findings == 0 and not visit.signed_by:
        yield _reason("signed_by", "没有发现隐患也须有人签字（零报告，--signed-by）")
    if visit.signed_by and visit.unit not in {p.unit for p in directory.posts_of(visit.signed_by, visit.on)}:
        name = directory.person_name(visit.signed_by)
        yield _reason("signed_by", f"{name}不是{directory.unit_name(visit.unit)}的人员，不能代受检单位签字")


def _own_only(visit: Visit, directory: Directory, today: date) -> Iterator[Reason]:
    """Who is of a school or kindergarten alone enters its own checks, nobody else's visits."""
    units = [directory.units[p.unit] for p in directory.posts_of(visit.hand.clerk, today) if p.unit in directory.units]
    mine = {u.id for u in units if u.kind in _SCHOOLS}
    if mine and len(mine) == len({u.id for u in units}) and (visit.unit not in mine or visit.method != "self"):
        name = directory.person_name(visit.hand.clerk)
        yield _reason("method", f"{name}只能登记本单位的自查", code="role_missing")


def _apart(visit: Visit, directory: Directory) -> Iterator[Reason]:
    """Who inspects another unit is not of it; an own check is made by its own people."""
    known = [p for p in visit.inspectors if p in directory.persons]
    own = {p for p in known if visit.unit in {post.unit for post in directory.posts_of(p, visit.on)}}
    if visit.method == "self":
        for person in (p for p in known if p not in own):
            yield _reason("inspectors", f"自查由本单位人员进行，{directory.person_name(person)}不是本单位的")
    else:
        for person in own:
            yield _reason(
                "inspectors", f"{directory.person_name(person)}是受检单位的人员，不能作检查人", code="same_unit"
            )


def _reason(subject: str, message: str, code: str = "visit") -> Reason:
    return Reason(code=code, subject=subject, message=message)
