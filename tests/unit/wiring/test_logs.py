"""Log lines: for people in Chinese and local time, for programs as JSON in UTC."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from rectiflow._logs import set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Leave the loggers as they were."""
    kept = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in map(logging.getLogger, _NAMES)]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


_NAMES = ("rectiflow", "apscheduler")


def _say(level: int, text: str, *, failing: bool = False) -> None:
    """Log one line at half past nine on 16 September in China."""
    logger = logging.getLogger("rectiflow.worker")
    error = ValueError("kaputt")
    info = (ValueError, error, None) if failing else None
    record = logger.makeRecord(logger.name, level, __file__, 1, text, (), info)
    record.created = datetime(2024, 9, 16, 1, 30, 5, tzinfo=UTC).timestamp()
    logger.handle(record)


def test_a_line_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    """Local time and what happened; no level, no logger; a sign where something is wrong."""
    set_up_logs()
    _say(logging.INFO, "到期 3 项，逐级督办 4 步")
    _say(logging.WARNING, "错过了一次")
    _say(logging.ERROR, "连不上")
    assert capsys.readouterr().err.splitlines() == [
        "2024-09-16 09:30:05 到期 3 项，逐级督办 4 步",
        "2024-09-16 09:30:05 注意：错过了一次",
        "2024-09-16 09:30:05 出错：连不上",
    ]


def test_what_nobody_foresaw_comes_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Below the line stands what the maintainer needs."""
    set_up_logs()
    _say(logging.ERROR, "月报出错，下一次再试", failing=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "2024-09-16 09:30:05 出错：月报出错，下一次再试"
    assert lines[-1] == "ValueError: kaputt"


def test_a_line_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON keeps level, logger and UTC."""
    set_up_logs(as_json=True)
    logging.getLogger("rectiflow.worker").warning("错过了一次")
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["level"], told["logger"]) == ("错过了一次", "warning", "rectiflow.worker")
    assert told["timestamp"].endswith("Z")


def test_the_scheduler_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    """What it says of our jobs in English, the worker says in Chinese."""
    set_up_logs()
    logging.getLogger("apscheduler.scheduler").warning("Execution of job skipped")
    assert capsys.readouterr().err == ""
