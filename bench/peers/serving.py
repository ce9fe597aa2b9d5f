"""What every side shares: it waits for `run SECONDS`, does lifecycles for so long, and answers with one line of JSON.

`quit`, or the end of its input, ends it. Files go into the current folder, which is empty at the start.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection

__all__ = ["PRAGMAS", "in_processes", "in_threads", "repeated", "serve"]

#: What the engine itself sets: every commit is on the disk before the next step begins.
PRAGMAS = ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA foreign_keys=ON")

Once = Callable[[], object]  #: one lifecycle
Run = Callable[[float], int]  #: lifecycles for so many seconds; returns how many


def serve(run: Run) -> None:
    """Answer until told to quit. What libraries print goes to standard error, so that it is not taken for an answer."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        word, *rest = line.split() or [""]
        if word == "quit":
            break
        if word == "run":
            began = time.perf_counter()
            done = run(float(rest[0]))
            print(json.dumps({"lifecycles": done, "seconds": time.perf_counter() - began}), file=answers, flush=True)


def repeated(once: Once) -> Run:
    """Do it again and again until the time is over."""

    def run(seconds: float) -> int:
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            once()
            done += 1
        return done

    return run


def in_threads(once: Once, count: int) -> Run:
    """Do it in so many threads at the same time; the first that fails fails the run."""

    def run(seconds: float) -> int:
        with ThreadPoolExecutor(count) as pool:
            return sum(pool.map(repeated(once), [seconds] * count))

    return run


@contextmanager
def in_processes(make: Callable[[int], Once], count: int) -> Generator[Run]:
    """Do it in so many processes at the same time; each makes what it needs when it starts, told its number."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(count)]
    workers = [context.Process(target=_work, args=(make, i, there), daemon=True) for i, (_, there) in enumerate(pipes)]
    for worker in workers:
        worker.start()
    for _, there in pipes:
        there.close()
    ours = [here for here, _ in pipes]

    def run(seconds: float) -> int:
        for pipe in ours:
            pipe.send(seconds)
        return sum(_answer(pipe) for pipe in ours)

    try:
        for pipe in ours:
            _answer(pipe)
        yield run
    finally:
        for pipe, worker in zip(ours, workers, strict=True):
            pipe.close()
            worker.join(timeout=10)


def _work(make: Callable[[int], Once], index: int, pipe: Connection) -> None:
    try:
        run = repeated(make(index))
        pipe.send((0, ""))
        while True:
            pipe.send((run(pipe.recv()), ""))
    except EOFError:
        return
    except Exception as exc:  # noqa: BLE001 whatever it is, it is told to who asked
        pipe.send((0, f"{type(exc).__name__}: {exc}"))


def _answer(pipe: Connection) -> int:
    done, wrong = pipe.recv()
    if wrong:
        raise RuntimeError(wrong)
    return int(done)
