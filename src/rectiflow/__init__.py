"""Rectiflow: the workflow engine for hazard-rectification tickets (隐患整改工作流引擎).

The public API on one page; everything is imported when it is first used, so `import rectiflow` is cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rectiflow._clock import Clock as Clock
    from rectiflow._clock import SetClock as SetClock
    from rectiflow._clock import SystemClock as SystemClock
    from rectiflow._flow import Outcome as Outcome
    from rectiflow._flow import Rectiflow as Rectiflow
    from rectiflow._workplace import Workplace as Workplace
    from rectiflow.engine.errors import Conflict as Conflict
    from rectiflow.engine.errors import JoinError as JoinError
    from rectiflow.engine.errors import NotFound as NotFound
    from rectiflow.engine.errors import Reason as Reason
    from rectiflow.engine.errors import RectiflowError as RectiflowError
    from rectiflow.engine.errors import Refused as Refused
    from rectiflow.engine.errors import WorkflowInvalid as WorkflowInvalid
    from rectiflow.engine.errors import WorkplaceError as WorkplaceError
    from rectiflow.storage.queries import TicketFilter as TicketFilter

__version__ = "0.1.0"

__all__ = [
    "Clock",
    "Conflict",
    "JoinError",
    "NotFound",
    "Outcome",
    "Reason",
    "Rectiflow",
    "RectiflowError",
    "Refused",
    "SetClock",
    "SystemClock",
    "TicketFilter",
    "WorkflowInvalid",
    "Workplace",
    "WorkplaceError",
]

_HOMES = {
    "Clock": "rectiflow._clock",
    "Conflict": "rectiflow.engine.errors",
    "JoinError": "rectiflow.engine.errors",
    "NotFound": "rectiflow.engine.errors",
    "Outcome": "rectiflow._flow",
    "Reason": "rectiflow.engine.errors",
    "Rectiflow": "rectiflow._flow",
    "RectiflowError": "rectiflow.engine.errors",
    "Refused": "rectiflow.engine.errors",
    "SetClock": "rectiflow._clock",
    "SystemClock": "rectiflow._clock",
    "TicketFilter": "rectiflow.storage.queries",
    "WorkflowInvalid": "rectiflow.engine.errors",
    "Workplace": "rectiflow._workplace",
    "WorkplaceError": "rectiflow.engine.errors",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
