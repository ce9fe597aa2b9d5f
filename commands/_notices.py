"""Papers on the screen, and the words after a command on a paper: items, verdicts, values for one item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct, field

from ._fields import by_field, read_pairs
from ._layout import fit, put, put_labelled, screen_width, wrapped
from ._output import say, warn

if TYPE_CHECKING:
    from rectiflow._papers import PaperLine, Taken
    from rectiflow.engine.paper import Item

    from ._context import Session

__all__ = ["Words", "as_record", "read_words", "short_id", "show_paper", "show_papers", "tell"]

_PLACES = re.compile(r"\d{1,3}(?:[-~～至]\d{1,3})?")
_EACH = re.compile(r"(\d{1,3})[.．:](.+)", re.DOTALL)
_VERDICTS = {"合格": True, "不合格": False}
_ALL = ("全部", "其余")


class Words(Struct, frozen=True, kw_only=True):
    """What was written after a paper: places of items, verdicts, and values for all items or for one."""

    places: tuple[int, ...] = ()
    passed: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict[str, str])
    each: Mapping[int, Mapping[str, str]] = field(default_factory=dict[int, Mapping[str, str]])


def read_words(made: Session, items: Sequence[Item], words: Iterable[str]) -> Words:
    """Read 1-5 整改措施=… 3.整改措施=… 合格=1-4,6 不合格=5.

    Raises:
        typer.BadParameter: words that are neither; everything at once.
    """
    from rectiflow.engine.papers import judging

    workflow, today = items[0].snapshot.workflow, made.flow.today()
    known = [i.paper.place for i in items]
    waiting = [i.paper.place for i in items if judging(i, failed=False)]  # 其余 are those that wait to be re-inspected
    places: list[int] = []
    verdicts: dict[bool, list[int]] = {True: [], False: []}
    common: list[str] = []
    single: dict[int, list[str]] = {}
    rest: bool | None = None
    for word in words:
        name, sign, value = word.replace("＝", "=", 1).partition("=")
        each = _EACH.fullmatch(word)
        if sign and name.strip() in _VERDICTS and value.strip() in _ALL:
            rest = _VERDICTS[name.strip()]
        elif sign and name.strip() in _VERDICTS:
            verdicts[_VERDICTS[name.strip()]] += _places(value)
        elif each is not None and sign:
            single.setdefault(int(each[1]), []).append(each[2])
        elif sign:
            common.append(word)
        else:
            places += _places(word)
    if rest is not None:
        verdicts[rest] += [k for k in waiting or known if k not in verdicts[not rest]]
    return Words(
        places=tuple(dict.fromkeys(places)),
        passed=tuple(dict.fromkeys(verdicts[True])),
        failed=tuple(dict.fromkeys(verdicts[False])),
        data=by_field(workflow, read_pairs(common), today),
        each={k: by_field(workflow, read_pairs(said), today) for k, said in single.items()},
    )


def _places(text: str) -> list[int]:
    found: list[int] = []
    wrong: list[str] = []
    for part in filter(None, re.split(r"[,，、;；\s]+", text)):
        if _PLACES.fullmatch(part) is None:
            wrong.append(part)
            continue
        first, *last = (int(k) for k in re.split(r"[-~～至]", part))
        found += range(first, (last[0] if last else first) + 1)
    if wrong:
        raise typer.BadParameter(f"{'、'.join(f'“{w}”' for w in wrong)}看不懂，项号写成 1-4,6，内容写成 项目=内容。")
    return found


# on the screen ----------------------------------------------------------------------------------------------------


def tell(made: Session, taken: Taken) -> None:
    """Say what a step did, or would do: the paper, its items, and who is told."""
    from rectiflow._desk import PAPER_STATUS
    from rectiflow._views import occasion
    from rectiflow.engine.vocabulary import PAPER_STEPS, PAPERS

    paper, directory = taken.paper, made.flow.directory()
    title = PAPERS.get(paper.kind, paper.kind)
    today = made.flow.today()
    name = short_id(paper.id, today) if paper.id else "（新编号）"
    status, done = PAPER_STATUS.get(paper.status, paper.status), PAPER_STEPS[taken.plan.step]
    said = status if done in status else f"{done}，{status}"
    put(f"{name}  {paper.number or title}  {said}", "bold")
    put_labelled("单位", [f"{directory.unit_name(paper.unit)}，{len(taken.tickets)} 项"])
    put_labelled("项目", list(_items(taken)))
    told: dict[str, list[str]] = {}
    for decision in taken.decisions:
        for message in decision.messages:
            told.setdefault(occasion(message.template), []).append(directory.person_name(message.recipient))
    put_labelled("提醒", [f"{what} → {'、'.join(dict.fromkeys(names))}" for what, names in told.items()])
    for incident in dict.fromkeys(i.message for d in taken.decisions for i in d.incidents):
        put_labelled("待办", [incident])
    for warning in dict.fromkeys(w for d in taken.decisions for w in d.warnings):
        warn(f"  注意  {warning}")
    following = _next(taken, today)
    put_labelled("下一步", [following] if following else [])
    if taken.dry:
        say("以上是试算，没有写入任何内容。")


def _items(taken: Taken) -> Iterator[str]:
    from rich.cells import cell_len

    for (snapshot, part), decision in zip(taken.plan.parts, taken.decisions, strict=True):
        workflow, ticket = snapshot.workflow, decision.ticket
        was, now = workflow.states[snapshot.case.state].title, workflow.states[ticket.state].title
        moved = f"{was} → {now}" if was != now else now
        said = f"{moved}，{ticket.fields['due_on']} 前" if ticket.fields.get("due_on") else moved
        line = f"{part.document.place}. {snapshot.case.number}  {ticket.fields.get('description') or ''}"
        room = max(30, screen_width() - 8 - cell_len(said) - 4)
        yield f"{fit(line, room).rstrip()}  {said}"


def _next(taken: Taken, today: date) -> str:
    key = short_id(taken.paper.id, today) if taken.paper.id else "W…"
    judged = short_id(taken.paper.corrects, today) if taken.paper.corrects else key
    return {
        "draft": f"签发：rectiflow notice sign-off {key}；领导在纸上签了的，加 --for 领导 --via 纸质",
        "sign": f"打印：rectiflow notice print {key}；送达后：rectiflow notice serve {key} --via 当面",
        "serve": f"签收：rectiflow notice receipt {key} --for 单位 --via 电话",
        "acknowledge": f"答复：rectiflow notice reply {key} 整改措施=… 完成日期=… --photos 文件夹",
        "reply": f"复查：rectiflow notice verify {key} 合格=…",
        "verify": f"签发复查意见书：rectiflow notice sign-off {key}"
        + (f"；合格的销号：rectiflow notice close {judged}" if _any_passed(taken) else ""),
    }.get(taken.plan.step, "")


def _any_passed(taken: Taken) -> bool:
    return any(d.ticket.marks.get("passed_on") for d in taken.decisions)


def as_record(taken: Taken) -> dict[str, Any]:
    """Return a step as JSON shows it."""
    return {
        "ok": True,
        "step": taken.plan.step,
        "dry_run": taken.dry,
        "paper": taken.paper,
        "items": [
            {"place": p.document.place, "number": s.case.number, "state": d.ticket.state, "from_state": s.case.state}
            for (s, p), d in zip(taken.plan.parts, taken.decisions, strict=True)
        ],
        "messages": [{"occasion": m.template, "recipient": m.recipient} for d in taken.decisions for m in d.messages],
    }


def stands(line: PaperLine) -> str:
    """Say where a paper stands; what it asked for may all be done."""
    from rectiflow._desk import PAPER_STATUS

    running = line.kind == "rectification_notice" and line.status in ("served", "acknowledged")
    return "已办结" if running and line.closed == len(line.items) else PAPER_STATUS.get(line.status, line.status)


def show_papers(found: Sequence[PaperLine], today: date) -> None:
    """Show papers as lines that fit 80 columns."""
    if not found:
        say("没有文书。")
        return
    for line in found:
        status = stands(line)
        total = len(line.items)
        progress = (
            f"{total} 项"
            if line.kind != "rectification_notice"
            else f"答复 {line.answered}/{total} 合格 {line.passed}/{total}"
        )
        mine = "  ← 待我签发" if line.mine else ""
        head = f"{fit(short_id(line.id, today), 8)}{fit(line.number or line.title, 24)}  {fit(status, 7)}"
        put(f"{head} {fit(line.unit, 16)} {progress}{mine}")
    say(f"共 {len(found)} 件。查看：rectiflow notice show {short_id(found[0].id, today)}")


def short_id(paper: str, today: date) -> str:
    """Return how people speak of a paper or a visit: W12 for this year's LZH-W2024-0012, W2023-12 for an earlier one."""
    match = re.search(r"-([WJ])(\d{4})-0*(\d+)$", paper)
    if match is None:
        return paper
    return f"{match[1]}{'' if match[2] == str(today.year) else f'{match[2]}-'}{match[3]}"


