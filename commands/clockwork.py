"""Time: fire what is due once, or stay and keep the time."""

from __future__ import annotations

from typing import Annotated

import typer

from ._context import session
from ._output import print_json, say

__all__ = ["run", "tick"]


def tick(
    context: typer.Context,
    send: Annotated[bool, typer.Option("--send/--no-send", help="顺带把待发的消息发出去")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """把到期的提醒、催办、督办建议办一遍，到日子的月报做出来，待发的消息发出去。"""
    from rectiflow._worker import beat

    place = session(context).place
    done = (
        beat(place)
        if send
        else {
            "fired": (swept := place.flow.tick()).fired,
            "steps": swept.steps,
            "dropped": swept.dropped,
            "failed": swept.failed,
        }
    )
    if as_json:
        print_json(done)
        return
    say(
        f"到期 {done['fired']} 项（逐级督办 {done['steps']} 步）"
        + (f"，失败 {done['failed']} 项" if done["failed"] else "")
    )
    if send:
        said = (("发出", "sent"), ("重试", "retried"), ("等待", "waiting"), ("未送达", "dead"))
        say("消息：" + "，".join(f"{title} {done[name]} 条" for title, name in said) + f"；报表 {done['reports']} 份")


def run(
    context: typer.Context,
    json_log: Annotated[bool, typer.Option("--json-log", help="日志写成 JSON，每行一条")] = False,
) -> None:
    """一直运行：按时提醒、催办、发消息、做月报；Ctrl-C 或 SIGTERM 停止，手头的事办完才退出。"""
    from rectiflow._logs import set_up_logs
    from rectiflow._worker import run as stay

    set_up_logs(as_json=json_log)
    stay(session(context).place, ready=lambda: say("已开始运行，按 Ctrl-C 停止。"))
