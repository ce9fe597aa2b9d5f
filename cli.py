"""The command line: the Safety Section's hand. Thin: commands live in `commands/`, decisions in the engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from rectiflow.commands._context import Session
from rectiflow.commands._root import RootGroup, add_commands, run

__all__ = ["app", "main"]

app = typer.Typer(
    name="rectiflow",
    cls=RootGroup,
    help="隐患整改工作流引擎：上报、交办、整改、复查、销号。",
    no_args_is_help=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="工作区设置文件 rectiflow.toml", metavar="文件")
    ] = None,
    db: Annotated[
        str | None, typer.Option("--db", help="数据库地址，优先于设置文件", metavar="URL", envvar="RECTIFLOW_DB")
    ] = None,
    acting: Annotated[str | None, typer.Option("--as", help="以谁的身份办理（需要权限）", metavar="人员")] = None,
    now: Annotated[
        str | None, typer.Option("--now", help="演练时的当前时间，如 2024-09-30T09:00", metavar="时间")
    ] = None,
) -> None:
    """隐患整改工作流引擎：上报、交办、整改、复查、销号。"""
    made = Session(config=config, db=db, acting=acting, now=now)
    context.obj = made
    context.call_on_close(made.close)
    if context.invoked_subcommand is None:
        from rectiflow.commands.today import show_today

        show_today(made, week=False, as_json=False)


add_commands(app)


def main() -> None:
    """Run the command line; exit 0 done, 1 refused or check failed, 2 wrong usage, 130 interrupted."""
    sys.exit(run(app))
