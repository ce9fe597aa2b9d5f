"""The table of contents: which commands there are, in which order, under which heading."""

from __future__ import annotations

from functools import cache
from typing import Any

import typer

from . import (
    audit,
    call,
    clockwork,
    health,
    inbox,
    incident,
    inspection,
    ledger,
    notice,
    outbox,
    person,
    report,
    request,
    setup,
    template,
    ticket,
    today,
    unit,
    workflow,
)
from ._faults import guarded
from ._usage import ChineseCommand, ChineseGroup, localize, speak_chinese

__all__ = ["RootGroup", "add_commands", "run", "speak_chinese"]

_DAILY, _PAPERS, _PEOPLE, _CLOCK, _KEEPING = "日常办理", "台账和报表", "单位和人员", "时限和消息", "流程和工作区"
_GROUPS = (
    ("inspection", inspection.app, _DAILY),
    ("ticket", ticket.app, _DAILY),
    ("request", request.app, _DAILY),
    ("notice", notice.app, _DAILY),
    ("call", call.app, _DAILY),
    ("ledger", ledger.app, _PAPERS),
    ("unit", unit.app, _PEOPLE),
    ("person", person.app, _PEOPLE),
    ("outbox", outbox.app, _CLOCK),
    ("inbox", inbox.app, _CLOCK),
    ("incident", incident.app, _CLOCK),
    ("template", template.app, _CLOCK),
    ("workflow", workflow.app, _KEEPING),
    ("audit", audit.app, _KEEPING),
)
_COMMANDS = (
    ("today", today.today, _DAILY),
    ("report", report.report, _PAPERS),
    ("tick", clockwork.tick, _CLOCK),
    ("run", clockwork.run, _CLOCK),
    ("health", health.health, _CLOCK),
    ("init", setup.init, _KEEPING),
    ("doctor", setup.doctor, _KEEPING),
    ("demo", setup.demo, _KEEPING),
)


class RootGroup(ChineseGroup):
    """The whole command line, in the order of a working day."""

    order = (
        *(
            "today",
            "inspection",
            "ticket",
            "request",
            "notice",
            "call",
            "ledger",
            "report",
            "unit",
            "person",
            "tick",
            "run",
            "health",
            "outbox",
            "inbox",
        ),
        *("incident", "template", "workflow", "audit", "init", "doctor", "demo"),
    )


def add_commands(app: typer.Typer) -> None:
    """Register every command and group."""
    for name, group, heading in _GROUPS:
        for info in group.registered_commands:
            info.cls = ChineseCommand
        app.add_typer(group, name=name, cls=ChineseGroup, rich_help_panel=heading)
    for name, function, heading in _COMMANDS:
        app.command(name, cls=ChineseCommand, rich_help_panel=heading)(function)


def run(app: typer.Typer) -> int:
    """Run the command line on the arguments of this process and return its exit code."""
    command = _command(app)
    return guarded(lambda: command.main(prog_name="rectiflow", standalone_mode=False) or 0)


@cache
def _command(app: typer.Typer) -> Any:
    """Build the tree of commands once in a process: it takes longer than many a command."""
    return localize(typer.main.get_command(app))
