"""Somebody is away (请假): who stands in, what waits meanwhile, and the way back."""

from __future__ import annotations

import secrets
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow.engine.absences import Cancelling, away, cancel_absence, current_absences, day_reasons
from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.directory import Changes, Directory, Substitution
from rectiflow.engine.errors import Ambiguous, NotFound, Reason, Refused
from rectiflow.engine.moments import chinese_date
from rectiflow.engine.posts import post_name
from rectiflow.storage.reorganising import Reorganisation

from .passing import Change, Passing, passing
from .work import retried

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Absence", "absences", "cancel", "register"]

ACTION, CANCEL = "请假代理", "取消请假"


class Absence(Struct, frozen=True, kw_only=True):
    """Who is away from when to when, who stands in, and what waits for the absent one; `now` tells whether it runs."""

    person: str
    posts: tuple[str, ...]
    deputy: str
    since: date
    until: date
    now: bool
    reason: str = ""
    passing: tuple[Passing, ...] = ()
    dry_run: bool = False


def register(
    flow: Rectiflow,
    person: str,
    deputy: str,
    *,
    since: date,
    until: date,
    reason: str = "",
    by: str | None = None,
    dry_run: bool = False,
) -> Absence:
    """Put an absence on record with its deputy, both days included, and tell the deputy.

    Args:
        person, deputy: as people name them.
        reason: told to the deputy.

    Raises:
        Refused: with every reason.
    """
    return retried(partial(_register, flow, (person, deputy), (since, until), reason, by, dry_run=dry_run))


def cancel(
    flow: Rectiflow, person: str, *, since: date | None = None, by: str | None = None, dry_run: bool = False
) -> Absence:
    """Take an absence back: one to come is dropped, one under way ends yesterday.

    Raises:
        Refused: there is none, or there are several and `since` does not say which.
    """
    return retried(partial(_cancel, flow, person, since, by, dry_run=dry_run))


def absences(flow: Rectiflow, *, person: str | None = None, everything: bool = False) -> list[Absence]:
    """Return who is away now or will be, the earliest first; `everything` with those that are over.

    Raises:
        NotFound, Ambiguous: no such person, or several.
    """
    directory, today = flow.refresh(), flow.today()
    wanted = directory.find_person(person).id if person else None
    past = sorted((s for s in directory.substitutions if s.until < today), key=lambda s: s.since) if everything else []
    found = [*past, *current_absences(directory, today)]
    return [_view(directory, s, today) for s in found if wanted in (None, s.person)]


def _register(
    flow: Rectiflow, names: tuple[str, str], days: tuple[date, date], reason: str, by: str | None, *, dry_run: bool
) -> Absence:
    before, today = flow.refresh(), flow.today()
    try:
        absent, deputy = _found(before, names, ACTION)
    except Refused as exc:
        raise Refused("", ACTION, (*exc.reasons, *day_reasons(*days, today))) from None
    wanted = Substitution(person=absent, deputy=deputy, since=days[0], until=days[1])
    changes = away(before, wanted, today)
    if not isinstance(changes, Changes):
        raise Refused("", ACTION, changes)
    waiting = passing(
        Change(
            flow=flow,
            before=before,
            after=before,
            day=max(wanted.since, today),
            viewer=by,
            persons=frozenset({absent}),
            posts=before.posts_of(absent, max(wanted.since, today)),
        )
    )
    view = _view(before, wanted, today, reason=reason, waiting=waiting, dry_run=dry_run)
    if not dry_run:
        messages = (_message(before, view, deputy),) if deputy != by else ()
        flow.reorganise(Reorganisation(changes=changes, messages=messages), before, by=by)
    return view


def _cancel(flow: Rectiflow, person: str, since: date | None, by: str | None, *, dry_run: bool) -> Absence:
    before, today = flow.refresh(), flow.today()
    (absent,) = _found(before, (person,), CANCEL)
    found = cancel_absence(before, absent, since, today)
    if not isinstance(found, Cancelling):
        raise Refused("", CANCEL, found)
    if not dry_run:
        flow.reorganise(Reorganisation(changes=found.changes), before, by=by)
    return _view(before, found.absence, today, dry_run=dry_run)


def _found(directory: Directory, names: tuple[str, ...], action: str) -> list[str]:
    """Return the ids of persons by name; everybody not found is said together."""
    found: list[str] = []
    reasons: list[Reason] = []
    for name in names:
        try:
            found.append(directory.find_person(name).id)
        except (NotFound, Ambiguous) as exc:
            reasons.append(Reason(code="person_unknown", subject=name, message=str(exc).rstrip("。")))
    if reasons:
        raise Refused("", action, reasons)
    return found


def _view(
    directory: Directory,
    absence: Substitution,
    today: date,
    *,
    reason: str = "",
    waiting: tuple[Passing, ...] = (),
    dry_run: bool = False,
) -> Absence:
    return Absence(
        person=directory.person_name(absence.person),
        posts=tuple(post_name(directory, p) for p in directory.posts_of(absence.person, absence.since)),
        deputy=directory.person_name(absence.deputy),
        since=absence.since,
        until=absence.until,
        now=absence.since <= today <= absence.until,
        reason=reason,
        passing=waiting,
        dry_run=dry_run,
    )


def _message(directory: Directory, absence: Absence, deputy: str) -> MessageDraft:
    return MessageDraft(
        key=f"standing_in:{secrets.token_hex(6)}:{deputy}",
        recipient=deputy,
        template="standing_in",
        params={
            "district_name": directory.district.name,
            "recipient": absence.deputy,
            "actor": absence.person,
            "action": "、".join(p for p in absence.posts if p != absence.person) or None,
            "period": f"{chinese_date(absence.since)}至{chinese_date(absence.until)}",
            "reason": absence.reason or None,
            "count": len(absence.passing),
        },
        urgent=True,
    )
