"""The history's proof: chains checked, and taken out whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._output import print_json, say, warn

app = typer.Typer(help="办理记录：核对校验链，导出。", no_args_is_help=True)

__all__ = ["app"]


@app.command("verify")
def verify(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """核对每条隐患的办理记录有没有被改动、缺失；有问题时退出码为 1。"""
    made = session(context)
    made.guarded = False
    checked = list(made.flow.audit())
    breaks = [*made.flow.guard_breaks(), *(b for _, _, found in checked for b in found)]
    if as_json:
        print_json({"tickets": len(checked), "events": sum(n for _, n, _ in checked), "breaks": breaks})
    else:
        for b in breaks:
            warn(f"{b.number} 第 {b.seq} 条：{b.message}")
        say(
            f"核对 {len(checked)} 条隐患、{sum(n for _, n, _ in checked)} 条办理记录："
            + (f"{len(breaks)} 处有问题。" if breaks else "全部完好。")
        )
    if breaks:
        raise typer.Exit(1)


@app.command("export")
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="写到这个文件（每行一条 JSON）", metavar="文件")],
    private: Annotated[bool, typer.Option("--private", help="连人员和文字部分一起导出")] = False,
) -> None:
    """把全部办理记录导出为 JSON 行，供另存或第三方核对。"""
    from msgspec.structs import asdict

    from rectiflow._files import write_atomically
    from rectiflow._identity import require_grant, require_keeper
    from rectiflow.engine.visibility import SEE_RESTRICTED

    made = session(context)
    require_keeper(made.flow, made.person, "导出办理记录")
    if private:
        require_grant(made.flow, made.person, SEE_RESTRICTED, "查看受限类别")
    hidden = () if private else ("private", "salt")
    lines = [
        json.dumps({k: v for k, v in asdict(e).items() if k not in hidden}, ensure_ascii=False, default=str)
        for e in made.flow.histories()
    ]
    write_atomically(out, ("\n".join(lines) + "\n").encode())
    say(f"已导出 {len(lines)} 条办理记录到 {out}。")
