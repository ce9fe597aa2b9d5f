"""Requests (申请): made, listed, approved, rejected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ._context import session
from ._options import AsJson, DryRun, For, Level, Note, On, Via
from ._output import print_json

if TYPE_CHECKING:
    from rectiflow.engine.stimulus import Stimulus
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session
    from ._doing import Make
    from ._fields import Order, Pairs
    from ._given import Given

app = typer.Typer(help="申请：延期、资金、督办、挂牌、摘牌等，提出和审批。", no_args_is_help=True)

__all__ = ["app", "asking", "ruling"]

_Items = Annotated[
    list[str],
    typer.Argument(help="隐患编号；有几件申请时写 编号/序号，如 12/1", metavar="编号[/序号]... [项目=内容]..."),
]


@app.command("new")
def new_request(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(help="如 12 延期 申请延期至=12月31日 理由=等待招标", metavar="编号... 种类 [项目=内容]..."),
    ],
    level: Level = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """提出申请；在终端里，没写的项目会逐项询问。"""
    from ._doing import carry_out
    from ._fields import read_level, read_order
    from ._given import read_given
    from ._numbers import read_numbers

    made = session(context)
    order = read_order(words, "申请种类")
    numbers = read_numbers(made.flow, order.numbers)
    given = read_given(made, on=on, whom=whom, via=via, note=note)
    given.level = read_level(level)
    title = f"申请{order.action}"
    carry_out(made, numbers, asking(made, order), given, title=title, dry_run=dry_run, as_json=as_json)


@app.command("list")
def list_requests(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="连已办结的一起列")] = False,
    mine: Annotated[bool, typer.Option("--mine", help="只看待我审批的")] = False,
    as_json: AsJson = False,
) -> None:
    """列出待审批的申请，先提出的在前。"""
    from rectiflow._desk import request_views

    from ._screen import show_requests

    made = session(context)
    found = request_views(made.flow, by=made.person, status=None if everything else "pending")
    shown = [r for r in found if r.mine or not mine]
    if as_json:
        print_json(shown)
    else:
        show_requests(shown)


@app.command("approve")
def approve_request(
    context: typer.Context,
    words: _Items,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """批准申请。"""
    made = session(context)
    from ._given import read_given

    given = read_given(made, on=on, whom=whom, via=via, note=note)
    _rule(made, words, given, approve=True, dry_run=dry_run, as_json=as_json)


@app.command("reject")
def reject_request(
    context: typer.Context,
    words: _Items,
    reason: Annotated[str, typer.Option("--reason", help="不批准的理由", metavar="文字")] = "",
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """不批准申请，须写明理由。"""
    made = session(context)
    from ._given import read_given

    given = read_given(made, on=on, whom=whom, via=via, note=note)
    given.reason = reason
    _rule(made, words, given, approve=False, dry_run=dry_run, as_json=as_json)


def asking(made: Session, order: Order) -> Make:
    """Return what turns a hazard and an order into the request."""

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        from rectiflow.engine.stimulus import Ask

        from ._fields import by_field, resolve_request
        from ._given import hand_of

        workflow = before.workflow
        kind = workflow.requests.get(resolve_request(workflow, order.action))
        roles = [r for r in kind.by if r != "timer"] if kind else []
        hand = hand_of(made, given, before, roles)
        data = {**by_field(workflow, order.pairs, made.flow.today()), **given.data}
        ask = Ask(kind=kind.id if kind else order.action, hand=hand, data=data, level=given.level)
        return f"申请{kind.title if kind else order.action}", ask

    return make


def _rule(made: Session, words: Sequence[str], given: Given, *, approve: bool, dry_run: bool, as_json: bool) -> None:
    from ._doing import carry_out
    from ._fields import read_pairs
    from ._items import read_items
    from ._numbers import is_number

    items = read_items(made, [w for w in words if is_number(w)])
    pairs = read_pairs(w for w in words if not is_number(w))
    if not items:
        raise typer.BadParameter("没有写隐患编号。")

    make = ruling(made, items.get, pairs, approve=approve)
    carry_out(made, list(items), make, given, title="审批", dry_run=dry_run, as_json=as_json)


def ruling(made: Session, ordinal: Callable[[str], int | None], pairs: Pairs, *, approve: bool) -> Make:
    """Return what turns a hazard into the approval or rejection of one of its requests.

    Args:
        ordinal: which request of a hazard is meant; None where only one can be.
    """

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        from rectiflow.engine.stimulus import Rule

        from ._fields import by_field
        from ._given import hand_of
        from ._items import pending_request

        workflow, request = before.workflow, pending_request(before, ordinal(before.case.number))
        kind = workflow.requests.get(request.kind)
        role = kind.decider(request.level) if kind else None
        hand = hand_of(made, given, before, (role,) if role else ())
        data = {**by_field(workflow, pairs, made.flow.today()), **given.data}
        rule = Rule(ordinal=request.ordinal, approve=approve, hand=hand, data=data, reason=given.reason)
        return f"{'批准' if approve else '不批准'}{kind.title if kind else request.kind}", rule

    return make
