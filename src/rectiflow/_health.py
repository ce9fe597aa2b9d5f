"""Whether the time is kept: which workers live, what is late, what waits; for supervisors and for people."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._heart import TIMED, real_now
from rectiflow._standing import INBOX, standing
from rectiflow.engine.moments import ZONE
from rectiflow.storage import workers

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace
    from rectiflow.storage.workers import Worker

__all__ = ["Health", "WorkerView", "alive", "examine", "patience"]

MISSED_BEATS = 3  #: until a worker counts as dead
LEAST_PATIENCE = timedelta(seconds=90)


class WorkerView(Struct, frozen=True, kw_only=True):
    """A worker that lives, and how long ago it last said so."""

    host: str
    pid: int
    version: str
    started_at: datetime
    seconds_ago: int
    timed: bool  #: no process that stays, but a `rectiflow tick` run again and again


class Health(Struct, frozen=True, kw_only=True):
    """What `rectiflow health` answers: figures, what is wrong (`problems`), and what a person should see to (`notes`)."""

    healthy: bool
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    workers: tuple[WorkerView, ...] = ()
    timers_due: int | None = None
    timers_late: int | None = None
    oldest_due_at: datetime | None = None
    outbox_waiting: int | None = None
    outbox_dead: int | None = None
    incidents_open: int | None = None


def examine(place: Workplace, *, here: bool = False) -> Health:
    """Look at the workers and at what waits; nothing is changed.

    Args:
        here: count only workers of this host, as the check of one container does.

    Raises:
        WorkplaceError: the database cannot be used.
    """
    flow = place.flow
    found = workers.workers(flow.store.engine, flow.district)
    now = real_now(flow)
    host = socket.gethostname()
    living = [w for w in found if alive(w, now, patience(place)) and (not here or w.host == host)]
    figures = workers.figures(flow.store.engine, flow.district, now=flow.now())
    problems = tuple(_problems(found, living, figures, here=here))
    return Health(
        healthy=not problems,
        problems=problems,
        notes=(*_notes(figures, configured=bool(place.ways.channels())), *filter(None, [standing(flow, INBOX)])),
        workers=tuple(_view(w, now) for w in living),
        timers_due=figures.due,
        timers_late=figures.late,
        oldest_due_at=figures.oldest,
        outbox_waiting=figures.waiting,
        outbox_dead=figures.dead,
        incidents_open=figures.incidents,
    )


def patience(place: Workplace) -> timedelta:
    """Return for how long a worker counts as alive after a beat."""
    return max(LEAST_PATIENCE, MISSED_BEATS * timedelta(seconds=place.settings.worker.tick_seconds))


def alive(worker: Worker, now: datetime, patience: timedelta) -> bool:
    """Tell whether a worker has beaten lately and not stopped."""
    return worker.stopped_at is None and now - worker.beat_at <= patience


def _problems(found: list[Worker], living: list[Worker], figures: workers.Figures, *, here: bool) -> Iterator[str]:
    if not living:
        yield _nobody(found, here=here)
    if figures.late:
        since = f"最早的一项 {_moment(figures.oldest)} 到期" if figures.oldest else ""
        todo = "刚恢复运行的请等它补办完；一直不减的，请看 rectiflow run 的日志" if living else "恢复运行后会自动补办"
        yield f"有 {figures.late} 项定时任务过了 5 分钟还没有办，{since}；{todo}。"


def _nobody(found: list[Worker], *, here: bool) -> str:
    where = f"本机（{socket.gethostname()}）" if here else ""
    start = "请启动它（rectiflow run，或 systemctl start rectiflow）"
    if not found:
        return f"{where}没有 rectiflow run 在运行，一天内也没有运行过，提醒和督办都停着；{start}。"
    last = found[0]
    how = f"{_moment(last.stopped_at)} 正常停止" if last.stopped_at else f"{_moment(last.beat_at)} 之后没有动静"
    return f"{where}没有 rectiflow run 在运行（最近的一个在 {last.host}，{how}），提醒和督办都停着；{start}。"


def _notes(figures: workers.Figures, *, configured: bool) -> Iterator[str]:
    if figures.waiting and not configured:
        yield f"没有配置发送通道，{figures.waiting} 条消息等着；请在 rectiflow.toml 的 [mail] 或 [outgoing] 里配置。"
    if figures.dead:
        yield f"有 {figures.dead} 条消息未送达，请看 rectiflow outbox list --status 未送达，改好后 rectiflow outbox retry。"
    if figures.incidents:
        yield f"有 {figures.incidents} 件待处理事项，请安全股看 rectiflow incident list。"


def _view(worker: Worker, now: datetime) -> WorkerView:
    return WorkerView(
        host=worker.host,
        pid=worker.pid,
        version=worker.version,
        started_at=worker.started_at,
        timed=TIMED in worker.owner,
        seconds_ago=max(0, round((now - worker.beat_at).total_seconds())),
    )


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" if moment else ""
