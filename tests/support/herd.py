"""A herd of workers on one database, killed at random and replaced: `python -m support.herd` prints what happened.

All workers share one running clock, so days pass in seconds; leases are as long as the clock says. Each worker fires what
is due and sends what waits, and writes a line for every message it hands over. Nothing here checks: the test does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rectiflow._flow import Rectiflow
from rectiflow._outbox import DirectoryContacts, StoreOutbox
from rectiflow.engine.errors import RectiflowError
from rectiflow.notifiers import Contact, Message, Rendered, TemplateSet, builtin_templates, dispatch_once

from .stores import HOME

LEASE = timedelta(days=2)  #: in the herd's time


@dataclass(frozen=True)
class RunningClock:
    """Time that passes `speed` times as fast as the machine's, from `base` on; the same for all processes of a machine."""

    base: datetime
    origin: float
    speed: float

    def now(self) -> datetime:
        """Return the present instant."""
        return self.base + timedelta(seconds=(time.monotonic() - self.origin) * self.speed)


class LineChannel:
    """Hands messages over to a file, a line each, as a server would put them into its queue."""

    name = "mail"

    def __init__(self, file: Path) -> None:
        self._file = file

    def accepts(self, contact: Contact) -> bool:
        """Reach everybody."""
        return True

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Give the message's key as what is sent."""
        return Rendered(
            channel="mail", to=contact.name, subject=None, body=str(message.id).encode(), message_id=str(message.id)
        )

    async def open(self) -> None:
        """Nothing to begin."""

    async def send(self, rendered: Rendered) -> str:
        """Append one line in one write."""
        with self._file.open("ab", buffering=0) as file:
            file.write(rendered.body + b"\n")
        return "已记录"

    async def close(self) -> None:
        """Nothing to end."""


def main() -> None:
    """Keep `--workers` at work until `--kills` of them were killed, then let the last ones finish; print the counts."""
    given = _given()
    clock = RunningClock(datetime.fromisoformat(given.base), time.monotonic(), given.days_per_second * 86400)
    sent = Path(given.sent)
    herd = {_born(given.url, clock, sent) for _ in range(given.workers)}
    chance, killed, died = random.Random(given.seed), 0, 0
    began = time.monotonic()
    while killed < given.kills or time.monotonic() - began < given.seconds:
        time.sleep(chance.uniform(0.02, 0.3))
        for pid in [p for p in herd if _ended(p)]:  # it gave up: the database was away for too long
            herd.remove(pid)
            herd.add(_born(given.url, clock, sent))
            died += 1
        if killed < given.kills:
            victim = chance.choice(sorted(herd))
            os.kill(victim, signal.SIGKILL)
            os.waitpid(victim, 0)
            herd.remove(victim)
            herd.add(_born(given.url, clock, sent))
            killed += 1
    for pid in herd:
        os.kill(pid, signal.SIGTERM)
    clean = sum(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 for pid in herd)
    json.dump({"killed": killed, "died": died, "clean": clean, "now": clock.now().isoformat()}, sys.stdout)


def work(url: str, clock: RunningClock, sent: Path, going: Callable[[], bool]) -> None:
    """Fire and send until told to stop; a database that is away is asked again."""
    flow = _opened(url, clock)
    flow.lease = LEASE
    outbox, channels = StoreOutbox(flow.store, flow.owner, flow.now), [LineChannel(sent)]
    templates = TemplateSet.load([builtin_templates()])
    while going():
        try:
            flow.tick(limit=4, going=going)
            dispatch_once(
                outbox, DirectoryContacts(flow.directory), templates, channels,
                owner=flow.owner, now=flow.now, limit=8, lease=LEASE,
            )  # fmt: skip
        except RectiflowError as exc:
            sys.stderr.write(f"{os.getpid()}: {exc}\n")
            time.sleep(0.05)
    flow.close()


def _opened(url: str, clock: RunningClock) -> Rectiflow:
    """Open the database, again and again while it is away: a supervisor would start the worker anew."""
    for _ in range(200):
        try:
            return Rectiflow.open(url, district=HOME.code, clock=clock, create=False)
        except RectiflowError as exc:
            sys.stderr.write(f"{os.getpid()}: {exc}\n")
            time.sleep(0.1)
    raise SystemExit("the database did not come back")


def _born(url: str, clock: RunningClock, sent: Path) -> int:
    """Fork a worker and return its process id; a signal sent to it at once waits until it listens."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return pid
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    code = 1
    try:
        work(url, clock, sent, lambda: not stopped)
        code = 0
    except BaseException as exc:  # noqa: BLE001 whatever ended it is told; the herd goes on
        sys.stderr.write(f"{os.getpid()}: {type(exc).__name__}: {exc}\n")
    finally:
        os._exit(code)


def _ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("sent")
    parser.add_argument("--base", default=datetime(2024, 9, 2, 1, tzinfo=UTC).isoformat())
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--days-per-second", type=float, default=4)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
