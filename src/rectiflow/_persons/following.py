"""Posts looked after by themselves: hazards follow who follows, empty posts are said, what is settled is closed.

Runs with every sweep, and after every change of the organisation: a hand-over entered in advance takes effect on its
day, a holding that ends leaves no hazard with somebody who has gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import Conflict, NotFound
from rectiflow.engine.handing_over import is_open
from rectiflow.engine.inspecting import turn_roles
from rectiflow.engine.posts import REACH, Following, follow, post_name, vacancies
from rectiflow.engine.roles import people
from rectiflow.engine.stimulus import Handover
from rectiflow.storage import queries

from .passing import open_tickets
from .work import vacancy_key, vacant

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["keep_posts"]

log = logging.getLogger("rectiflow.persons")


def keep_posts(flow: Rectiflow) -> int:
    """Let hazards follow their posts, open and close the incidents of empty ones; return how many hazards moved.

    Looks once a day and once for each revision of the organisation.
    """
    directory, today = flow.refresh(), flow.today()
    seen = (directory.revision, today)
    if flow.posts_seen == seen:
        return 0
    moved = sum(_follow(flow, directory, number, found) for number, found in list(_following(flow, directory, today)))
    _look_at_posts(flow, directory, today)
    _settle_tickets(flow, today)
    flow.posts_seen = seen
    return moved


def _following(flow: Rectiflow, directory: Directory, today: date) -> Iterator[tuple[str, Following]]:
    units = frozenset(_changed_units(directory, today))
    if not units:
        return
    for ticket in open_tickets(flow, units):
        found = follow(directory, ticket, today)
        if found is not None:
            yield ticket.number, found


def _changed_units(directory: Directory, today: date) -> Iterator[str]:
    """Yield the units in which somebody left a post within the last half-year."""
    for holding in directory.holdings:
        unit = directory.units.get(directory.posts[holding.post].unit)
        ended = holding.until is not None and today - REACH <= holding.until < today
        if ended and unit is not None and unit.active:
            yield unit.id


def _follow(flow: Rectiflow, directory: Directory, number: str, found: Following) -> bool:
    """Hand one hazard over by the machine; one that fails becomes an incident and keeps nothing from going on."""
    title = post_name(directory, found.post)
    name = directory.person_name(found.person)
    said = f"由{name}接任" if found.person else "空缺，待补人员"
    reason = f"{title}自 {found.since} 起{said}"
    stimulus = Handover(hand=None, person=found.person, since=found.since, post=found.post.id, reason=reason)
    try:
        flow.handle(number, stimulus)
    except Conflict:
        return False  # in somebody's hand just now: the next day, or the next change, finds it
    except Exception as exc:  # noqa: BLE001 one hazard that fails keeps neither the others nor the timers from going on
        log.warning("%s 没有随岗位移交：%s", number, exc)
        incident = IncidentDraft(
            key=f"handover:{found.post.id}", kind="handover", message=f"{title}交接没有办成：{exc}"
        )
        flow.store.raise_incident(flow.district, incident, now=flow.now(), number=number)
        return False
    return True


def _look_at_posts(flow: Rectiflow, directory: Directory, today: date) -> None:
    """Open an incident for each post that was held and is empty; close those of posts that are filled or gone."""
    empty = vacancies(directory, today)
    known = {r["key"]: r["id"] for r in queries.incidents(flow.store.engine, flow.district) if r["number"] is None}
    wanted = {f":{vacancy_key(v.post.id)}": v for v in empty}
    for draft in vacant(directory, (v for key, v in wanted.items() if key not in known)):
        flow.store.raise_incident(flow.district, draft, now=flow.now())
    for key, incident in known.items():
        if key.startswith(":post:") and key not in wanted:
            _close(flow, incident)


def _settle_tickets(flow: Rectiflow, today: date) -> None:
    """Close the incidents of hazards for which somebody is there again, or nothing is open any more."""
    for row in queries.incidents(flow.store.engine, flow.district):
        if row["kind"] == "nobody" and row["number"] is not None and _settled(flow, row["number"], today):
            _close(flow, row["id"])


def _settled(flow: Rectiflow, number: str, today: date) -> bool:
    try:
        snapshot = flow.snapshot(number)
    except NotFound:
        return False
    workflow, ticket, directory = snapshot.workflow, snapshot.case, snapshot.directory
    if not is_open(workflow, ticket):
        return True
    unit = directory.units.get(ticket.fields.get("responsible_unit") or "")
    if unit is not None and not unit.active:
        return False
    return bool(people(workflow, turn_roles(workflow, ticket), ticket.fields, directory, today))


def _close(flow: Rectiflow, incident: str) -> None:
    queries.close_incident(flow.store.engine, flow.district, incident, by=None, now=flow.now())