def show_paper(line: PaperLine, items: Sequence[Item], text: Sequence[str]) -> None:
    """Show one paper: where it stands, and each item."""
    put(f"{line.id}  {line.number or line.title}  {stands(line)}", "bold")
    put_labelled("单位", [line.unit])
    days = (
        ("拟稿", line.drafted_on),
        ("签发", line.signed_on),
        ("送达", line.served_on),
        ("签收", line.acknowledged_on),
    )
    put_labelled("经过", ["，".join(f"{day} {what}" for what, day in days if day)])
    if line.status == "draft":
        put_labelled("待签发", ["、".join(line.signers) or "（岗位空缺，请补人员）"])
    put_labelled("项目", [_entry(i) for i in items])
    for part in text:
        for piece in wrapped(part, screen_width()):
            put(piece)


def _entry(item: Item) -> str:
    workflow, ticket = item.snapshot.workflow, item.snapshot.case
    due = f"，{ticket.fields['due_on']} 前" if ticket.fields.get("due_on") else ""
    place = f"{ticket.fields['place']}，" if ticket.fields.get("place") else ""
    state = workflow.states[ticket.state].title
    secret = "（限制类）" if ticket.restricted else f"{place}{ticket.fields.get('description') or ''}"
    return f"{item.paper.place}. {ticket.number}  {secret}{due}  {'已撤下，' if item.off else ''}{state}"
