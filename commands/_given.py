"""What was given with a command, and by whose hand it is: for oneself, or for a unit that answered by telephone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ._fields import read_day, read_via

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.directory import Directory, Person, Unit
    from rectiflow.engine.stimulus import Attachment, Hand
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session

__all__ = ["Given", "hand_of", "read_given"]

_ON_SITE = "in-person"


@dataclass(slots=True, kw_only=True)
class Given:
    """Everything that goes into a stimulus beside what kind it is; what is missing may be asked for later."""

    data: dict[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Attachment, ...] = ()
    reason: str = ""
    note: str = ""
    level: str | None = None
    into: str | None = None
    whom: str | None = None  #: --for
    via: str | None = None
    on: date | None = None


def read_given(
    made: Session,
    *,
    on: str | None = None,
    whom: str | None = None,
    via: str | None = None,
    note: str = "",
    files: Sequence[Path] = (),
    dry_run: bool = False,
) -> Given:
    """Read the options that say when, for whom and by what means, and put files into the evidence store.

    Raises:
        typer.BadParameter: a date or means that is none, or means without `--for`.
        InputUnusable: a file cannot be used.
    """
    from rectiflow._views import attach

    means = read_via(via)
    if whom is None and means not in (None, "self", _ON_SITE):
        raise typer.BadParameter("代他人录入请用 --for 写明是哪个单位或哪个人的答复。", param_hint="--via")
    return Given(
        evidence=attach(made.flow, files, keep=not dry_run) if files else (),
        note=note,
        whom=whom,
        via=means,
        on=read_day(on, made.flow.today()),
    )


def hand_of(made: Session, given: Given, snapshot: Snapshot | None, roles: Iterable[str]) -> Hand:
    """Say by whom, by whose hand, by what means and when.

    Args:
        snapshot: the hazard, None for a new one.
        roles: who may do it; the person of a unit named with `--for` is sought among them.

    Raises:
        NotFound, Ambiguous: no such unit or person, or nobody in that unit who may do it.
    """
    flow, caller = made.flow, made.person
    actor = _actor(flow, given, snapshot, tuple(roles)) if given.whom is not None else caller
    return flow.hand(
        actor,
        entered_by=caller if given.whom is not None else None,
        via=given.via or "self",
        on=given.on,
        note=given.note,
        account=made.account,
    )


def _actor(flow: Rectiflow, given: Given, snapshot: Snapshot | None, roles: Sequence[str]) -> str:
    found = _unit_or_person(flow.directory(), (given.whom or "").strip())
    if not hasattr(found, "kind"):
        return found.id
    return _in_unit(flow, found.id, snapshot, roles, given.on or flow.today())


def _unit_or_person(directory: Directory, text: str) -> Unit | Person:
    """Find what is meant: whole names before beginnings of names, units before persons."""
    from rectiflow.engine.errors import Ambiguous, NotFound

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


def _in_unit(flow: Rectiflow, unit: str, snapshot: Snapshot | None, roles: Sequence[str], day: date) -> str:
    """Return the person of a unit who may do it: in the order of the roles, the head first where any will do."""
    from rectiflow.engine.errors import NotFound
    from rectiflow.engine.roles import people

    directory = flow.directory()
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
