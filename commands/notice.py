"""Papers (文书): one to one unit over many hazards; drafted, signed, served, answered and re-inspected item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._context import session
from ._options import AsJson, DryRun, Evidence, For, Note, On, Via
from ._output import is_terminal, print_json, say

if TYPE_CHECKING:
    from rectiflow._papers import Taken
    from rectiflow.engine.paper import Item
    from rectiflow.engine.stimulus import Hand
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session
    from ._given import Given

app = typer.Typer(
    help="文书：整改通知书等，拟稿、签发、打印、送达、签收、逐项答复和复查、销号、作废。", no_args_is_help=True
)

__all__ = ["app"]

_Paper = Annotated[
    str, typer.Argument(help="文书编号 W12，或文号；单条隐患的可写 隐患编号/序号，如 12/1", metavar="文书")
]
_Words = Annotated[
    list[str] | None,
    typer.Argument(help="项号（1-5,7）和 项目=内容；只给一项的写 3.项目=内容", metavar="[项号|项目=内容]..."),
]
_SERVED = ("in-person", "paper", "wechat", "phone", "sms")  #: how a paper reaches a unit
_Reason = Annotated[str, typer.Option("--reason", help="理由", metavar="文字")]


@app.command("draft")
def draft(
    context: typer.Context,
    words: Annotated[
        list[str],
        typer.Argument(
            help="隐患编号和各条共同的 项目=内容，如 12-19 整改时限=12月31日", metavar="编号... [项目=内容]..."
        ),
    ],
    kind: Annotated[
        str, typer.Option("--kind", help="文书种类：整改通知书、延期审批表、销号审批表", metavar="种类")
    ] = "整改通知书",
    inspection: Annotated[str | None, typer.Option("--inspection", help="检查记录编号，如 J7", metavar="编号")] = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """拟稿：一个单位的一条或多条隐患合成一件文书；某条不同的写 编号.项目=内容。"""
    from rectiflow._papers import draft_paper, kind_of
    from rectiflow._visits import find_visit
    from rectiflow.engine.papering import drafting_roles

    from ._fields import by_field, read_pairs
    from ._numbers import is_number, read_numbers

    made = session(context)
    numbers = read_numbers(made.flow, [w for w in words if is_number(w) and "=" not in w and "＝" not in w])
    given = _given(made, on, whom, via, note)
    first = made.flow.snapshot(numbers[0]) if numbers else None
    rest = [w for w in words if not (is_number(w) and "=" not in w and "＝" not in w)]
    common, each = _apart(made, numbers, rest)
    workflow = first.workflow if first else made.flow.library.newest("hazard")
    today = made.flow.today()
    order = _order(
        _hand(made, given, first, drafting_roles(workflow)),
        data=by_field(workflow, read_pairs(common), today),
        each={n: by_field(workflow, read_pairs(said), today) for n, said in each.items()},
    )
    visit = find_visit(made.flow, inspection) if inspection else None
    taken = draft_paper(made.flow, kind_of(kind), numbers, order, inspection=visit, dry_run=dry_run)
    _show(made, taken, as_json=as_json)


@app.command("sign-off")
def sign_off(
    context: typer.Context,
    papers: Annotated[list[str], typer.Argument(help="文书编号 W12，或 隐患编号/序号", metavar="文书...")],
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """签发拟好的文书；文号此时取。领导在纸上签了的：--for 领导 --via 纸质。"""
    made = session(context)
    given = _given(made, on, whom, via, note)
    for paper in dict.fromkeys(_paper(made, p, draft=True) for p in papers):
        items = _items(made, paper)
        signer = items[0].paper.signer
        order = _order(_hand(made, given, items[0].snapshot, (signer,) if signer else ()))
        _take(made, "sign", paper, order, dry_run=dry_run, as_json=as_json)


@app.command("print")
def print_out(
    context: typer.Context,
    paper: _Paper,
    out: Annotated[
        list[Path] | None, typer.Option("--out", help="写到哪里，.docx 或 .html，可写几次", metavar="文件")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """打印文书：Word 打印盖章，HTML 可转发到工作群；不写 --out 时两种都写到 文书 文件夹。"""
    from rectiflow._print import print_paper

    made = session(context)
    key = _paper(made, paper)
    folder = made.place.path(Path("文书"))
    targets = out or [folder / f"{key}.docx", folder / f"{key}.html"]
    templates = made.place.path(Path("文书模板"))
    written = [print_paper(made.flow, key, t, by=made.person, templates=templates) for t in targets]
    if as_json:
        print_json({"paper": key, "files": [str(p) for p in written]})
    else:
        for path in written:
            say(f"已写 {path}")


@app.command("template")
def write_template(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="文书种类，如 整改通知书", metavar="种类")],
) -> None:
    """把内置的文书模板写到 文书模板 文件夹，改好后打印就用自己的；已有的不覆盖。"""
    from rectiflow._papers import kind_of
    from rectiflow._print import write_own_template

    made = session(context)
    for path in write_own_template(kind_of(kind), made.place.path(Path("文书模板"))):
        say(f"已写 {path}")


@app.command("serve")
def serve(
    context: typer.Context,
    paper: _Paper,
    on: On = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """记送达：整改通知书自送达起交办，签收时限开始；怎么送的写 --via（当面、纸质、微信、电话）。"""
    from rectiflow.engine.vocabulary import VIAS

    from ._asking import choose
    from ._fields import read_via

    made = session(context)
    key = _paper(made, paper)
    given = _given(made, on, None, None, note)
    given.via = read_via(via)
    if given.via in (None, "self") and is_terminal() and not as_json:
        given.via = choose("怎么送的", [(k, VIAS[k]) for k in _SERVED]) or None
    if given.via in (None, "self"):
        ways = "、".join(VIAS[k] for k in _SERVED)
        raise typer.BadParameter(f"没有写怎么送的，可写：{ways}。", param_hint="--via")
    order = _order(_hand(made, given, _items(made, key)[0].snapshot, ()))
    _take(made, "serve", key, order, dry_run=dry_run, as_json=as_json)


@app.command("receipt")
def receipt(
    context: typer.Context,
    paper: _Paper,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """签收：文书上的隐患一次全部签收；单位电话、微信签收的：--for 单位 --via 电话。"""
    _by_unit(session(context), "acknowledge", paper, _Options(on, whom, via, note), dry_run=dry_run, as_json=as_json)


@app.command("reply")
def reply(
    context: typer.Context,
    paper: _Paper,
    words: _Words = None,
    photos: Annotated[
        Path | None, typer.Option("--photos", help="照片文件夹，文件名以项号开头，如 3.jpg、3-1.jpg", metavar="文件夹")
    ] = None,
    evidence: Evidence = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """整改报告：逐项答复并申请复查；不写项号为全部整改中的项，每项都要有照片或佐证材料。"""
    from rectiflow._photos import photos_by_item
    from rectiflow._views import attach
    from rectiflow.engine.errors import InputUnusable
    from rectiflow.engine.paper import title_of
    from rectiflow.engine.visibility import unit_roles

    from ._notices import read_words

    made = session(context)
    key = _paper(made, paper)
    items = _items(made, key)
    said = read_words(made, items, words or ())
    by_place = photos_by_item(photos, [i.paper.place for i in items]) if photos else {}
    stray = [place for place in by_place if said.places and place not in said.places]
    if stray:
        raise InputUnusable(
            f"照片里有第 {'、'.join(map(str, stray))} 项的，这次没有写要答复这些项；请写上项号，或拿走这些照片。"
        )
    title = title_of(items[0].paper)
    numbers, each = _numbers(items, said.places, title), _by_number(items, said.each, title)
    snapshot = _lead(items, numbers)
    hand = _hand(made, _given(made, on, whom, via, note), snapshot, unit_roles(snapshot.workflow))

    def order(keep: bool) -> Any:
        shared = attach(made.flow, evidence or (), keep=keep)
        files = {k: attach(made.flow, v, keep=keep) for k, v in by_place.items()}
        with_files = {i.number: (*shared, *files.get(i.paper.place, ())) for i in items}
        return _order(hand, data=said.data, each=each, evidence=with_files, items=numbers)

    _take_with_files(made, "reply", key, order, dry_run=dry_run, as_json=as_json)


@app.command("verify")
def verify(
    context: typer.Context,
    paper: _Paper,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="合格=1-4,6 不合格=5 5.理由=… 5.整改时限=…；其余都合格写 合格=其余",
            metavar="[合格=项号] [不合格=项号] [项目=内容]...",
        ),
    ] = None,
    evidence: Evidence = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """复查：逐项写合格、不合格，自动拟复查意见书；流程要求两人的写 第二复查人=…。"""
    from rectiflow._views import attach
    from rectiflow.engine.inspecting import takers, turn_roles
    from rectiflow.engine.paper import title_of

    from ._fields import read_via
    from ._notices import read_words

    made = session(context)
    key = _paper(made, paper)
    items = _items(made, key)
    said = read_words(made, items, words or ())
    if not said.passed and not said.failed:
        raise typer.BadParameter("没有写哪几项合格、哪几项不合格，如 合格=1-4,6 不合格=5，或 合格=全部。")
    title = title_of(items[0].paper)
    given = _given(made, on, whom, None, note)
    given.via = read_via(via)
    passed, failed = _numbers(items, said.passed, title), _numbers(items, said.failed, title)
    snapshot = _lead(items, (*passed, *failed))
    roles = [
        r
        for t in snapshot.workflow.transitions
        for r in takers(snapshot, t)
        if t.target and r in turn_roles(snapshot.workflow, snapshot.case)
    ]
    hand, each = _hand(made, given, snapshot, dict.fromkeys(roles)), _by_number(items, said.each, title)

    def order(keep: bool) -> Any:
        shared = dict.fromkeys((i.number for i in items), attach(made.flow, evidence or (), keep=keep))
        return _order(hand, data=said.data, each=each, evidence=shared, items=passed, failed=failed)

    _take_with_files(made, "verify", key, order, dry_run=dry_run, as_json=as_json)


@app.command("close")
def close(
    context: typer.Context,
    paper: _Paper,
    words: _Words = None,
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """销号：复查合格的各项一次销号，单位只收一条提醒；不写项号为全部待销号的项。"""
    from rectiflow.engine.paper import title_of

    from ._notices import read_words

    made = session(context)
    key = _paper(made, paper)
    items = _items(made, key)
    said, title = read_words(made, items, words or ()), title_of(items[0].paper)
    numbers = _numbers(items, said.places, title)
    snapshot = _lead(items, numbers)
    order = _order(
        _hand(made, _given(made, on, whom, via, note), snapshot, snapshot.workflow.keepers),
        data=said.data,
        each=_by_number(items, said.each, title),
        items=numbers,
    )
    _take(made, "close", key, order, dry_run=dry_run, as_json=as_json)


@app.command("void")
def void(
    context: typer.Context,
    paper: _Paper,
    reason: _Reason = "",
    on: On = None,
    whom: For = None,
    via: Via = None,
    note: Note = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """作废文书：拟稿撤回；已签发的作废，文号保留不再用。"""
    from rectiflow.engine.papering import drafting_roles

    made = session(context)
    key = _paper(made, paper)
    snapshot = _items(made, key)[0].snapshot
    given = _given(made, on, whom, via, note)
    order = _order(_hand(made, given, snapshot, drafting_roles(snapshot.workflow)), reason=reason)
    _take(made, "void", key, order, dry_run=dry_run, as_json=as_json)


@app.command("list")
def list_papers(
    context: typer.Context,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            help="拟稿、已签发、已送达、已签收、已作废",
            metavar="状态",
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="只看这种文书", metavar="种类")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="只看这个单位及其下级", metavar="单位")] = None,
    mine: Annotated[bool, typer.Option("--mine", help="只看待我签发的")] = False,
    limit: Annotated[int, typer.Option("--limit", help="最多几件，0 为全部", min=0)] = 50,
    as_json: AsJson = False,
) -> None:
    """列出文书，新拟的在前：到哪一步、答复和复查了几项。"""
    from rectiflow._desk import PAPER_STATUS
    from rectiflow._papers import kind_of, paper_lines

    from ._fields import read_word
    from ._notices import show_papers

    made = session(context)
    directory = made.flow.directory()
    statuses = [s for text in status or () if (s := read_word(text, PAPER_STATUS, "--status"))]
    units = directory.below(directory.find_unit(unit).id) if unit else ()
    kinds = (kind_of(kind),) if kind else ()
    found = paper_lines(made.flow, by=made.person, statuses=statuses, kinds=kinds, units=units)
    chosen = [p for p in found if p.mine or not mine]
    shown = chosen[:limit] if limit else chosen
    if as_json:
        print_json(shown)
    else:
        show_papers(shown, made.flow.today())


@app.command("show")
def show(context: typer.Context, paper: _Paper, as_json: AsJson = False) -> None:
    """查看一件文书：到哪一步、各项办到哪里、正文怎么写；打印用 notice print。"""
    from rectiflow._papers import paper_line
    from rectiflow._print import paper_of, paragraphs

    from ._notices import show_paper

    made = session(context)
    key = _paper(made, paper)
    items = _items(made, key)
    line = paper_line(made.flow, key, by=made.person)
    if as_json:
        print_json({"paper": line, "text": paper_of(made.flow, key, made.person)})
    else:
        show_paper(line, items, paragraphs(made.flow, key, made.person))


# inside -----------------------------------------------------------------------------------------------------------


class _Options:
    """The options that say when, for whom, by what means, and why so."""

    def __init__(self, on: str | None, whom: str | None, via: str | None, note: str) -> None:
        self.on, self.whom, self.via, self.note = on, whom, via, note


def _by_unit(
    made: Session, step: str, paper: str, options: _Options, *, dry_run: bool, as_json: bool, **said: Any
) -> None:
    """Take a step that is the unit's own, by itself or entered for it."""
    from rectiflow.engine.visibility import unit_roles

    key = _paper(made, paper)
    snapshot = _lead(_items(made, key))
    given = _given(made, options.on, options.whom, options.via, options.note)
    order = _order(_hand(made, given, snapshot, unit_roles(snapshot.workflow)), **said)
    _take(made, step, key, order, dry_run=dry_run, as_json=as_json)


