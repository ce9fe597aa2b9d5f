"""The command line: thin, every command a few lines over the public API."""

from __future__ import annotations

import typer

app = typer.Typer(name="rectiflow", help="隐患整改工作流引擎：上报、交办、整改、复查、销号。", no_args_is_help=True)


@app.callback()
def root() -> None:
    """隐患整改工作流引擎。"""


def main() -> None:
    """Run the command line."""
    app()
