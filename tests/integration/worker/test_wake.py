"""On PostgreSQL a worker looks at once when another process has written something; a wrong clock ends it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from rectiflow._clock import SetClock, SystemClock
from rectiflow._flow import ClockWrong
from rectiflow._messages import outbox
from rectiflow._worker import run
from rectiflow._workplace import Workplace
from rectiflow.storage import workers
from support.stores import rows
from support.workplaces import assigned, rectiflow_process, sample_workplace, stop, wait_until

NOW = "2024-09-02T09:00"
LATER = "2024-09-16T09:30"  # the tickets were due on 12 September
SELDOM = {"RECTIFLOW_WORKER__TICK_SECONDS": "3600", "RECTIFLOW_WORKER__SEND_SECONDS": "3600"}
EAR = "SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN rectiflow' AND datname = current_database()"


def _unsent(place: Workplace) -> int:
    return len(outbox(place.flow, status="waiting"))


def test_a_message_goes_out_at_once(tmp_path: Path, fresh_postgres_url: str) -> None:
    """A worker that looks once an hour sends what another process writes; also when its connection was cut meanwhile."""
    place = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    engine = place.flow.store.engine
    with rectiflow_process(place.folder, ["--now", NOW, "run"], variables=SELDOM) as process:
        wait_until(lambda: len(rows(engine, EAR)) == 1)
        assigned(place, 1)
        wait_until(lambda: not _unsent(place), seconds=20)
        with psycopg.connect(fresh_postgres_url.replace("+psycopg", ""), autocommit=True) as admin:
            admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({EAR}) AS ear".encode())  # noqa: S608 ours
        wait_until(lambda: len(rows(engine, EAR)) == 1)
        assigned(place, 1)
        wait_until(lambda: not _unsent(place), seconds=20)
        code, errors = stop(process)
    assert code == 0
    assert "听不到其他进程的通知" in errors
    assert "Traceback" not in errors
    place.flow.close()


def test_a_timer_that_is_due_fires_at_once(tmp_path: Path, fresh_postgres_url: str) -> None:
    """A hazard put on record after its deadline is urged at once by a worker that looks once an hour."""
    place = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    engine = place.flow.store.engine
    with rectiflow_process(place.folder, ["--now", LATER, "run"], variables=SELDOM) as process:
        wait_until(lambda: len(rows(engine, EAR)) == 1)
        assigned(place, 1)  # its clock stands at 2 September, the worker's two weeks later
        wait_until(lambda: bool(rows(engine, "SELECT 1 FROM rectiflow_timer WHERE status = 'fired'")), seconds=20)
        assert stop(process)[0] == 0
    place.flow.close()


class DriftingClock(SystemClock):
    """The system's clock, which may be put wrong."""

    off = timedelta()

    def now(self) -> datetime:
        """Return the present instant, or what it takes for it."""
        return super().now() + self.off


def test_a_clock_that_goes_wrong_ends_the_worker(tmp_path: Path, fresh_postgres_url: str) -> None:
    """Set by a minute while it runs, the worker stops at its next look and says what to do; it has left in peace."""
    made = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    made.flow.close()
    clock = DriftingClock()
    often = made.settings.worker.model_copy(update={"tick_seconds": 0.1})
    settings = made.settings.model_copy(update={"worker": often})
    place = Workplace(made.folder, settings, clock, rehearsal=True)

    def put_wrong() -> None:
        clock.off = timedelta(seconds=-60)

    with pytest.raises(ClockWrong, match="相差超过 30 秒，请先校准本机时钟"):
        run(place, ready=put_wrong)
    found = workers.workers(made.flow.store.engine, made.flow.district)
    assert [w.stopped_at is not None for w in found] == [True]
    made.flow.close()


def test_the_command_says_so_and_exits_with_1(tmp_path: Path, fresh_postgres_url: str) -> None:
    """In a process of its own: one sentence, no traceback, exit code 1, so that a supervisor sees it."""
    place = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    place.flow.close()
    program = (
        "from datetime import timedelta\nfrom rectiflow import _clock, cli\nright = _clock.SystemClock.now\n"
        "begun = right(_clock.SystemClock())\n"
        "def now(self):\n"
        "    moment = right(self)\n"
        "    return moment + timedelta(minutes=2) if moment - begun > timedelta(seconds=6) else moment\n"
        "_clock.SystemClock.now = now\ncli.main()\n"
    )
    with rectiflow_process(place.folder, ["run"], program=program) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "相差超过 30 秒，请先校准本机时钟" in errors
    assert "Traceback" not in errors


def test_a_slow_answer_is_no_wrong_clock(tmp_path: Path, fresh_postgres_url: str) -> None:
    """What counts is between asking and being answered: a database that takes a minute does not make the clock wrong."""
    place = sample_workplace(tmp_path / "place", db=fresh_postgres_url)

    class SlowClock(SystemClock):
        asked = 0

        def now(self) -> datetime:
            self.asked += 1
            return super().now() + timedelta(minutes=self.asked - 1)

    flow = dataclasses.replace(place, clock=SlowClock()).flow
    assert isinstance(flow.clock, SlowClock)
    flow.clock.asked = 0
    flow.check_clock()
    flow.clock.asked = 1
    with pytest.raises(ClockWrong):
        flow.check_clock()
    assert isinstance(place.clock, SetClock)
    flow.close()
    place.flow.close()
