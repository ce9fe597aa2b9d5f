"""Workplaces for tests: a rehearsal of the sample district, with a few hazards on their way."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import URL, insert, make_url, select

from rectiflow._clock import SetClock
from rectiflow._organisation import import_organisation
from rectiflow._settings import read_settings
from rectiflow._workplace import Workplace, make_workplace
from rectiflow.engine.moments import at_hour
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from rectiflow.workflows.sample.loader import write_organisation_workbook

_QUICK = {"RECTIFLOW_WORKER__TICK_SECONDS": "1", "RECTIFLOW_WORKER__SEND_SECONDS": "1"}
MONDAY = date(2024, 9, 2)


def sample_workplace(
    folder: Path, *, db: str | None = None, day: date = MONDAY, code: str | None = None, prefix: str | None = None
) -> Workplace:
    """Make a rehearsal workplace with the sample district's people; its clock stands at nine.

    Args:
        code, prefix: of the district, where it is not to be the sample's own.
    """
    if db is None and code is None and prefix is None:
        shutil.copytree(_made_once(day), folder, dirs_exist_ok=True)
        return _opened(folder, day)
    if db is not None and db.startswith("postgresql") and code is None and prefix is None and _is_empty(db):
        return _copied(folder, day, make_url(db))
    return _made(folder, day, db=db, code=code, prefix=prefix)


def _opened(folder: Path, day: date) -> Workplace:
    return Workplace(folder, read_settings(folder / "rectiflow.toml"), SetClock(at_hour(day, 9)), rehearsal=True)


def _copied(folder: Path, day: date, url: URL) -> Workplace:
    """Make a workplace on an empty PostgreSQL database by copying one that this process has made."""
    server = url.set(database="postgres").render_as_string(hide_password=False)
    made, template = _made_on(server, day)
    own, of = sql.Identifier(str(url.database)), sql.Identifier(template)
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(own))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(own, of))
    shutil.copytree(made, folder, dirs_exist_ok=True)
    file = folder / "rectiflow.toml"
    file.write_text(file.read_text("utf-8").replace(template, str(url.database)), "utf-8")
    return _opened(folder, day)


@cache
def _made_on(server: str, day: date) -> tuple[Path, str]:
    """Make the workplace of a day once for this process and server; return its folder and its database."""
    folder, name = Path(tempfile.mkdtemp(prefix="rft-place-")), f"made_{uuid.uuid4().hex}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    _made(folder, day, db=url).flow.close()
    return folder, name


def _is_empty(db: str) -> bool:
    with psycopg.connect(db.replace("+psycopg", "")) as connection:
        return connection.execute("SELECT to_regclass('rectiflow_ticket')").fetchone() == (None,)


@cache
def _made_once(day: date) -> Path:
    """Make the workplace of a day once for this process; copies of it are quicker."""
    folder = Path(tempfile.mkdtemp(prefix="rft-place-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _made(folder, day).flow.close()
    return folder


def _made(
    folder: Path, day: date, *, db: str | None = None, code: str | None = None, prefix: str | None = None
) -> Workplace:
    file = make_workplace(folder, rehearsal=True, db=db, code=code, prefix=prefix)
    place = Workplace(folder, read_settings(file), SetClock(at_hour(day, 9)), rehearsal=True)
    workbook = folder / "people.xlsx"
    write_organisation_workbook(workbook)
    import_organisation(place.flow, workbook)
    return place


def assigned(place: Workplace, count: int, *, days: int = 10) -> list[str]:
    """Report and assign hazards due in some days; return their numbers."""
    flow, numbers = place.flow, list[str]()
    directory, today = flow.directory(), flow.today()
    safety = directory.holders("safety_section", None, today)[0]
    for index in range(count):
        ticket = flow.report(
            "hazard",
            by=safety,
            source="bureau",
            found_on=today,
            category="fire",
            unit="town1_school2",
            description=f"第 {index + 1} 处疏散通道堆放杂物",
        )
        person = directory.holders("safety_officer", "town1_school2", today)[0]
        flow.do(ticket.number, "assign", by=safety, responsible_person=person, due_on=today + timedelta(days=days))
        numbers.append(ticket.number)
    return numbers


def multiplied(place: Workplace, number: str, count: int) -> None:
    """Store many hazards that stand as this one does, with its deadlines; their histories begin with its own."""
    engine = place.flow.store.engine
    with writing(engine) as connection:
        for name in ("ticket", "clock", "timer"):
            t = table(name)
            rows = [dict(r) for r in connection.execute(select(t).where(t.c.number == number)).mappings()]
            copies: list[dict[str, Any]] = [
                {**row, "number": f"LZH-2023-{n:06d}", **({"host_key": None} if name == "ticket" else {})}
                for n in range(1, count + 1)
                for row in rows
            ]
            connection.execute(insert(t), copies)


@contextmanager
def rectiflow_process(
    folder: Path,
    arguments: Sequence[str],
    *,
    variables: Mapping[str, str] = MappingProxyType({}),
    program: str | None = None,
) -> Generator[subprocess.Popen[str]]:
    """Run the command line in a process of its own; killed at the end if it still runs.

    Args:
        variables: of the environment, beside ours.
        program: Python text that runs the command line, in place of `-m rectiflow`.
    """
    process = subprocess.Popen(
        [sys.executable, *(("-c", program) if program else ("-m", "rectiflow")), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **_QUICK, "PYTHONUNBUFFERED": "1", "COLUMNS": "80", **variables},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, str]:
    """Ask a process to end and return its exit code with what it wrote to standard error."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def wait_until(true: Callable[[], bool], *, seconds: float = 60) -> None:
    """Look every tenth of a second until something another process does has come true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError("what was waited for did not happen")
        time.sleep(0.1)
