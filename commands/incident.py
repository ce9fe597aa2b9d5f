"""Incidents: what the machine could not do alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._context import Session, session
from ._output import print_json, say

if TYPE_CHECKING:
    from rectiflow._incidents import IncidentView

app = typer.Typer(help="待处理事项：列表、查看、重试、结束。", no_args_is_help=True)

__all__ = ["app"]

_KINDS = {
    "nobody": "无人办理",
    "message": "消息未送达",
    "timer": "定时任务失败",
    "handover": "交接没有办成",
    "setup": "设置有误",
    "report": "报表没有做成",
}
#: By what an incident is about, where that says more than its kind.
_SUBJECTS = {"channel": "通道不通", "returned": "消息退回", "address": "地址停发", "unreached": "联系不上"}
_Id = Annotated[str, typer.Argument(help="待处理事项的编号", metavar="编号")]


@app.command("list")
def list_incidents(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="连已结束的一起列")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """列出待处理事项，新的在前。"""
    from rectiflow._incidents import incidents
    from rectiflow.engine.moments import ZONE

    from ._layout import put, put_beside

    found = incidents(_keeper(context).flow, open_only=not everything)
    if as_json:
        print_json(found)
        return
    for i in found:
        when = f"{i.opened_at.astimezone(ZONE):%m-%d %H:%M}"
        closed = "  已结束" if i.closed_at else ""
        put(f"{i.id}  {when}  {_title(i)}  {i.number or ''}{closed}".rstrip())
        put_beside(((" ", 2),), i.message)
    say(f"共 {len(found)} 件。查看：rectiflow incident show 编号" if found else "没有待处理事项。")


@app.command("show")
def show_incident(context: typer.Context, incident: _Id) -> None:
    """查看一件待处理事项，已结束的也可以。"""
    from rectiflow._incidents import find_incident
    from rectiflow.engine.moments import ZONE

    found = find_incident(_keeper(context).flow, incident)
    say(f"{found.id}  {_title(found)}  {found.number or ''}".rstrip())
    say(found.message)
    closed = f"，{found.closed_at.astimezone(ZONE):%Y-%m-%d %H:%M} 结束" if found.closed_at else ""
    say(f"{found.opened_at.astimezone(ZONE):%Y-%m-%d %H:%M} 发生{closed}")


@app.command("retry")
def retry_incident(context: typer.Context, incident: _Id) -> None:
    """重新试一次（定时任务、消息），并结束这件事项。"""
    from rectiflow._incidents import retry_incident as again

    made = _keeper(context)
    found = again(made.flow, incident, by=made.person)
    say(f"{found.id} 已重新排队并结束。")


@app.command("rearm")
def rearm_timers(context: typer.Context) -> None:
    """把丢了的定时任务重新排上（doctor 说有隐患的定时任务丢了时用）；过了的步骤下一次 tick 就办。"""
    from rectiflow._incidents import rearm

    numbers = rearm(_keeper(context).flow)
    say(f"重新排上了 {len(numbers)} 条隐患的定时任务：{'、'.join(numbers)}" if numbers else "没有丢了的定时任务。")


@app.command("close")
def close_incident(context: typer.Context, incident: _Id) -> None:
    """处理完了，结束这件事项。"""
    from rectiflow._incidents import close_incident as close

    made = _keeper(context)
    found = close(made.flow, incident, by=made.person)
    say(f"{found.id} 已结束：{found.message}")


def _title(incident: IncidentView) -> str:
    return _SUBJECTS.get(incident.subject.partition(":")[0]) or _KINDS.get(incident.kind, incident.kind)


def _keeper(context: typer.Context) -> Session:
    """Return the session of somebody who keeps the ledger: what the machine could not do is for the Safety Section."""
    from rectiflow._identity import require_keeper

    made = session(context)
    require_keeper(made.flow, made.person, "查看和办理待处理事项")
    return made
