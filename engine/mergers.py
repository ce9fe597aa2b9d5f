"""A unit is closed or merged into another (撤并): what is under it, who sat in it, and who takes over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .directory import Changes, Directory, Holding, Unit
from .errors import Reason
from .posts import HEAD, reach_reasons

__all__ = ["Closing", "close_unit", "follower"]


class Closing(Struct, frozen=True, kw_only=True):
    """A closing that nothing speaks against: who leaves a post, which units get another above them."""

    changes: Changes
    leaving: tuple[str, ...]
    moved: tuple[Unit, ...]


def close_unit(
    directory: Directory, *, unit: str, successor: str | None, since: date, today: date
) -> Closing | tuple[Reason, ...]:
    """Decide whether a unit is closed from a day on, into a successor or with nobody to take over.

    Its posts end the day before; the units under it come under the successor.
    """
    closed = directory.units[unit]
    children = [u for u in directory.units.values() if u.parent == unit and u.active]
    reasons = [
        *reach_reasons("撤并日期", since, today, ahead=False),
        *_unit_reasons(directory, closed, successor),
        *_child_reasons(children, successor),
        *_date_reasons(directory, unit, since),
    ]
    if reasons:
        return tuple(dict.fromkeys(reasons))
    moved = tuple(replace(c, parent=closed.parent if c.id == successor else successor) for c in children)
    ended = tuple(_ended_holdings(directory, unit, since))
    gone = replace(closed, active=False, successor=successor)
    leaving = tuple(dict.fromkeys(h.person for h in ended))
    return Closing(changes=Changes(units=(gone, *moved), holdings=ended), leaving=leaving, moved=moved)


def follower(directory: Directory, *, person: str | None, unit: str, successor: str, day: date) -> str | None:
    """Return who in the successor does what a person did in the closed unit: the same role's holder, else the head.

    Args:
        directory: as it was before the closing.
        day: a day on which the unit was still there.
    """
    if person is None:
        return None
    roles = [r for p in directory.posts_of(person, day) if p.unit == unit for r in sorted(p.roles)]
    found = (h for role in (*roles, HEAD) for h in directory.holders(role, successor, day))
    return next(found, None)


def _unit_reasons(directory: Directory, closed: Unit, successor: str | None) -> Iterator[Reason]:
    if not closed.active:
        heir = directory.unit_name(directory.present(closed.id)) if closed.successor else ""
        message = f"{closed.name}已经撤并" + (f"，承接单位是{heir}" if heir else "")
        yield Reason(code="unit_inactive", subject="unit", message=message)
    if successor == closed.id:
        yield Reason(code="same_unit", subject="into", message="不能并入自己，请写承接单位")
        return
    found = directory.units.get(successor or "")
    if found is not None and not found.active:
        after = directory.units.get(directory.present(found.id) or "")
        hint = f"，请写{after.name}" if after is not None and after.active else ""
        yield Reason(code="unit_inactive", subject="into", message=f"承接单位{found.name}也已撤并{hint}")


def _child_reasons(children: list[Unit], successor: str | None) -> Iterator[Reason]:
    if children and successor is None:
        names = "、".join(c.name for c in children[:5]) + ("等" if len(children) > 5 else "")
        message = f"下面还有 {len(children)} 个单位（{names}），请用 --into 写明承接单位，或先给它们另定上级"
        yield Reason(code="children", subject="into", message=message)


def _date_reasons(directory: Directory, unit: str, since: date) -> Iterator[Reason]:
    late = [h for h in _open_holdings(directory, unit, since) if h.since is not None and h.since >= since]
    for holding in late:
        name = directory.person_name(holding.person)
        message = f"{name}自 {holding.since} 起任该单位岗位，撤并日期须晚于这一天"
        yield Reason(code="date_past", subject="from", message=message)


def _open_holdings(directory: Directory, unit: str, since: date) -> Iterator[Holding]:
    for holding in directory.holdings:
        if directory.posts[holding.post].unit == unit and (holding.until is None or holding.until >= since):
            yield holding


def _ended_holdings(directory: Directory, unit: str, since: date) -> Iterator[Holding]:
    for holding in _open_holdings(directory, unit, since):
        yield replace(holding, until=since - timedelta(days=1))
