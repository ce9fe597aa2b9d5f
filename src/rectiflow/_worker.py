"""The worker: APScheduler as heartbeat only; what is due stands in the database.

A handful of fixed jobs in memory: say that one lives, fire due timers, send the outbox, hear what comes back, close
months. A beat that is missed is made up by the next one, because every job asks the database what is due. Each has a
thread of its own, so that a mail server that takes its time keeps no timer waiting. On PostgreSQL other processes ring
when they have written something due; the beats are what is left when a ring is lost.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from rectiflow._flow import ClockWrong
from rectiflow._heart import Heart, beat_once
from rectiflow._metrics import shown
from rectiflow._tally import Tally
from rectiflow.engine.errors import RectiflowError
from rectiflow.storage.bell import Ear
from rectiflow.storage.faults import place_of

if TYPE_CHECKING:
    from rectiflow._answers import Fetched, Mark
    from rectiflow._sweep import Swept
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers.ports import Listens

__all__ = ["Stop", "Worker", "beat", "run"]

log = logging.getLogger("rectiflow.worker")

TITLES = {
    "inbox": "收信",
    "beat": "报到",
    "tick": "到期检查",
    "send": "发消息",
    "listen": "收短信",
    "reports": "月报",
    "wake": "听到通知后的检查",
}
LOOK_UP_SECONDS = 0.5
LISTEN_SECONDS = 5.0  #: that a channel is open for hearing alone; nothing is sent meanwhile
SENT_AT_ONCE = 50  #: messages of one batch; what is begun is sent before the worker stops


def beat(place: Workplace) -> dict[str, int]:
    """Do once what `run` does again and again: fire, make due reports, send; return the counts."""
    swept = place.flow.tick()
    beat_once(place.flow)
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
    """Stay and keep the time until SIGTERM or SIGINT; what is begun is finished first, the rest given back.

    Raises:
        WorkplaceBusy: another `run` works on the same SQLite file.
        ClockWrong: this machine's clock has come to differ from the database's.
        WorkplaceError: the workplace cannot be used.
    """
    with place.alone():
        worker = Worker(place)
        _stop_on_signals(worker.stop)
        try:
            worker.work(ready)
        finally:
            place.flow.close()
    log.info("已停止，手头的事都办完了")


class Stop:
    """Told once, by a thread or a signal. An Event would not do: a signal that comes while it begins to wait locks it for good."""

    def __init__(self) -> None:
        self._told = False
        self._queue = SimpleQueue[None]()  # may be put into from a signal handler

    def set(self) -> None:
        """Tell."""
        self._told = True
        self._queue.put(None)

    def is_set(self) -> bool:
        """Say whether it was told."""
        return self._told

    def wait(self) -> None:
        """Wait until told; for one thread. A signal just before the waiting does not end it, so it looks up now and then."""
        while not self._told:
            with suppress(Empty):
                self._queue.get(timeout=LOOK_UP_SECONDS)


class Worker:
    """One process that keeps the time; `stop` ends it."""

    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.stop = Stop()
        self.tally = Tally()
        self._heart = Heart(place.flow)
        self._fault: ClockWrong | None = None
        self._sending = threading.Lock()  #: held by who has the channels open: one delivery at a time, one login
        self._soon = SimpleQueue[None]()  #: something was written that is to be sent at once
        self._mark: Mark | None = None  #: how far the mailbox was gone through
        self._left = 0  #: older mails in it that are left alone, as last told
        self._turn = threading.Lock()  #: held while looking for what is due: by the beat, or after a ring

    def work(self, ready: Callable[[], None]) -> None:
        """Stay until stopped.

        Raises:
            ClockWrong: the clock has come to differ from the database's.
            WorkplaceError: the workplace cannot be used.
        """
        flow = self.place.flow
        flow.check_clock()
        log.info("开始运行，共 %s 种提醒模板", len(self.place.templates.occasions))
        log.info("%s", place_of(flow.store.engine.url))
        for wrong in self.place.template_problems:
            log.warning("消息模板有错，这一场合先用内置的文字：%s；改正后重新启动", wrong)
        for problem in self.place.ways.problems():
            log.warning("%s 消息等着，改好设置后重新启动", problem)
        if not self.place.ways.channels():
            log.warning("没有配置发送通道，提醒消息会等着；请在设置的 [mail] 或 [outgoing] 里配置后重新启动")
        with shown(self.place, self.tally):
            self._heart.beat()
            with self._sender(), self._scheduled(), self._listening():
                ready()
                self.place.flow.store.link.rest()
                self.stop.wait()
            self._leave()
        if self._fault is not None:
            raise self._fault

    def going(self) -> bool:
        """Tell whether to go on with what is not begun."""
        return not self.stop.is_set()

    # jobs -------------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Fire what is due, and have sent at once what was just written to people."""
        self.place.flow.check_clock()
        with self._turn:
            swept = self.place.flow.tick(going=self.going)
        self.tally.add(fired=swept.fired, steps=swept.steps, failed=swept.failed)
        _tell_swept(swept)
        if swept.messages:
            self.send_soon()

    def send(self) -> None:
        """Send what waits in the outbox."""
        if not self.going() or not self._sending.acquire(blocking=False):  # who sends now sends these too
            return
        try:
            self._deliver()
        finally:
            self._sending.release()

    def send_soon(self) -> None:
        """Have sent what was just written, in the sender's own thread."""
        self._soon.put(None)

    def wake(self) -> None:
        """Look at once: another process has written something due."""
        self.tick()
        self.send_soon()

    def inbox(self) -> None:
        """Take in the answers and returned mails that lie in the mailbox; an incident is open while that does not work."""
        from rectiflow._answers import Mark, fetch_mail
        from rectiflow._standing import watched_inbox

        self._mark = self._mark or Mark()
        with watched_inbox(self.place.flow):
            fetched = fetch_mail(self.place, mark=self._mark, going=self.going)
            self._tell_fetched(fetched)
            fetched.check()

    def _tell_fetched(self, fetched: Fetched) -> None:
        if fetched.left != self._left:
            self._left = fetched.left
            log.info("邮箱里另有 %s 封旧邮件没有收（[inbox] since_days）", fetched.left)
        if fetched.received:
            waiting = sum(r.status == "waiting" for r in fetched.received)
            log.info("收信 %s 封，其中待人工处理 %s 封", len(fetched.received), waiting)
            self.send_soon()

    def listen(self) -> None:
        """Hear the answers and receipts that an operator keeps until somebody logs in; nothing is sent meanwhile."""
        with self._sending:
            if not self.going():
                return
            for channel in self._listening_channels():
                asyncio.run(channel.listen(LISTEN_SECONDS))
        self.send_soon()

    def reports(self) -> None:
        """Make the reports of months that have ended."""
        made = _close_months(self.place)
        if made:
            log.info("做出月报 %s 份", made)

    # inside -----------------------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        done = self.place.deliver(limit=SENT_AT_ONCE, going=self.going)
        self.tally.add(sent=done.sent, dead=done.dead)
        if done.sent or done.dead or done.retried:
            log.info("消息：发出 %s 条，待重试 %s 条，未送达 %s 条", done.sent, done.retried, done.dead)

    def _send_next(self) -> None:
        """Send as soon as nobody else does: who sends now may be past what was just written."""
        with self._sending:
            if self.going():
                self._deliver()

    @contextmanager
    def _sender(self) -> Generator[None]:
        """Send at once what jobs write, in a thread of its own; at the end wait for what is under way."""
        send = self.guarded("send", self._send_next)

        def sending() -> None:
            while self.going():
                self._soon.get()
                while not self._soon.empty():
                    self._soon.get()
                send()

        thread = threading.Thread(target=sending, name="rectiflow-sender")
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            self._soon.put(None)
            thread.join()

    def _listening_channels(self) -> list[Listens]:
        from rectiflow.notifiers.ports import Listens

        return [c for c in self.place.ways.channels() if isinstance(c, Listens)]

    @contextmanager
    def _scheduled(self) -> Generator[None]:
        """Run the jobs at their intervals; at the end wait for what is under way."""
        from apscheduler.schedulers.background import BackgroundScheduler

        scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._add_jobs(scheduler)
        scheduler.start()
        try:
            yield
        finally:
            self.stop.set()
            scheduler.shutdown(wait=True)

    def _add_jobs(self, scheduler: Any) -> None:
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED

        often = self.place.settings.worker
        jobs: list[tuple[str, Callable[[], None], float]] = [
            ("beat", self._heart.beat, often.tick_seconds),
            ("tick", self.tick, often.tick_seconds),
            ("send", self.send, often.send_seconds),
            ("reports", self.reports, often.report_seconds),
        ]
        if self.place.settings.inbox.host:
            jobs.append(("inbox", self.inbox, often.inbox_seconds))
        if self._listening_channels():
            jobs.append(("listen", self.listen, often.inbox_seconds))
        for name, job, seconds in jobs:
            at_once = datetime.now(UTC)
            scheduler.add_job(self.guarded(name, job), "interval", seconds=seconds, id=name, next_run_time=at_once)
        outcomes = {EVENT_JOB_ERROR: "error", EVENT_JOB_MISSED: "missed", EVENT_JOB_MAX_INSTANCES: "overlapped"}

        def noted(event: Any) -> None:
            self.note(event.job_id, outcomes[event.code], getattr(event, "exception", None))

        scheduler.add_listener(noted, sum(outcomes))

    @contextmanager
    def _listening(self) -> Generator[None]:
        """On PostgreSQL look at once when another process rings."""
        flow = self.place.flow
        if flow.bell is None:
            yield
            return
        ear = Ear(flow.store.engine, flow.owner, self.guarded("wake", self.wake))
        try:
            yield
        finally:
            self.stop.set()
            ear.close()

    def guarded(self, name: str, job: Callable[[], None]) -> Callable[[], None]:
        """Let a beat fail without ending the worker; the next one tries again. A wrong clock alone ends it.

        Between two beats its thread holds no connection.
        """

        def once() -> None:
            if not self.going():
                return
            try:
                job()
            except ClockWrong as exc:
                log.error("本机时钟与数据库不一致，停止运行")
                self._fault = exc
                self.stop.set()
                self.tally.beat(name, "error")
            except RectiflowError as exc:
                log.error("%s：%s", TITLES[name], exc)
                self.tally.beat(name, "error")
            except Exception:
                log.exception("%s出错，下一次再试", TITLES[name])
                self.tally.beat(name, "error")
            else:
                self.tally.beat(name, "done")
            finally:
                self.place.flow.store.link.rest()

        return once

    def note(self, name: str, outcome: str, error: BaseException | None = None) -> None:
        """Note what the scheduler says of a beat that was not done as it should have been."""
        self.tally.beat(name, outcome)
        title = TITLES.get(name, name)
        if outcome == "overlapped":
            log.warning("%s：上一次还没有办完，这一次略过", title)
        elif outcome == "missed":
            log.warning("%s：错过了一次，下一次补上", title)
        else:
            log.error("%s出错，下一次再试：%r", title, error)

    def _leave(self) -> None:
        try:
            self._heart.stop()
        except RectiflowError as exc:
            log.warning("停止时没能登记：%s", exc)


def _tell_swept(swept: Swept) -> None:
    if swept.fired or swept.failed:
        failed = f"，失败 {swept.failed} 项" if swept.failed else ""
        log.info("到期 %s 项，逐级督办 %s 步%s", swept.fired, swept.steps, failed)


def _close_months(place: Workplace) -> int:
    from rectiflow._monthly import close_months

    wanted = place.settings.report
    made = close_months(place.flow, place.path(wanted.folder), closing_day=wanted.closing_day, issuer=wanted.issuer)
    return len(made)


def _stop_on_signals(stop: Stop) -> None:
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
