"""Logs of the worker: one line each, for people or as JSON. The library itself only uses `logging`."""

from __future__ import annotations

import logging
import sys
from typing import Any

__all__ = ["set_up_logs"]


def set_up_logs(*, as_json: bool = False) -> None:
    """Send our logs to standard error, as plain lines or (for collectors) as JSON."""
    import structlog

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper("iso", utc=True),
    ]
    last = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
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
