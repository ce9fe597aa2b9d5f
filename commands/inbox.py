"""What came in: answers by mail and short message, returned mails, and what nobody could make sense of."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._context import Session, session
from ._options import Force
from ._output import is_terminal, print_json, say, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rectiflow._answers import Received
    from rectiflow._answers.listing import Incoming
    from rectiflow._flow import Rectiflow

app = typer.Typer(help="来信：收信、列表、查看、办结。", no_args_is_help=True)

__all__ = ["app", "show_letter"]

TRY_AGAIN = 75  #: EX_TEMPFAIL of sysexits.h: the mail server keeps the mail and hands it over again

_Id = Annotated[str, typer.Argument(help="来信编号，见 inbox list；写开头几位即可", metavar="来信")]
_Json = Annotated[bool, typer.Option("--json", help="以 JSON 输出")]
_SENT_BACK = "没有办理退回"  #: begins what is said of a letter that asks for it
_TITLES = {"waiting": "待处理", "unseen": "未看", "done": "已办", "dropped": "不用办"}
_KINDS = {
    "reply": "回复", "bounce": "退信", "automatic": "自动回复", "list": "邮件列表", "own": "本程序",
    "other": "其他", "unreadable": "打不开", "unread": "未读",
}  # fmt: skip


@app.command("receive")
def receive(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(help="邮件文件（.eml）；不写则从标准输入读一封", metavar="[文件]...")
    ] = None,
    as_json: _Json = False,
) -> None:
    """收下一封或几封邮件（供邮件服务器的管道调用，也可收另存的 .eml）。"""
    _show(_from_files(context, files) if files else [_from_pipe(context)], as_json=as_json)


@app.command("sms")
def receive_text(
    context: typer.Context,
    phone: Annotated[str, typer.Argument(help="发来短信的手机号", metavar="手机号")],
    text: Annotated[str, typer.Argument(help="短信内容", metavar="内容")],
    as_json: _Json = False,
) -> None:
    """收下一条短信答复（供短信网关回调，或由安全股录入；短信没有回执码，所以不是谁都能录）。"""
    from rectiflow._answers import reachable, receive_sms

    place = _keeper(context).place
    if not reachable(phone):
        wanted = "应是 11 位手机号，或带区号的座机，如 0711-3866666"
        raise typer.BadParameter(f"号码“{phone}”{wanted}。没有收下。", param_hint="手机号")
    if not text.strip():
        raise typer.BadParameter("短信没有内容，请写对方答复的原话，如 签收。")
    _show([receive_sms(place, phone, text)], as_json=as_json)


@app.command("callback")
def callback(
    context: typer.Context,
    vendor: Annotated[str, typer.Argument(help="阿里云 aliyun，腾讯云 tencent，自己的网关 gateway", metavar="厂商")],
    what: Annotated[str, typer.Argument(help="回执 receipts，或上行短信 replies", metavar="内容")],
    file: Annotated[Path | None, typer.Argument(help="回调的内容；不写则从标准输入读", metavar="[文件]")] = None,
    as_json: _Json = False,
) -> None:
    """收下短信云回调送来的回执或短信答复（供回调网址的程序调用，只收设置了的那一家）。"""
    from rectiflow._answers import receive_callback
    from rectiflow.engine.errors import InputUnusable, os_reason

    try:
        body = file.read_bytes() if file is not None else sys.stdin.buffer.read(_MOST + 1)
    except OSError as exc:
        raise InputUnusable(f"回调内容 {file} 读不了：{os_reason(exc)}。请核对文件名和权限。") from exc
    _show(receive_callback(session(context).place, vendor, what, body), as_json=as_json)


@app.command("fetch")
def fetch(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只看有多少封要收，什么都不动")] = False,
    as_json: _Json = False,
) -> None:
    """现在就从邮箱收信，收完为止（邮箱写在设置的 inbox 一节）；rectiflow run 会定时收。"""
    from rectiflow._answers import fetch_mail, look
    from rectiflow._standing import watched_inbox
    from rectiflow.engine.errors import WorkplaceError

    place = _keeper(context).place
    if not place.settings.inbox.host:
        raise WorkplaceError("没有设置收信服务器，请在设置的 [inbox] 里写上 host、username 和口令。")
    with watched_inbox(place.flow) if not dry_run else nullcontext():
        found = look(place) if dry_run else fetch_mail(place, whole=True)
        found.check()
    if dry_run and as_json:
        print_json({"wanted": found.wanted, "left": found.left})
    elif dry_run:
        say(f"有 {found.wanted} 封要收。")
    else:
        _show(found.received, as_json=as_json)
    if found.failed:
        warn(f"有 {len(found.failed)} 封没有收下，还在邮箱里：{found.failed[0]}")
    if found.left and not as_json:
        say(f"另有 {found.left} 封是 {place.settings.inbox.since_days} 天以前的，没有收。")
        say("要收的，改设置 [inbox] 的 since_days（0 为全收）。")


@app.command("list")
def list_incoming(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="连已办的和不用办的一起列")] = False,
    number: Annotated[str | None, typer.Option("--ticket", help="只看这条隐患的", metavar="编号")] = None,
    limit: Annotated[int, typer.Option("--limit", help="最多几条，0 为全部", min=0)] = 50,
    as_json: _Json = False,
) -> None:
    """列出来信，新的在前；平时只列待处理的。"""
    from rectiflow._answers.listing import OPEN, letters, letters_count
    from rectiflow.engine.moments import ZONE

    from ._layout import columns, fit, put, screen_width
    from ._numbers import read_number

    made = _keeper(context)
    flow = made.flow
    chosen = read_number(flow, number) if number else None
    status = None if everything or chosen else OPEN
    found = letters(flow, by=made.person, status=status, number=chosen, limit=limit)
    if as_json:
        print_json(found)
        return
    width = screen_width()
    for one in found:
        who = flow.directory().person_name(one.person) if one.person else one.sender
        when = f"{one.received_at.astimezone(ZONE):%m-%d %H:%M}"
        cells = ((one.id[:6], 8), (when, 13), (_TITLES[one.status], 8), (_kind(one.kind), 10), (one.number, 17))
        put(columns(cells, who))
        if one.subject and not one.number:
            put(f"        {fit(f'主题：{one.subject}', width - 8).rstrip()}")
        put(f"        {fit(one.outcome or one.subject, width - 8).rstrip()}")
    if not found:
        say("没有来信。" if everything or chosen else "没有要处理的来信；办过的用 rectiflow inbox list --all 查看。")
        return
    total = letters_count(flow, status=status, number=chosen)
    rest = f"，列出最新的 {len(found)} 封，全部列出加 --limit 0" if len(found) < total else ""
    say(f"共 {total} 封{rest}。")
    say("查看：rectiflow inbox show 编号")
    if any(map(_to_do, found)):
        say("待处理的处理完：rectiflow inbox done 编号 --note 怎么处理的")


@app.command("show")
def show(
    context: typer.Context,
    key: _Id,
    save: Annotated[Path | None, typer.Option("--save", help="把原信另存为 .eml", metavar="文件")] = None,
    force: Force = False,
    as_json: _Json = False,
) -> None:
    """查看一封来信：谁发的、说了什么、怎么办的；“未看”的看过就不再列出。"""
    from rectiflow._answers.listing import letter, looked_at, original

    from ._writing import write_new

    made = _keeper(context)
    flow = made.flow
    found = letter(flow, key, by=made.person)
    if save is not None:
        write_new(save, original(flow, found), force=force)
    if as_json:
        print_json(found)
        return
    show_letter(flow, found)
    if _to_do(found):
        say(f"\n处理完：rectiflow inbox done {found.id[:6]} --note 怎么处理的")
    looked_at(flow, found, by=made.person)


def show_letter(flow: Rectiflow, found: Incoming) -> None:
    """Show who wrote a letter, what became of it, and its words."""
    from rectiflow.engine.moments import ZONE

    from ._layout import put_labelled, screen_width, wrapped

    who = f"{flow.directory().person_name(found.person)}（{found.sender}）" if found.person else found.sender
    say(f"{found.id}  {_TITLES[found.status]}  {_kind(found.kind)}  {found.number or ''}".rstrip())
    put_labelled("发件人", [who])
    put_labelled("收到", [f"{found.received_at.astimezone(ZONE):%Y-%m-%d %H:%M}"])
    if found.subject:
        put_labelled("主题", [found.subject])
    put_labelled("处理", [found.outcome])
    step = _next_step(flow, found)
    if step:
        put_labelled("下一步", [step])
    say()
    for line in wrapped(found.words or "（没有正文）", screen_width()):
        say(line)


def _next_step(flow: Rectiflow, found: Incoming) -> str:
    """Say how to do what a letter asks for and no letter does: to send a hazard back, where its unit may; "" for the rest."""
    if found.status != "waiting" or not (found.number and found.person) or not found.outcome.startswith(_SENT_BACK):
        return ""
    able = next((a for a in flow.actions(found.number, by=found.person) if a.allowed and a.title == "退回"), None)
    if able is None:
        return ""
    whom, means = flow.directory().person_name(found.person), "短信" if found.channel == "sms" else "邮件"
    titles = flow.snapshot(found.number).workflow.fields
    wants = " ".join(f"{titles[name].title}=…" for name in able.asks if name in titles)
    return f"同意退回的：rectiflow ticket do {found.number} 退回 {wants} --for {whom} --via {means}"


@app.command("done")
def done(
    context: typer.Context,
    keys: Annotated[list[str], typer.Argument(help="来信编号，可写几封；写开头几位即可", metavar="来信...")],
    note: Annotated[str, typer.Option("--note", help="怎么处理的", metavar="文字")] = "",
    as_json: _Json = False,
) -> None:
    """“待处理”的人工处理完了，写明怎么处理的，结束来信；几封时要么都结束，要么都不动。"""
    from rectiflow._answers.listing import done_by_hand

    made = _keeper(context)
    said = note.strip() or _how(made, keys)
    found = done_by_hand(made.flow, keys, by=made.person, note=said)
    if as_json:
        print_json(found)
        return
    say(f"已办结 {len(found)} 封：{'、'.join(one.id[:6] for one in found)}。")


def _how(made: Session, keys: Sequence[str]) -> str:
    """Ask how letters were seen to that waited for it; "" where none of them did."""
    from rectiflow._answers.listing import letter
    from rectiflow.engine.errors import NotFound, Refused

    from ._asking import ask

    waiting: list[Incoming] = []
    for key in keys:
        with suppress(NotFound, Refused):  # who ends them says so, of all at once
            waiting += filter(_to_do, [letter(made.flow, key, by=made.person)])
    if not waiting:
        return ""
    said = ask("怎么处理的：") if is_terminal() else ""
    if not said:
        named = "、".join(dict.fromkeys(one.id[:6] for one in waiting))
        raise typer.BadParameter(f"{named} 待处理，请写明怎么处理的，如 --note 已电话核实。", param_hint="--note")
    return said


def _to_do(letter: Incoming) -> bool:
    """Tell whether a letter waits for more than to be looked at."""
    return letter.status == "waiting"


def _show(found: Sequence[Received], *, as_json: bool) -> None:
    from ._layout import put

    if as_json:
        print_json(list(found))
        return
    for one in found:
        again = "（以前收过）" if one.again else ""
        put(f"{one.id[:6]}  {_TITLES[one.status]}  {_kind(one.kind)}  {one.number or ''}{again}".rstrip())
        put(f"        {one.outcome}")
    waiting = sum(r.status in ("waiting", "unseen") for r in found)
    rest = f"其中 {waiting} 封要人看，见 rectiflow inbox list。" if waiting else ""
    say(f"收下 {sum(not r.again for r in found)} 封。{rest}")


def _kind(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _keeper(context: typer.Context) -> Session:
    from rectiflow._identity import require_keeper

    made = session(context)
    require_keeper(made.flow, made.person, "查看和办理来信")
    return made


def _readable(files: Sequence[Path]) -> Sequence[Path]:
    """Return the files when every one can be read; else nothing is taken in, and all that cannot be are told."""
    from rectiflow.engine.errors import InputUnusable, os_reason

    wrong: list[str] = []
    for file in files:
        try:
            with file.open("rb") as stream:
                stream.read(1)
        except OSError as exc:
            wrong.append(f"邮件文件 {file} 读不了：{os_reason(exc)}")
    if wrong:
        raise InputUnusable(f"{'；'.join(wrong)}。请核对文件名和权限，一封都没有收。")
    return files


def _from_files(context: typer.Context, files: Sequence[Path]) -> list[Received]:
    from rectiflow._answers import receive_mail

    place = session(context).place
    return [receive_mail(place, file.read_bytes()) for file in _readable(files)]


def _from_pipe(context: typer.Context) -> Received:
    """Take in what a mail server hands over; whatever keeps us from it, the settings too, it is to hand over again later."""
    raw = _piped()
    try:
        from rectiflow._answers import receive_mail

        return receive_mail(session(context).place, raw)
    except Exception as exc:
        from ._faults import describe_any

        warn(describe_any(exc))
        raise typer.Exit(TRY_AGAIN) from exc


def _piped() -> bytes:
    raw = sys.stdin.buffer.read(_MOST + 1)
    if not raw.strip():
        raise typer.BadParameter(
            "标准输入是空的，没有邮件可收。请把整封邮件从管道交来，或写出邮件文件。", param_hint="文件"
        )
    return raw


_MOST = 64 * 2**20  #: bytes read from a pipe; a larger mail is taken in as one that was not opened
