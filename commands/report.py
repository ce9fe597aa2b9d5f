"""Reports: the month's figures as Word and HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._output import print_json, say

__all__ = ["report"]


def report(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="月报", metavar="种类")],
    period: Annotated[str, typer.Option("--period", help="期间，如 2024-11", metavar="期间")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="写到这个文件，后缀 .docx 或 .html；不写则存入工作区 reports", metavar="文件"),
    ] = None,
    cutoff: Annotated[
        str | None, typer.Option("--cutoff", help="数据截止时间，如 2024-12-02；默认现在", metavar="日期")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """做报表：整改率、按期整改率、整改时长、逾期，按单位和类别；表下印有口径，合计与明细自动核对。"""
    from rectiflow._monthly import make_monthly
    from rectiflow._views import moment
    from rectiflow.engine.errors import InputUnusable

    if kind not in ("monthly", "月报"):
        raise InputUnusable(f"没有“{kind}”这种报表，目前可做：月报。")
    made = session(context)
    wanted = made.place.settings.report
    done = make_monthly(
        made.flow,
        period,
        folder=made.place.path(wanted.folder),
        out=out,
        cutoff=moment(cutoff) if cutoff else None,
        by=made.person,
        closing_day=wanted.closing_day,
        issuer=wanted.issuer,
    )
    if as_json:
        print_json({"period": done.period, "edition": done.edition, "paths": done.paths})
        return
    say(f"{done.title}已做好（第 {done.edition} 版）：")
    for path in done.paths:
        say(f"  {path}")
