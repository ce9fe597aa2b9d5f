"""Logs of the worker: one line each, in Chinese and local time for people, or as JSON in UTC for programs.

The library itself only uses `logging`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

from rectiflow.engine.moments import ZONE

__all__ = ["human_line", "set_up_logs"]

_SIGNS = {"warning": "注意：", "error": "出错：", "critical": "出错："}
_QUIET = (
    "apscheduler",
    "sqlalchemy.pool",
)  #: what they say in English of jobs and connections, the worker says in Chinese


def set_up_logs(*, as_json: bool = False) -> None:
    """Send our logs to standard error, as plain lines or (for collectors) as JSON."""
    import structlog

    shared: list[Any] = (
        [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper("iso", utc=True),
        ]
        if as_json
        else [structlog.stdlib.add_log_level, _stamp]
    )
    last: Callable[..., Any] = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else human_line
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logger = logging.getLogger("rectiflow")
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    for name in _QUIET:
        other = logging.getLogger(name)
        other.handlers[:] = [logging.NullHandler()]
        other.propagate = False


def human_line(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> str:
    """Write a line for a person: local time, a word where something is wrong, what happened; a traceback goes below."""
    line = f"{event['timestamp']} {_SIGNS.get(event['level'], '')}{event['event']}"
    return f"{line}\n{event['exception']}" if event.get("exception") else line


def _stamp(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    record: logging.LogRecord | None = event.get("_record")
    moment = datetime.fromtimestamp(record.created, UTC) if record else datetime.now(UTC)
    event["timestamp"] = f"{moment.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return event
