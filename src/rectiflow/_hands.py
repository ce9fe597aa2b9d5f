"""By whose hand something is done: one's own, or for a unit or person whose answer is only entered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rectiflow.engine.directory import Directory, Person, Unit
from rectiflow.engine.errors import Ambiguous, NotFound
from rectiflow.engine.roles import people
from rectiflow.engine.stimulus import Hand
from rectiflow.engine.ticket import Snapshot
from rectiflow.engine.values import read_date

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["OWN_VIAS", "day_word", "hand_for", "read_happened"]

OWN_VIAS = frozenset({"self", "in-person"})  #: means by which somebody acts for oneself
_DAYS_BACK = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}


def hand_for(
    flow: Rectiflow,
    snapshot: Snapshot | None,
    roles: Iterable[str],
    *,
    caller: str,
    whom: str | None = None,
    via: str | None = None,
    on: date | None = None,
    note: str = "",
    account: str = "",
) -> Hand:
    """Say by whom, by whose hand, by what means and when.

    Args:
        snapshot: the hazard, None for a new one.
        roles: who may do it; the person of a unit named in `whom` is sought among them.
        caller: who enters it.
        whom: the unit or person it is entered for; None: the caller acts.

    Raises:
        NotFound, Ambiguous: no such unit or person, or nobody in that unit who may do it.
    """
    actor = caller if whom is None else _actor(flow, whom, snapshot, tuple(roles), on or flow.today())
    clerk = caller if whom is not None else None
    return flow.hand(actor, entered_by=clerk, via=via or "self", on=on, note=note, account=account)


def read_happened(text: str, today: date) -> date:
    """Read the day something happened as people write it: 2024-12-31, 12月31日, 昨天.

    Raises:
        ValueError: it is no date.
    """
    return read_date(day_word(text, today) or text, today, "behind")


def day_word(text: str, today: date) -> str:
    """Return the day a word stands for, in ISO form; "" when it is none."""
    back = _DAYS_BACK.get(text.strip())
    return "" if back is None else (today - timedelta(days=back)).isoformat()


def _actor(flow: Rectiflow, whom: str, snapshot: Snapshot | None, roles: Sequence[str], day: date) -> str:
    directory = flow.directory()
    found = _unit_or_person(directory, whom.strip())
    return _in_unit(directory, found.id, snapshot, roles, day) if isinstance(found, Unit) else found.id


def _unit_or_person(directory: Directory, text: str) -> Unit | Person:
    """Find what is meant: whole names before beginnings of names, units before persons."""
    named = (u for u in directory.units.values() if text in (u.id, u.name, *u.aliases))
    exact = next(named, None) or next((p for p in directory.persons.values() if text in (p.id, p.name)), None)
    if exact is not None:
        return exact
    try:
        return directory.find_unit(text)
    except Ambiguous:
        raise
    except NotFound as no_unit:
        try:
            return directory.find_person(text)
        except NotFound as no_person:
            raise NotFound(f"{no_unit}{no_person}") from no_person


def _in_unit(directory: Directory, unit: str, snapshot: Snapshot | None, roles: Sequence[str], day: date) -> str:
    """Return the person of a unit who may do it: in the order of the roles, the head first where any will do."""
    if snapshot is None:
        able = [*directory.holders("principal", unit, day), *_members(directory, unit, day)]
    else:
        able = list(people(snapshot.workflow, roles, snapshot.case.fields, directory, day))
    own = [p for p in able if any(post.unit == unit for post in directory.posts_of(p, day))]
    if own:
        return own[0]
    could = "、".join(directory.person_name(p) for p in dict.fromkeys(able)) or "（岗位空缺，请先补人员）"
    raise NotFound(f"{directory.unit_name(unit)}没有人可办这一步；可办的是：{could}。")


def _members(directory: Directory, unit: str, day: date) -> list[str]:
    posted = (p for p in directory.persons if any(post.unit == unit for post in directory.posts_of(p, day)))
    return list(posted)
