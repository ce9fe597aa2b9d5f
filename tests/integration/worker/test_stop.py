"""Told to stop amid a long catch-up, a worker ends soon and gives back what it has not begun."""

from __future__ import annotations

import signal
import threading
import time

from rectiflow._clock import SetClock
from rectiflow._worker import Stop
from rectiflow._workplace import Workplace
from rectiflow.storage import workers
from support.stores import rows, scalar
from support.workplaces import assigned, multiplied, rectiflow_process, stop, wait_until

LATER = "2024-09-16T09:30"  # the tickets were due on 12 September
MANY = 4000  #: hazards, each with two steps due
SOON = 5.0  #: seconds, on a machine that runs other tests besides; alone it takes less than one


def test_sigterm_ends_a_catch_up_at_once(place: Workplace) -> None:
    """Thousands of steps are due: the worker stops within seconds, holds nothing, and the rest is still to be done."""
    (number,) = assigned(place, 1)
    multiplied(place, number, MANY)
    engine = place.flow.store.engine
    with rectiflow_process(place.folder, ["--now", LATER, "run"]) as process:
        wait_until(lambda: bool(scalar(engine, "SELECT count(*) FROM rectiflow_timer WHERE status = 'fired'")))
        asked = time.monotonic()
        code, errors = stop(process)
        took = time.monotonic() - asked
    assert (code, "Traceback" in errors) == (0, False)
    assert took < SOON
    left = rows(engine, "SELECT * FROM rectiflow_timer WHERE status = 'armed' AND due_at < '2024-09-16'")
    assert len(left) > MANY / 10  # it did not wait until all was done
    assert {(r["owner"], r["lease_until"], r["attempts"]) for r in left} == {(None, None, 0)}
    (worker,) = workers.workers(engine, place.flow.district)
    assert worker.stopped_at is not None


def test_deliver_stops_between_batches(place: Workplace) -> None:
    """Sending goes on batch by batch until told otherwise; what is left waits, unclaimed."""
    assigned(place, 6)
    assert isinstance(place.clock, SetClock)
    engine = place.flow.store.engine
    waiting = scalar(engine, "SELECT count(*) FROM rectiflow_message WHERE status = 'waiting'")
    first = place.deliver(limit=2, going=lambda: False)
    assert first.claimed == 2
    assert scalar(engine, "SELECT count(*) FROM rectiflow_message WHERE owner IS NOT NULL") == 0
    assert place.deliver(limit=2).sent == waiting - 2


def test_a_signal_at_any_moment_stops_the_waiting() -> None:
    """Two thousand times a signal comes about when the waiting begins: it always ends."""
    main, told = threading.get_ident(), [Stop()]
    before = signal.signal(signal.SIGUSR1, lambda _number, _frame: told[0].set())
    try:
        for _ in range(2000):
            told[0] = Stop()
            thread = threading.Thread(target=signal.pthread_kill, args=(main, signal.SIGUSR1))
            thread.start()
            told[0].wait()
            thread.join()
            assert told[0].is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
