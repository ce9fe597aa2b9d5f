"""The outbox: what waits, what was sent, what did not arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ._context import Session, session
from ._options import Yes
from ._output import console, is_terminal, print_json, say, show_raw, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rectiflow._workplace import Workplace

app = typer.Typer(help="提醒消息：列表、查看、发送、重发、取消，测试通道。", no_args_is_help=True)

__all__ = ["app"]


@app.command("list")
def list_messages(
    context: typer.Context,
    status: Annotated[
        str | None,
        typer.Option("--status", help="待发、待汇总、已并入汇总、已发、退回、未送达、已取消", metavar="状态"),
    ] = None,
    number: Annotated[str | None, typer.Option("--ticket", help="只看这条隐患的", metavar="编号")] = None,
    limit: Annotated[int, typer.Option("--limit", help="最多几条，0 为全部", min=0)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """列出提醒消息，新的在前；安全股看全部，其他人看发给自己的。"""
    from rectiflow._messages import STATUS_TITLES, how_many, outbox
    from rectiflow.engine.moments import ZONE

    from ._fields import read_word
    from ._layout import HEAD_STYLE, fit, put, put_beside, screen_width

    made = session(context)
    chosen = read_word(status, STATUS_TITLES, "--status")
    ticket = made.flow.find(number) if number else None
    shown = outbox(made.flow, by=made.person, status=chosen, number=ticket, most=limit or None, words=False)
    if as_json:
        print_json([_without_body(m) for m in shown])
        return
    if shown:
        heads = (("编号", 7), ("写下", 12), ("状态", 7), ("通道", 5), ("隐患", 16))
        put("".join(fit(title, width) for title, width in heads) + "场合 → 收件人", HEAD_STYLE)
    for m in shown:
        how = {"mail": "邮件", "sms": "短信", "chat": "群"}.get(m.channel or "", "未定")
        when = f"{m.created_at.astimezone(ZONE):%m-%d %H:%M}"
        status_shown = "已并入" if m.status == "merged" else STATUS_TITLES[m.status]
        cells = ((m.id, 7), (when, 12), (status_shown, 7), (how, 5), (m.number, 16))
        put_beside(cells, f"{m.occasion} → {m.recipient}")
        if m.status != "sent" and m.detail:
            put(f"       {fit(m.detail, screen_width() - 7).rstrip()}")
    if not shown:
        say("没有消息。" if status is None and number is None else "没有符合条件的消息。")
        return
    count = how_many(made.flow, by=made.person, status=chosen, number=ticket)
    rest = f"，列出 {len(shown)} 条（--limit 0 全列）" if len(shown) < count else ""
    say(f"共 {count} 条{rest}。查看：rectiflow outbox show 编号")


@app.command("show")
def show_message(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="消息编号，见 outbox list", metavar="消息")],
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """查看一条消息：收件人、状态、发出去的原文。"""
    from rectiflow._messages import STATUS_TITLES, message, written_to
    from rectiflow._reader import readable

    from ._layout import put_labelled

    made = session(context)
    found = message(made.flow, key, by=made.person)
    if as_json:
        print_json(_without_body(found))
        return
    show_raw(f"{found.id}  （{found.key}）")
    put_labelled("收件人", [f"{found.recipient}（{found.to}）" if found.to else found.recipient])
    put_labelled("内容", [f"{found.occasion}{f'，{found.number}' if found.number else ''}"])
    put_labelled("状态", [f"{STATUS_TITLES[found.status]}，试过 {found.attempts} 次"])
    if found.detail:
        put_labelled("说明", [found.detail])
    file = written_to(made.place, found)
    if file is not None:
        put_labelled("文件", [str(file)])
    if found.body:
        say()
        say(readable(found.body))
    elif found.status in ("waiting", "held", "dead"):
        say()
        say("（还没有成文，发送时按模板生成）")


@app.command("send")
def send_messages(
    context: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(help="消息编号；写了就只发这几条，不管时间，待汇总的也发", metavar="[消息]...")
    ] = None,
    anyway: Annotated[bool, typer.Option("--anyway", help="不管是不是发送时间")] = False,
) -> None:
    """现在就发待发的消息，不在发送时间的等到时间；有未送达的、通道不通一条也发不出的，退出码为 1。"""
    from rectiflow._delivery import send_at_once
    from rectiflow._doctor import channels_down
    from rectiflow._messages import hurry

    place, keys = _keeper(context, "发送提醒消息").place, list(dict.fromkeys(keys or []))
    not_sent = "没有发送：已经发出、取消或并入汇总的不再发"
    if keys:
        done = send_at_once(place, keys)
    else:
        if anyway:
            hurry(place.flow)
        done = place.deliver(at_any_hour=anyway)
    if keys and not done.claimed:
        _end_where_left(keys, 0, not_sent)
    held = f"，并入下一次汇总 {done.held} 条" if done.held else ""
    dropped = f"，不再需要 {done.dropped} 条" if done.dropped else ""
    say(
        f"发出 {done.sent} 条，稍后重试 {done.retried} 条，等待 {done.waiting} 条，未送达 {done.dead} 条{held}{dropped}。"
    )
    if done.sent and place.settings.outgoing.files:
        folder = place.path(place.settings.outgoing.folder)
        say("没有真的发出去（[outgoing] files = true），写成了文件：")
        show_raw(f"  邮件：{folder / 'mail'}\n  短信：{folder / 'sms.log'}")
    down = channels_down(place)
    for said in down:
        warn(said)
    _say_what_waits(place, told_of_digest=anyway)
    _end_where_left(keys, done.claimed, not_sent)
    if done.dead or (down and not done.sent):
        raise typer.Exit(1)


def _say_what_waits(place: Workplace, *, told_of_digest: bool) -> None:
    from rectiflow._messages import held, put_off
    from rectiflow.engine.moments import ZONE

    later = put_off(place.flow)
    if later is not None:
        count, first = later
        say(
            f"还有 {count} 条等着，最早 {first.astimezone(ZONE):%m-%d %H:%M} 自动发送；原因见 outbox list，现在就发加 --anyway。"
        )
    for_digest = held(place.flow) if told_of_digest else 0
    if for_digest:
        say(f"另有 {for_digest} 条等着汇总；要单独先发的写编号：rectiflow outbox send 编号。")


@app.command("test")
def try_channels(
    context: typer.Context,
    person: Annotated[str | None, typer.Argument(help="发给谁，不写就是自己", metavar="[人员]")] = None,
    channel: Annotated[str | None, typer.Option("--channel", help="只试这一种：邮件、短信、群", metavar="通道")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出")] = False,
) -> None:
    """现在就给一个人发一条测试消息，看通道通不通；有不通的，退出码为 1。"""
    from msgspec.structs import asdict

    from rectiflow._trial import try_out

    from ._fields import read_word

    made = _keeper(context, "测试发送通道")
    chosen = read_word(channel, {"mail": "邮件", "sms": "短信", "chat": "群"}, "--channel")

    def on_try(title: str) -> None:
        if not as_json:
            console(error=True).print(f"正在试{title}……", markup=False, soft_wrap=True)

    found = try_out(made.place, person or made.person, chosen, on_try=on_try)
    if as_json:
        print_json([asdict(t) for t in found])
    for one in found if not as_json else ():
        how = f"发出 → {one.to}" if one.good else "没有发出"
        say(f"{one.title}：{how}，{one.said}")
    if not found and not as_json:
        say("没有配置这样的通道；请在 rectiflow.toml 里配置，写法见 docs/channels.md。")
    if not found or not all(t.good for t in found):
        raise typer.Exit(1)


@app.command("retry")
def retry_messages(
    context: typer.Context,
    keys: Annotated[
        list[str] | None, typer.Argument(help="消息编号；不写为全部未送达和退回的", metavar="[消息]...")
    ] = None,
) -> None:
    """把未送达和退回的消息重新排队，按现在的联系方式重新成文；写了编号又不能重发的，退出码为 1。"""
    from rectiflow._messages import retry

    keys = list(dict.fromkeys(keys or []))
    count = retry(_keeper(context, "重发提醒消息").flow, keys)
    if count:
        say(f"已重新排队 {count} 条，用 rectiflow outbox send 发送。")
    if not keys and not count:
        say("没有未送达或退回的消息，不用重发。")
    _end_where_left(keys, count, "没有重新排队：已经发出或取消的不再发")


@app.command("cancel")
def cancel_messages(
    context: typer.Context,
    keys: Annotated[list[str], typer.Argument(help="消息编号", metavar="消息...")],
    yes: Yes = False,
) -> None:
    """取消还没有发出、或退回的消息；记录保留，写明谁在什么时候取消的。有不能取消的，退出码为 1。"""
    from rectiflow._messages import CANCELLABLE, STATUS_TITLES, cancel, messages

    from ._asking import confirm

    made, keys = _keeper(context, "取消提醒消息"), list(dict.fromkeys(keys))
    found = messages(made.flow, keys)
    for one in found:
        about = f"{one.occasion}{f'，{one.number}' if one.number else ''}"
        say(f"{one.id}  {STATUS_TITLES[one.status]}  {about} → {one.recipient}")
    able = any(one.status in CANCELLABLE for one in found)
    if able and is_terminal() and not yes and not confirm("取消后对方收不到，确定取消吗？", enter=False):
        say("没有取消。")
        return
    count = cancel(made.flow, [one.key for one in found], by=made.person)
    if count:
        say(f"已取消 {count} 条。")
    _end_where_left(keys, count, "没有取消：只有还没有发出、或退回的消息能取消")


def _end_where_left(keys: Sequence[str], done: int, why: str) -> None:
    """Say of messages that were named how many are left as they were, and end with 1."""
    left = len(keys) - done
    if left > 0:
        say(f"{f'另有 {left} 条' if done else ''}{why}，状态见 rectiflow outbox list。")
        raise typer.Exit(1)


def _keeper(context: typer.Context, what: str) -> Session:
    from rectiflow._identity import require_keeper

    made = session(context)
    require_keeper(made.flow, made.person, what)
    return made


def _without_body(found: Struct) -> dict[str, object]:
    from msgspec.structs import asdict

    return {k: v for k, v in asdict(found).items() if k != "body"}