def _take(made: Session, step: str, paper: str, order: Any, *, dry_run: bool, as_json: bool) -> None:
    from rectiflow._papers import take_step

    _show(made, take_step(made.flow, step, paper, order, dry_run=dry_run), as_json=as_json)


def _take_with_files(
    made: Session, step: str, paper: str, order: Callable[[bool], Any], *, dry_run: bool, as_json: bool
) -> None:
    """Try the step before its files are kept, so that a refused one leaves none behind; `order` gets whether to keep."""
    from rectiflow._papers import take_step

    tried = take_step(made.flow, step, paper, order(False), dry_run=True)
    _show(made, tried if dry_run else take_step(made.flow, step, paper, order(True)), as_json=as_json)


def _show(made: Session, taken: Taken, *, as_json: bool) -> None:
    from ._notices import as_record, tell

    if as_json:
        print_json(as_record(taken))
    else:
        tell(made, taken)


def _paper(made: Session, text: str, *, draft: bool = False) -> str:
    """Return the id of the paper that is meant: by its own names, or as one of a hazard's."""
    from rectiflow._papers import find_paper
    from rectiflow._views import seen

    from ._items import SHOW, pick, unsigned_paper
    from ._numbers import is_number, read_item

    if not is_number(text) or "W" in text.upper():
        return find_paper(made.flow, text)
    number, ordinal = read_item(made.flow, text)
    before = seen(made.flow, number, made.person)
    if draft:
        return unsigned_paper(before, ordinal).id
    return pick(before, before.documents, ordinal, lambda _: True, SHOW, "文书").id


