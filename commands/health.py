"""Health: whether the time is kept, for process supervisors and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._output import print_json, say

if TYPE_CHECKING:
    from rectiflow._health import Health

__all__ = ["health"]


def health(
    context: typer.Context,
    here: Annotated[bool, typer.Option("--here", help="只看本机的 rectiflow run（容器的健康检查用）")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """看 rectiflow run 是否正常：谁在运行、有没有过时未办、消息和待处理事项。不正常时退出码为 1。"""
    from rectiflow._health import Health, examine
    from rectiflow.engine.errors import RectiflowError

    try:
        found = examine(session(context).place, here=here)
    except RectiflowError as exc:
        found = Health(healthy=False, problems=(str(exc),))
    if as_json:
        print_json(found)
    else:
        _tell(found)
    if not found.healthy:
        raise typer.Exit(1)


def _tell(found: Health) -> None:
    say("正常。" if found.healthy else "不正常：")
    for problem in found.problems:
        say(f"  · {problem}")
    if found.timers_due is not None:
        say(f"在运行    {'；'.join(_worker(found)) or '没有'}")
        say(f"定时任务  到期未办 {found.timers_due} 项，其中过了 5 分钟的 {found.timers_late} 项{_oldest(found)}")
        say(f"消息      待发 {found.outbox_waiting} 条，未送达 {found.outbox_dead} 条")
        say(f"待处理    {found.incidents_open} 件")
    for note in found.notes:
        say(f"请注意：{note}")


def _worker(found: Health) -> list[str]:
    return [
        f"{w.host} {'定时的 rectiflow tick' if w.timed else f'进程 {w.pid}'}（{w.seconds_ago} 秒前有动静）"
        for w in found.workers
    ]


def _oldest(found: Health) -> str:
    from rectiflow.engine.moments import ZONE

    return f"，最早 {found.oldest_due_at.astimezone(ZONE):%Y-%m-%d %H:%M} 到期" if found.oldest_due_at else ""
