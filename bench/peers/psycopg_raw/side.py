# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""PostgreSQL without anything in between: psycopg, statement by statement, exactly the rows of the engine.

It reads a file of statements (`python -m bench.rows`): what one lifecycle of the engine wrote, commit by commit. Each client
is a process with a connection of its own. For each commit it reads the ticket as the engine does, then BEGIN, the statements
one by one under a number of its own, COMMIT. All values are made already: no roles, guards, clocks or hash chain. psycopg
prepares what it has sent five times. The database has to have the engine's tables.
"""

from __future__ import annotations

import argparse
import functools
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import psycopg
from serving import in_processes, serve


def client(url: str, file: Path, run: str, index: int) -> Callable[[], None]:
    """Connect; return one lifecycle."""
    connection = psycopg.connect(url, autocommit=True)
    cursor = connection.cursor()
    told = json.loads(file.read_text("utf-8"))
    commits, load, number = told["commits"], told["load"], told["number"]
    count = 0

    def once() -> None:
        nonlocal count
        count += 1
        own = f"{run}{index}-2024-{count:06d}"
        for place, commit in enumerate(commits):
            if place:
                cursor.execute(load, [own]).fetchone()
            cursor.execute("BEGIN")
            for sql, values in commit:
                cursor.execute(sql, [v.replace(number, own) if isinstance(v, str) else v for v in values])
            cursor.execute("COMMIT")

    return once


def main() -> None:
    """Start the clients and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", metavar="URL", required=True)
    parser.add_argument("--statements", metavar="FILE", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=1)
    args = parser.parse_args()
    make = functools.partial(client, args.postgres, args.statements, f"RAW{secrets.token_hex(3)}C")
    with in_processes(make, args.clients) as run:
        serve(run)


if __name__ == "__main__":
    main()