def _items(made: Session, paper: str) -> tuple[Item, ...]:
    from rectiflow._papers import items_of

    return items_of(made.flow, paper, made.person)


def _lead(items: Sequence[Item], numbers: Iterable[str] = ()) -> Snapshot:
    """Return the first hazard that is meant (all: none named) and still on the paper: who acts is sought by it."""
    wanted = set(numbers)
    meant = [i for i in items if not wanted or i.number in wanted]
    return next((i for i in meant if not i.off), items[0]).snapshot


def _given(made: Session, on: str | None, whom: str | None, via: str | None, note: str) -> Given:
    from ._given import read_given

    return read_given(made, on=on, whom=whom, via=via, note=note)


def _hand(made: Session, given: Given, snapshot: Snapshot | None, roles: Iterable[str]) -> Hand:
    from ._given import hand_of

    return hand_of(made, given, snapshot, roles)


def _order(hand: Hand, **said: Any) -> Any:
    from rectiflow.engine.paper import Order

    return Order(hand=hand, **said)


def _numbers(items: Sequence[Item], places: Iterable[int], title: str) -> tuple[str, ...]:
    """Return the hazards at some places of a paper.

    Raises:
        Refused: there is no such place on it.
    """
    from rectiflow.engine.errors import Reason, Refused

    by_place = {i.paper.place: i.number for i in items}
    places = list(places)
    missing = [k for k in places if k not in by_place]
    if missing:
        which = "、".join(f"第 {part} 项" for part in _ranges(missing))
        reason = Reason(code="not_on_paper", message=f"{title}上没有{which}，只有 1 至 {max(by_place)} 项")
        raise Refused("", "这样办", [reason])
    return tuple(by_place[k] for k in places)


