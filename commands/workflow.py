"""Workflows: which there are, what they say, whether a definition is sound, and how it plays."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._context import session
from ._output import print_json, say, table, warn

app = typer.Typer(help="流程：列表、查看、检查定义、跑情景测试。", no_args_is_help=True)

__all__ = ["app"]


@app.command("list")
def list_workflows(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """列出可用的流程。"""
    found = session(context).workflows
    rows = [
        {"id": w.id, "title": w.title, "version": w.version, "severity": w.severity, "states": len(w.states)}
        for w in found.values()
    ]
    if as_json:
        print_json(rows)
        return
    table("流程", ("编码", "名称", "版本", "环节数"), ((r["id"], r["title"], r["version"], r["states"]) for r in rows))


@app.command("show")
def show_workflow(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="流程编码或名称", metavar="流程")],
) -> None:
    """查看一个流程：环节和轮到谁、操作、时限和逐级督办、申请。"""
    from rectiflow.engine.errors import NotFound
    from rectiflow.engine.vocabulary import STAGES

    from ._spans import ladder, length

    found = session(context).workflows
    w = found.get(name) or next((x for x in found.values() if x.title == name), None)
    if w is None:
        raise NotFound(f"没有流程“{name}”，可用：{'、'.join(x.title for x in found.values())}。")
    say(f"{w.title}（{w.id} v{w.version}）")
    role = {r.id: r.title for r in w.roles.values()}
    states = ((s.title, STAGES[s.stage], role.get(s.task or "", "")) for s in w.states.values())
    table("环节", ("环节", "阶段", "轮到谁"), states)
    moves = (
        (t.title, "、".join(w.states[s].title for s in t.sources), w.states[t.target].title if t.target else "改判",
         "、".join(role[r] for r in t.by))
        for t in w.transitions
    )  # fmt: skip
    table("操作", ("操作", "从", "到", "谁办"), moves)
    clocks = ((c.title, length(w, c), ladder(w, c)) for c in w.clocks.values())
    table("时限", ("时限", "长短", "逐级督办"), clocks)
    asked = ((r.title, "、".join(role.get(b, "到期自动提出") for b in r.by), r.limit) for r in w.requests.values())
    table("申请", ("申请", "谁提", "最多次数"), asked)


@app.command("check")
def check(
    files: Annotated[list[Path], typer.Argument(help="流程定义文件（.yaml）", metavar="文件...")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """检查流程定义：所有问题一次说全，带行号和列号；有错时退出码为 1。"""
    from rectiflow._scenarios import check_files

    failed, shown = 0, list[object]()
    for path, workflow, problems in check_files(files):
        failed += workflow is None
        shown += problems
        for problem in problems if not as_json else ():
            warn(str(problem))
        if not as_json:
            say(
                f"{path}："
                + (f"通过（{workflow.title} v{workflow.version}）" if workflow else "不能用，请改正上列问题")
            )
    if as_json:
        print_json(shown)
    if failed:
        raise typer.Exit(1)


@app.command("test")
def play_scenarios(
    files: Annotated[
        list[Path] | None, typer.Argument(help="情景文件；不写为内置流程的全部情景", metavar="[文件]...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """在示例区、虚拟时钟下把情景跑一遍；有不符的，说明在哪一行、应是什么、实际是什么。"""
    from rectiflow._scenarios import builtin_scenarios, play, read_source

    results = list(play([read_source(f) for f in files] if files else builtin_scenarios()))
    failures = [f for r in results for f in (*r.problems, *r.failures)]
    if as_json:
        print_json([{"source": r.source, "stories": r.stories, "passed": r.passed} for r in results])
    else:
        for failure in failures:
            warn(str(failure))
        count = sum(len(r.stories) for r in results)
        say(f"{len(results)} 个文件、{count} 个情景：" + (f"{len(failures)} 处不符。" if failures else "全部通过。"))
    if failures:
        raise typer.Exit(1)
