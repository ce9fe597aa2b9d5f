"""Several threads at once, and many changes to a commit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from rectiflow._flow import Outcome, Rectiflow
from rectiflow.engine.stimulus import Act, Attachment, Hand, Report, Stimulus

from .lifecycle import MONDAY, through_the_api

__all__ = ["in_bulk", "threads"]

BATCH = 50
_PHOTO = Attachment(sha256="0a" * 32, name="整改后.png", size=3, media_type="image/png")
_DUE, _DONE = (MONDAY + timedelta(days=14)).isoformat(), MONDAY.isoformat()
_STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("assign", "head", {"responsible_person": "officer", "due_on": _DUE}),
    ("sign", "principal", {}),
    ("submit", "officer", {"measures": "已拆除门锁", "completed_on": _DONE}),
    ("pass", "inspector", {}),
    ("close", "head", {}),
)


def threads(flow: Rectiflow, count: int, seconds: float, *, together: bool = True) -> float:
    """Live hazards in several threads; return lives a second. Not `together`: each commits alone."""
    link, done = flow.store.link, [0] * count
    shared = link.write
    if not together:
        link.write = _alone(link)  # type: ignore[method-assign, assignment]
    until = time.perf_counter() + seconds

    def work(place: int) -> None:
        while time.perf_counter() < until:
            through_the_api(flow)
            done[place] += 1

    began = time.perf_counter()
    running = [threading.Thread(target=work, args=(place,)) for place in range(count)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    link.write = shared  # type: ignore[method-assign]
    return sum(done) / (time.perf_counter() - began)


def in_bulk(flow: Rectiflow, seconds: float) -> float:
    """Live hazards fifty at a time, fifty changes to a commit; return lives a second."""
    began, done = time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < seconds:
        _batch(flow)
        done += BATCH
    return done / spent


def _batch(flow: Rectiflow) -> None:
    found = {
        "source": "bureau",
        "found_on": MONDAY,
        "category": "fire",
        "description": "安全出口上锁",
        "responsible_unit": "school",
    }
    report = Report(hand=Hand(actor="inspector"), data=found)
    numbers = [t.number for t in flow.report_all("hazard", [report] * BATCH)]
    for trigger, by, data in _STEPS:
        evidence = (_PHOTO,) if trigger == "submit" else ()
        act: Stimulus = Act(trigger=trigger, hand=Hand(actor=by), data=data, evidence=evidence)
        came = list(flow.handle_each((n, act) for n in numbers))
        if not all(isinstance(c, Outcome) for c in came):
            raise RuntimeError(f"{trigger} was refused: {came[0]}")


def _alone(link: Any) -> Callable[[Any], Any]:
    def write(work: Callable[[Any], Any]) -> Any:
        with link.transaction() as cursor:
            return work(cursor)

    return write
