"""Templates of messages: which there are and whose, whether they can be used, how a message will look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._options import AsJson, Force
from ._output import print_json, say, show_raw, table, warn

if TYPE_CHECKING:
    from rectiflow._wording import Preview

app = typer.Typer(help="消息模板：列表、查看、预览、检查。", no_args_is_help=True)

__all__ = ["app"]

_COPY = "要改用本区的文字：rectiflow template copy {} 复制一份再改，改后用 rectiflow template check 检查。"


@app.command("list")
def list_templates(context: typer.Context, as_json: AsJson = False) -> None:
    """列出每一种场合的模板：用内置的，还是本区自己的。"""
    from rectiflow._wording import listing

    found = listing(session(context).place)
    if as_json:
        print_json(found)
        return
    rows = ((o.occasion, o.title, o.mail or "缺", o.sms or "缺", o.page) for o in found)
    table("消息模板", ("场合", "名称", "邮件", "短信", "邮件网页"), rows)
    say("查看：rectiflow template show 场合；看发出去的样子：rectiflow template preview 场合")


@app.command("show")
def show_template(
    context: typer.Context,
    occasion: Annotated[str, typer.Argument(help="场合的编码或名称，如 assigned、交办", metavar="场合")],
    source: Annotated[bool, typer.Option("--source", help="连模板文件的原文一起显示")] = False,
    as_json: AsJson = False,
) -> None:
    """查看一种场合：可用的参数（名字、意思、例子），模板文件在哪里；原文用 --source。"""
    from rectiflow._wording import fields, files

    place = session(context).place
    meant, found = files(place, occasion)
    known = fields(place, occasion)
    if as_json:
        print_json({"occasion": meant.occasion, "title": meant.title, "fields": known, "files": found})
        return
    rows = ((f.name, f.title, f.example.replace("\n", " ")) for f in known)
    table(f"{meant.title}（{meant.occasion}）可用的参数", ("参数名", "意思", "例子"), rows)
    for file in found:
        show_raw(f"{file.path}（{file.owner}）")
        if source:
            show_raw(f"{file.text.rstrip()}\n")
    if not source:
        say(f"看文件原文：rectiflow template show {meant.occasion} --source")
    say(_COPY.format(meant.title if meant.title != "自定义" else meant.occasion))


@app.command("copy")
def copy_templates(
    context: typer.Context,
    occasion: Annotated[str, typer.Argument(help="场合的编码或名称，如 assigned、交办", metavar="场合")],
) -> None:
    """把一种场合的内置文字复制到本区的模板文件夹，供修改；已有的不覆盖。"""
    from rectiflow._identity import require_keeper
    from rectiflow._wording import copy

    made = session(context)
    require_keeper(made.flow, made.person, "改动消息模板")
    for file in copy(made.place, occasion):
        show_raw(str(file))
    say("已复制。用记事本一类的程序改文字，{{ }} 里的参数名不要动；改后检查：rectiflow template check")
    say(f"看发出去的样子：rectiflow template preview {occasion}；rectiflow run 在运行的，重新启动才用新的文字。")


@app.command("check")
def check_templates(context: typer.Context, as_json: AsJson = False) -> None:
    """检查本区的消息模板：所有问题一次说全，带文件和行号；有错时退出码为 1。"""
    from rectiflow._wording import listing, problems

    place = session(context).place
    found = problems(place)
    if as_json:
        print_json(found)
    else:
        for problem in found:
            warn(str(problem))
        lines = listing(place)
        own = [o for o in lines if "本区" in (o.mail, o.sms, o.page)]
        say(
            f"消息模板有 {len(found)} 处问题，这些场合先用内置的文字；请改正上列问题，改后重新启动 rectiflow run。"
            if found
            else f"消息模板可用：{len(lines)} 种场合，其中本区自己的 {len(own)} 种。"
        )
    if found:
        raise typer.Exit(1)


@app.command("preview")
def preview_messages(
    context: typer.Context,
    occasion: Annotated[
        str | None, typer.Argument(help="场合的编码或名称，如 assigned、交办", metavar="[场合]")
    ] = None,
    number: Annotated[str | None, typer.Option("--ticket", help="用这条隐患的内容；不写用示例", metavar="编号")] = None,
    person: Annotated[str | None, typer.Option("--person", help="发给谁；代办的按今天算", metavar="人员")] = None,
    every: Annotated[bool, typer.Option("--all", help="所有场合")] = False,
    page: Annotated[
        Path | None, typer.Option("--page", help="写成网页：手机上、电脑上的邮件和短信", metavar="文件.html")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """预览消息发出去的样子：邮件的主题和正文，短信和条数；不写入，不发送。"""
    from rectiflow._wording import preview, previews, write_page

    from ._numbers import read_number
    from ._writing import spare

    made = session(context)
    if page is not None:
        spare(page, force=force)
    chosen = _chosen(occasion, every=every)
    full = read_number(made.flow, number) if number else None
    by = made.person if full else None
    if chosen is None:
        found = previews(made.place, by=by, number=full, person=person)
    else:
        found = [preview(made.place, chosen, by=by, number=full, person=person)]
    if page is not None:
        write_page(found, page)
    if as_json:
        print_json([_as_record(p) for p in found])
    elif page is None:
        for place, shown in enumerate(found):
            say(("\n" if place else "") + _in_words(shown))
    else:
        say(f"已写出 {page}：{len(found)} 种场合，用浏览器打开。")


def _chosen(occasion: str | None, *, every: bool) -> str | None:
    from rectiflow.engine.errors import InputUnusable

    if every == (occasion is not None):
        raise InputUnusable("请写一种场合，如 rectiflow template preview 交办；或写 --all 看所有场合，两者选一。")
    return occasion


def _in_words(shown: Preview) -> str:
    number = f"，{shown.number}" if shown.number else ""
    return "\n".join(
        (
            f"{shown.title}（{shown.occasion}）：{shown.source}{number}；收信人：{shown.recipient}",
            f"主题：{shown.subject}\n",
            shown.text.rstrip(),
            f"\n短信（{shown.parts} 条，{len(shown.sms)} 字）：{shown.sms}",
        )
    )


def _as_record(shown: Preview) -> dict[str, object]:
    from msgspec.structs import asdict

    return {**{k: v for k, v in asdict(shown).items() if k != "html"}, "parts": shown.parts}