def _ranges(places: Iterable[int]) -> list[str]:
    """Return places as people write them, those in a row as a range: 7, 9-99."""
    runs: list[tuple[int, int]] = []
    for k in sorted(places):
        runs = [*runs[:-1], (runs[-1][0], k)] if runs and runs[-1][1] == k - 1 else [*runs, (k, k)]
    return [str(a) if a == b else f"{a}-{b}" for a, b in runs]


def _by_number(items: Sequence[Item], each: Any, title: str) -> dict[str, Any]:
    numbers = _numbers(items, each, title)
    return dict(zip(numbers, each.values(), strict=True))


def _apart(made: Session, numbers: Sequence[str], words: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Part what is said for all hazards from what is said for one: 13.整改时限=….

    Raises:
        NotFound, Ambiguous: a number that fits none or several.
    """
    import re

    common: list[str] = []
    each: dict[str, list[str]] = {}
    for word in words:
        match = re.fullmatch(r"([\w-]*\d)[.．](.+)", word, re.DOTALL)
        if match is None:
            common.append(word)
        else:
            number = made.flow.find(match[1])
            each.setdefault(number, []).append(match[2])
            if number not in numbers:
                raise typer.BadParameter(f"“{word}”里的 {number} 不在要拟稿的隐患里。")
    return common, each
