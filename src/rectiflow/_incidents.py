"""Incidents (待处理事项): what the machine could not do alone, and what a person does about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rectiflow._messages import shown_address
from rectiflow._outbox import UNDELIVERED
from rectiflow.engine.errors import InputUnusable, NotFound
from rectiflow.engine.moments import ZONE
from rectiflow.engine.ticket import TimerKey
from rectiflow.notifiers.message import CHANNEL_TITLES
from rectiflow.storage import lost, queries
from rectiflow.storage import outbox as sending

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["IncidentView", "close_incident", "find_incident", "incidents", "rearm", "retry_incident"]


class IncidentView(Struct, frozen=True, kw_only=True):
    """One incident (待处理事项)."""

    id: str
    kind: str
    number: str | None
    message: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    subject: str  #: what kept failing: `timer:` and its key, `message:` and its key, …


def incidents(flow: Rectiflow, *, open_only: bool = True) -> list[IncidentView]:
    """Return incidents, newest first."""
    rows = queries.incidents(flow.store.engine, flow.district, open_only=open_only)
    keys = [key for r in rows if (key := r["key"].partition(":message:")[2])]
    about = queries.messages_named(flow.store.engine, flow.district, keys)
    return [
        IncidentView(
            id=r["id"],
            kind=r["kind"],
            number=r["number"],
            message=_whose(flow, r, about),
            status=r["status"],
            opened_at=r["opened_at"],
            closed_at=r["closed_at"],
            subject=r["key"].partition(":")[2],  # the number stands first
        )
        for r in rows
    ]


def _whose(flow: Rectiflow, incident: Any, about: Mapping[str, Any]) -> str:
    """Return what an incident says, with whom a message did not reach, and where it was to go."""
    from rectiflow.notifiers import OCCASIONS

    told, (kind, _, what) = str(incident["message"]), incident["key"].partition(":")[2].partition(":")
    row, name = about.get(what), flow.directory().person_name
    if kind == "message" and row is not None:
        way = CHANNEL_TITLES.get(row["rendered_channel"] or row["channel"] or "", "")
        where = " ".join(filter(None, (way, shown_address(row))))
        occasion = OCCASIONS.get(row["template"], row["template"])
        to = f"{name(row['recipient'])}{f'（{where}）' if where else ''}"
        return f"{occasion}没有送到{to}：{told.removeprefix(UNDELIVERED)}"
    if kind == "unreached" and name(what) not in told:
        return f"{name(what)}没有收到消息：{told}"
    return told


def close_incident(flow: Rectiflow, incident: str, *, by: str) -> IncidentView:
    """Close an open incident.

    Raises:
        NotFound: there is none open of that id.
        InputUnusable: a ladder of an open hazard stands still because of it; closing would silence that for good.
    """
    found = _open_incident(flow, incident)
    key = _timer_key(found)
    if key is not None and (found.number, key) in queries.stopped_timers(flow.store.engine, flow.district):
        raise InputUnusable(
            f"待处理事项 {found.id} 不能直接结束：{found.number} 这一时限的提醒和督办都停着。"
            f"请排除原因后用 rectiflow incident retry {found.id} 重试。"
        )
    queries.close_incident(flow.store.engine, flow.district, found.id, by=by, now=flow.now())
    return found


def retry_incident(flow: Rectiflow, incident: str, *, by: str) -> IncidentView:
    """Try again what an incident is about, that timer or that message alone, and close it.

    Raises:
        NotFound: there is none open of that id, or nothing can be tried again.
    """
    found = _open_incident(flow, incident)
    kind, _, what = found.subject.partition(":")
    key = _timer_key(found)
    if key is not None:
        queries.retry_timer(flow.store.engine, flow.district, found.number or "", key, now=flow.now())
    elif kind in ("message", "returned"):
        sending.retry(flow.store.engine, flow.district, [what], now=flow.now())
    else:
        raise NotFound(
            f"待处理事项 {found.id} 不能自动重试，请按提示处理后用 rectiflow incident close {found.id} 结束。"
        )
    flow.ring()
    return close_incident(flow, found.id, by=by)


def rearm(flow: Rectiflow) -> list[str]:
    """Put back the timers that went astray though their clocks run on; return the numbers of their hazards."""
    numbers = [number for number, _ in lost.lost_timers(flow.store.engine, flow.district)]
    lost.put_back(flow.store.engine, flow.district)
    flow.ring()
    return list(dict.fromkeys(numbers))


def _timer_key(incident: IncidentView) -> TimerKey | None:
    """Return the timer an incident is about."""
    kind, _, what = incident.subject.partition(":")
    if kind != "timer" or what.count(":") < 4:
        return None
    clock, run, version, rest = what.split(":", 3)
    step, _, occurrence = rest.rpartition(":")
    return TimerKey(clock, int(run), int(version), step, int(occurrence))


def find_incident(flow: Rectiflow, incident: str) -> IncidentView:
    """Return the incident of that id, be it open or closed.

    Raises:
        NotFound: there is none.
    """
    found = [i for i in incidents(flow, open_only=False) if i.id == incident.strip().upper()]
    if not found:
        raise NotFound(f"没有编号为“{incident}”的待处理事项，请用 rectiflow incident list --all 查看。")
    return found[0]


def _open_incident(flow: Rectiflow, incident: str) -> IncidentView:
    found = find_incident(flow, incident)
    if found.closed_at is not None:
        closed = f"{found.closed_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
        raise NotFound(f"待处理事项 {found.id} 已于 {closed} 结束，请用 rectiflow incident list 查看还没有结束的。")
    return found
