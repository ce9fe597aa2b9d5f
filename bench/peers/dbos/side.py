# noqa: INP001 a folder, no package: as a package it would hide the library it is called after
# mypy: ignore-errors
# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false
# These libraries are in the environment of this peer only, where no checker looks.
"""DBOS: one durable workflow of five steps for each hazard; each step is recorded in DBOS's own system database.

The steps check the person's role and the guard and return the fields as they are then; nothing else is written: no ticket,
no history, no timers, no outbox. On SQLite the file is set to WAL before DBOS opens it (synchronous=FULL is what it runs
with), which is twice as fast as the rollback journal it would make. `--postgres URL` uses that database instead, which has
to exist and gets a schema `dbos`; `--threads 8` calls that many workflows at the same time.
"""

from __future__ import annotations

import argparse
import sqlite3
from pathlib import Path

from dbos import DBOS, DBOSConfig
from hazard import PEOPLE, REPORT, STEPS, guard, may
from serving import in_threads, serve

Fields = dict[str, str | int]
BY_TRIGGER = {step.trigger: step for step in STEPS}


@DBOS.step()
def take(trigger: str, fields: Fields, taken: dict[str, str]) -> Fields:
    """Do one step and return what is known after it."""
    step = BY_TRIGGER[trigger]
    now = {**fields, **step.data}
    if not may(step, PEOPLE[step.actor]) or not guard(step, now, taken):
        raise PermissionError(trigger)
    return now


@DBOS.workflow()
def hazard(fields: Fields) -> str:
    """Live through one hazard."""
    taken = {"report": REPORT.actor}
    for step in STEPS:
        fields = take(step.trigger, fields, taken)
        taken[step.trigger] = step.actor
    return STEPS[-1].target


def lifecycle() -> None:
    """Start a workflow and wait for its end."""
    if hazard(dict(REPORT.data)) != "closed":
        raise RuntimeError("the workflow has not come to its end")


def new_file(file: Path) -> str:
    """Make an SQLite file that stays on WAL for whoever opens it, and return its address."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=WAL")
    if connection.execute("PRAGMA synchronous").fetchone() != (2,):
        raise RuntimeError("this Python's SQLite does not run with synchronous=FULL by default")
    connection.close()
    return f"sqlite:///{file}"


def main() -> None:
    """Launch DBOS and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    url = args.postgres or new_file(Path("dbos.db").absolute())
    config: DBOSConfig = {"name": "peer", "system_database_url": url, "log_level": "WARNING"}
    DBOS(config=config)
    DBOS.launch()
    try:
        serve(in_threads(lifecycle, args.threads))
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main()
