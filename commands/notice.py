"""Papers (文书): listed, read, signed. Drafted by approvals; the number is taken at signing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._options import AsJson, DryRun, For, Note, On, Via
from ._output import print_json, say

if TYPE_CHECKING:
    from rectiflow.engine.stimulus import Stimulus
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session
    from ._doing import Make
    from ._given import Given

app = typer.Typer(help="文书：挂牌督办通知书、督办通知，列表、查看、签发。", no_args_is_help=True)

__all__ = ["app", "signing"]


@app.command("list")
def list_papers(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option("--status", help="draft 拟稿、signed 已签发、withdrawn 已撤稿", metavar="状态")
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="只看待我签发的")] = False,
    as_json: AsJson = False,
) -> None:
    """列出文书，先拟的在前。"""
    from rectiflow._desk import PAPER_STATUS, paper_views

    from ._fields import read_word
    from ._screen import show_papers

    made = session(context)
    found = paper_views(made.flow, by=made.person, status=read_word(status, PAPER_STATUS, "--status"))
    shown = [p for p in found if p.mine or not mine]
    if as_json:
        print_json(shown)
    else:
        show_papers(shown)


@app.command("show")
def show_paper(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="隐患编号；有几件文书时写 编号/序号，如 12/1", metavar="编号[/序号]")],
    as_json: AsJson = False,
) -> None:
    """查看一件文书的文字。"""
    from rectiflow._desk import paper_view
    from rectiflow._views import line, seen

    from ._items import SHOW, pick
    from ._numbers import read_item
    from ._papers import paper_text

    made = session(context)
    number, ordinal = read_item(made.flow, item)
    before = seen(made.flow, number, made.person)
    paper = pick(before, before.documents, ordinal, lambda _: True, SHOW, "文书")
    found = paper_view(made.flow, before, paper, made.person)
    if as_json:
        print_json(found)
    else:
        say(paper_text(made, found, line(made.flow, before.case)))


@app.command("sign-off")
def sign_off(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(help="隐患编号；有几件文书时写 编号/序号，如 12/1", metavar="编号[/序号]...")
    ],
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """签发拟好的文书；文号此时取。"""
    from ._doing import carry_out
    from ._given import read_given
    from ._items import read_items

    made = session(context)
    items = read_items(made, words)

    given = read_given(made, on=on, whom=whom, via=via, note=note)
    carry_out(made, list(items), signing(made, items.get), given, title="签发", dry_run=dry_run, as_json=as_json)


def signing(made: Session, ordinal: Callable[[str], int | None]) -> Make:
    """Return what turns a hazard into the signing of one of its papers.

    Args:
        ordinal: which paper of a hazard is meant; None where only one can be.
    """

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        from rectiflow.engine.stimulus import SignOff

        from ._given import hand_of
        from ._items import unsigned_paper

        paper = unsigned_paper(before, ordinal(before.case.number))
        hand = hand_of(made, given, before, (paper.signer,) if paper.signer else ())
        return "签发", SignOff(ordinal=paper.ordinal, hand=hand)

    return make
