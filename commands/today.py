"""Today's work: what is due, overdue, and waits; in a terminal with choices that lead to the doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._options import AsJson
from ._output import is_terminal, print_json

if TYPE_CHECKING:
    from ._context import Session

__all__ = ["show_today", "today"]


def today(
    context: typer.Context,
    week: Annotated[bool, typer.Option("--week", help="看 7 天之内到期的")] = False,
    as_json: AsJson = False,
) -> None:
    """今天的工作：逾期、到期、待签收、待复查、待审批、待签发、待打电话、未送达、待处理事项。"""
    show_today(session(context), week=week, as_json=as_json)


def show_today(made: Session, *, week: bool, as_json: bool) -> None:
    """Show today's work; in a terminal, let the person pick and act until he leaves."""
    from rectiflow._today import today as look

    from ._daily import show, work

    if as_json:
        print_json(look(made.flow, by=made.person, week=week))
    elif is_terminal():
        work(made, week=week)
    else:
        show(look(made.flow, by=made.person, week=week))
