"""Ours on PostgreSQL with several client processes: `python -m bench.clients URL --clients 8`, driven line by line.

`run 2.0` lets every client live hazards for two seconds and answers with one JSON line; `quit` ends it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.moments import at_hour

from .lifecycle import MONDAY, NoFiles, through_the_api


def main() -> None:
    """Start the clients and pass the lines on to them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=8)
    given = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ends: list[Connection] = []
    for _ in range(given.clients):
        ours, theirs = context.Pipe()
        context.Process(target=client, args=(given.url, theirs), daemon=True).start()
        ends.append(ours)
    for end in ends:
        end.recv()
    for said in sys.stdin:
        if said.strip() == "quit":
            break
        seconds = float(said.split()[1])
        began = time.perf_counter()
        for end in ends:
            end.send(seconds)
        done = sum(end.recv() for end in ends)
        print(json.dumps({"lifecycles": done, "seconds": time.perf_counter() - began}), flush=True)


def client(url: str, end: Connection) -> None:
    """Live hazards whenever told to."""
    flow = Rectiflow.open(url, clock=SetClock(at_hour(MONDAY, 9)), evidence=NoFiles(), create=False)
    through_the_api(flow)
    end.send(0)
    while True:
        try:
            seconds = end.recv()
        except EOFError:
            return
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            through_the_api(flow)
            done += 1
        end.send(done)


if __name__ == "__main__":
    main()
