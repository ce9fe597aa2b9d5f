"""Many threads on one database: nothing is lost, nothing is done twice, every chain is whole."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from threading import Thread
from typing import Any

from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import Conflict, Refused
from support.stores import HOME, PHOTO, count, counts, reported, rows

THREADS, TICKETS = 8, 40


def push(flow: Rectiflow, number: str) -> str:
    """Take the next step of a hazard, whatever that is now; answer what came of it."""
    steps: dict[str, tuple[str, str, dict[str, Any]]] = {
        "reported": ("assign", "chief", {"responsible_person": "officer", "due_on": flow.today() + timedelta(days=9)}),
        "assigned": ("sign", "head", {}),
        "rectifying": ("submit", "officer", {"measures": "已清理", "completed_on": flow.today(), "evidence": [PHOTO]}),
        "pending_verification": ("pass", "deputy", {}),
        "verified": ("close", "chief", {}),
    }
    state = flow.ticket(number).state
    if state == "closed":
        return "over"
    trigger, by, data = steps[state]
    try:
        flow.do(number, trigger, by=by, **data)
    except Refused:
        return "refused"
    except Conflict:
        return "conflict"
    return "done"


def test_eight_threads_act_on_forty_tickets(flow: Rectiflow) -> None:
    """They all push the same hazards along in their own order until everything is closed."""
    numbers = [reported(flow).number for _ in range(TICKETS)]
    outcomes: Counter[str] = Counter()
    faults: list[Exception] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        mine = list(numbers)
        chance.shuffle(mine)
        try:
            for number in mine:
                while (outcome := push(flow, number)) != "over":
                    outcomes[outcome] += 1
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    threads = [Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert outcomes["done"] == 5 * TICKETS
    audit = list(flow.audit())
    assert [(number, lines, breaks) for number, lines, breaks in audit] == [(n, 6, ()) for n in numbers]
    assert {t.state for t in flow.tickets()} == {"closed"}
    assert all(t.rev == t.seq == 6 for t in flow.tickets())
    engine = flow.store.engine
    assert (count(engine, "event"), count(engine, "private"), count(engine, "evidence")) == (240, 240, 40)
    steps = rows(engine, "SELECT trigger, count(*) AS n FROM rectiflow_event GROUP BY trigger")
    assert {r["n"] for r in steps} == {TICKETS}
    assert rows(engine, "SELECT 1 FROM rectiflow_timer WHERE status = 'armed'") == []


def test_threads_report_and_read_at_once(flow: Rectiflow) -> None:
    """Four write, four list and audit meanwhile: every number once, and no reader ever sees half a change."""
    seen: list[tuple[object, ...]] = []
    numbers: list[str] = []
    faults: list[Exception] = []

    def write() -> None:
        try:
            numbers.extend(reported(flow).number for _ in range(10))
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    def read() -> None:
        try:
            for _ in range(5):
                flow.tickets()
                seen.extend(breaks for *_, breaks in flow.audit())
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    threads = [Thread(target=work) for work in [write, read] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(numbers) == [f"LZH-2024-{n:06d}" for n in range(1, 41)]
    assert set(seen) <= {()}
    assert counts(flow.store.engine)["event"] == 40
    assert [e.district for e in flow.histories()] == [HOME.code] * 40
