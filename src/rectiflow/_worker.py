"""The worker: APScheduler as heartbeat only; what is due stands in the database.

A handful of fixed jobs in memory: fire due timers, send the outbox, close months. A beat that is missed is made up by
the next one, because every job asks the database what is due.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rectiflow.engine.errors import RectiflowError
from rectiflow.storage.faults import place_of

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace

__all__ = ["beat", "run"]

log = logging.getLogger("rectiflow.worker")


def beat(place: Workplace) -> dict[str, int]:
    """Do once what `run` does again and again: fire, make due reports, send; return the counts."""
    swept = place.flow.tick()
    made = _close_months(place)
    sent = place.deliver()
    return {
        "fired": swept.fired,
        "steps": swept.steps,
        "dropped": swept.dropped,
        "failed": swept.failed,
        "reports": made,
        "sent": sent.sent,
        "retried": sent.retried,
        "waiting": sent.waiting,
        "dead": sent.dead,
    }


def run(place: Workplace, *, ready: Callable[[], None] = lambda: None) -> None:
    """Stay and keep the time until SIGTERM or SIGINT; what is under way is finished first.

    Raises:
        WorkplaceBusy: another `run` works on the same SQLite file.
        WorkplaceError: the workplace cannot be used.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    with place.alone():
        place.flow.check_clock()
        templates = place.templates
        log.info("开始运行：%s 个提醒模板，数据库 %s", len(templates.occasions), place_of(place.flow.store.engine.url))
        stop = threading.Event()
        _stop_on_signals(stop)
        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        _add_jobs(scheduler, place)
        scheduler.start()
        ready()
        try:
            stop.wait()
        finally:
            scheduler.shutdown(wait=True)
            place.flow.close()
            log.info("已停止，手头的事都办完了")


def _add_jobs(scheduler: Any, place: Workplace) -> None:
    from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED

    worker = place.settings.worker
    jobs: dict[str, tuple[Callable[[], object], float]] = {
        "tick": (lambda: _tick(place), worker.tick_seconds),
        "send": (place.deliver, worker.send_seconds),
        "reports": (lambda: _close_months(place), worker.report_seconds),
    }
    for name, (job, seconds) in jobs.items():
        scheduler.add_job(_guarded(name, job), "interval", seconds=seconds, id=name, next_run_time=datetime.now(UTC))
    scheduler.add_listener(_late, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)


def _tick(place: Workplace) -> object:
    """Fire what is due, and do not let people wait for what was just written to them."""
    swept = place.flow.tick()
    return place.deliver() if swept.messages else swept


def _late(event: Any) -> None:
    log.warning("心跳 %s 未按时：%s", event.job_id, type(event).__name__)


def _guarded(name: str, job: Callable[[], object]) -> Callable[[], None]:
    """Let a beat fail without ending the worker; the next one tries again."""

    def once() -> None:
        try:
            done = job()
            log.debug("%s：%s", name, done)
        except RectiflowError as exc:
            log.error("%s：%s", name, exc)
        except Exception:
            log.exception("%s 出错，下一次再试", name)

    return once


def _close_months(place: Workplace) -> int:
    from rectiflow._monthly import close_months

    wanted = place.settings.report
    made = close_months(place.flow, place.path(wanted.folder), closing_day=wanted.closing_day, issuer=wanted.issuer)
    return len(made)


def _stop_on_signals(stop: threading.Event) -> None:
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
