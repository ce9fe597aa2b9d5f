"""The disk of an SQLite file fills up, wherever the room ends. What is written is whole, and with room again all goes on."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Barrier, Thread

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import WorkplaceError
from rectiflow.storage import queries
from rectiflow.storage.connect import make_engine
from support.broken import Keep, complaint, forward, full_disk, limit_pages, standing, steps_behind, steps_taken
from support.stores import NOW, assigned, counts, office, open_office, reported

FULL = "所在的磁盘已满，什么也没有写入；请清理磁盘后重试。"


def together(works: list[Callable[[], None]]) -> None:
    """Do things at the same time."""
    threads = [Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_the_disk_fills_up_in_a_sweep(path: Path, untroubled: Rectiflow, kept: Keep) -> None:
    """Wherever the room ends: said so, what is written is whole; with room again every due step is taken once."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    for office_ in (flow, untroubled):
        for n in range(30):
            assigned(office_, days=3 + n % 3)
    forward(flow, untroubled, days=14)
    untroubled.tick()
    said = Counter[str]()
    for more in itertools.count():
        with full_disk(flow, more):
            complained = complaint(lambda: flow.tick(limit=7))
        if complained is None:
            break
        said[complained] += 1
        assert steps_behind(flow) == steps_taken(flow)
        assert [b for *_, breaks in flow.audit() for b in breaks] == []
        forward(flow, minutes=3)  # the leases of what was claimed are over
    assert set(said) == {f"数据库“{path}”{FULL}"}
    assert said.total() > 3
    flow.tick()
    assert standing(flow) == standing(untroubled)
    assert queries.incidents(flow.store.engine, flow.district) == []


def test_the_disk_fills_up_in_an_action(path: Path, kept: Keep) -> None:
    """Wherever the room ends: nothing of the action is written, and it can be done when there is room again."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    refused = 0
    for _ in range(8):
        number = reported(flow).number
        before = counts(flow.store.engine), flow.ticket(number)
        for more in itertools.count():
            with full_disk(flow, more):
                said = complaint(partial(flow.void, number, by="chief", reason="重复登记" * 900))
            if said is None:
                break
            assert said == f"数据库“{path}”{FULL}"
            refused += 1
            assert (counts(flow.store.engine), flow.ticket(number)) == before
        assert [e.kind for e in flow.history(number)] == ["reported", "voided"]
    assert refused > 8
    assert [b for *_, breaks in flow.audit() for b in breaks] == []


def test_the_disk_fills_up_under_many_threads(path: Path, kept: Keep) -> None:
    """They share commits: who is told that it is done has it on record, everybody else is told why not."""
    flow = kept(open_office(make_engine(f"sqlite:///{path}")))
    begin, done, faults = Barrier(8), list[str](), list[Exception]()

    def work(letter: str) -> None:
        limit_pages(flow, 60)
        begin.wait()
        try:
            for _ in range(100):
                done.append(reported(flow, description=letter * 2500).number)
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    together([partial(work, letter) for letter in "甲乙丙丁戊己庚辛"])
    assert {(type(f), str(f)) for f in faults} == {(WorkplaceError, f"数据库“{path}”{FULL}")}
    assert len(faults) == 8
    assert sorted(done) == [t.number for t in flow.tickets()] == [f"LZH-2024-{n + 1:06d}" for n in range(len(done))]
    assert [(lines, breaks) for _, lines, breaks in flow.audit()] == [(1, ())] * len(done)
    flow.store.close()  # the threads' connections, which are limited, with them
    assert assigned(flow).number == f"LZH-2024-{len(done) + 1:06d}"


def test_the_disk_fills_up_under_sweeping_threads(path: Path, untroubled: Rectiflow, kept: Keep) -> None:
    """Several workers in one process sweep into a full disk; with room again each due step is taken once."""
    clock = SetClock(NOW)
    flow = kept(open_office(make_engine(f"sqlite:///{path}"), clock=clock))
    for office_ in (flow, untroubled):
        for n in range(24):
            assigned(office_, days=3 + n % 3)
    clock.forward(days=14)
    forward(untroubled, days=14)
    untroubled.tick()
    begin, faults = Barrier(4), list[Exception]()

    def work(owner: int) -> None:
        limit_pages(flow, 4)
        begin.wait()
        worker = kept(office(flow.store.engine, clock=clock))
        worker.store, worker.owner = flow.store, f"w{owner}"
        try:
            worker.tick(limit=2)
        except Exception as exc:  # noqa: BLE001 it is looked at below
            faults.append(exc)

    together([partial(work, n) for n in range(4)])
    assert {(type(f), str(f)) for f in faults} == {(WorkplaceError, f"数据库“{path}”{FULL}")}
    flow.store.close()
    clock.forward(minutes=3)
    flow.tick()
    assert standing(flow) == standing(untroubled)
