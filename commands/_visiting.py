"""A visit as it is written at the command line, asked for at a terminal, and shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import typer
from msgspec.structs import replace

from ._fields import by_field, read_pairs, read_word
from ._given import hand_of
from ._layout import fit, put, put_labelled, screen_width
from ._numbers import in_ranges
from ._output import say, warn

if TYPE_CHECKING:
    from rectiflow._visits import FindingView, Found, Inspected, VisitLine
    from rectiflow.engine.likeness import Likely
    from rectiflow.engine.visiting import Visit

    from ._context import Session
    from ._given import Given

__all__ = ["as_record", "complete", "read_finding", "read_visit", "retype", "show", "tell"]

_PAIR = re.compile(r"\s*[^=＝\s]{1,20}[=＝].*", re.DOTALL)
_OUTCOME, _LINK, _WORKFLOW = "处理", "关联", "等级"
_LINKS = {
    _LINK: None,
    "并入": "merged",
    "并入编号": "merged",
    "反弹": "opened",
}  #: and what is done with the finding then


def read_visit(
    made: Session, unit: str, *, method: str, inspectors: Sequence[str], partners: Sequence[str],
    signed_by: str | None, given: Given,
) -> Visit:  # fmt: skip
    """Read a visit from options; an own check that is entered for a unit was made by who told of it.

    Raises:
        typer.BadParameter: a method or date that is none. NotFound, Ambiguous: no such unit or person.
    """
    from rectiflow.engine.errors import NotFound
    from rectiflow.engine.visiting import Visit
    from rectiflow.engine.vocabulary import METHODS

    flow = made.flow
    directory = flow.directory()
    day = given.on or flow.today()
    where = directory.find_unit(unit).id

    def person(name: str) -> str:
        try:
            return directory.find_member(name, where if means == "self" else None, day).id
        except NotFound:
            warn(f"  注意  检查人“{name}”不在人员名册里；是外单位人员、专家的不用管，写错的请改正。")
            return name

    means = read_word(method, METHODS, "--method") or "district"
    hand = hand_of(made, replace(given, on=day), None, ())
    return Visit(
        district=flow.district,
        unit=where,
        on=day,
        method=means,
        inspectors=tuple(dict.fromkeys(person(n) for n in inspectors)) or (hand.actor,),
        partners=tuple(dict.fromkeys(partners)),
        signed_by=directory.find_member(signed_by, where, day).id if signed_by else None,
        note=given.note,
        hand=hand,
        entered_at=flow.now(),
    )


def read_finding(made: Session, text: str) -> Found:
    """Read one finding: 描述；部位=…；类别=…；处理=当场整改；整改措施=….

    Raises:
        typer.BadParameter: no description, or something that cannot be read.
    """
    from rectiflow._visits import Found
    from rectiflow.engine.visiting import OUTCOMES

    parts = [p.strip() for p in re.split(r"[；;]", text) if p.strip()]
    said = [p for p in parts if not _PAIR.fullmatch(p)]
    pairs = read_pairs(p for p in parts if _PAIR.fullmatch(p))
    outcome = next((v for k, v in pairs if k == _OUTCOME), None)
    links = [(k, v) for k, v in pairs if k in _LINKS]
    if len(links) > 1:
        raise typer.BadParameter(f"“{text}”：{'、'.join(k for k, _ in links)}只能写一样。", param_hint="--finding")
    linked = links[0][1] if links else None
    major = any(k == _WORKFLOW and v.startswith("重大") for k, v in pairs)
    workflow = made.flow.library.newest("major_hazard" if major else "hazard")
    rest = [(k, v) for k, v in pairs if k not in (_OUTCOME, _WORKFLOW, *_LINKS)]
    data: dict[str, Any] = dict(by_field(workflow, rest, made.flow.today()))
    if said:
        data["description"] = "；".join(said)
    meant = _LINKS[links[0][0]] if links else None
    kind = read_word(outcome, OUTCOMES, "--finding") or meant or "opened"
    if meant == "merged" and kind != "merged":
        raise typer.BadParameter(f"“{text}”：写了并入，处理就不能是“{outcome}”。", param_hint="--finding")
    own = ("measures", "completed_on", "second_inspector") if kind in ("on_spot", "self_fix") else ()
    given: dict[str, Any] = {str(k): data.pop(k) for k in own if k in data}
    if not data.get("description"):
        raise typer.BadParameter(f"“{text}”没有写隐患描述。", param_hint="--finding")
    return Found(
        data=data, outcome=kind, given=given, linked_to=made.flow.find(linked) if linked else None,
        workflow=workflow.id,
    )  # fmt: skip


# asking -----------------------------------------------------------------------------------------------------------


def complete(made: Session, visit: Visit, found: Sequence[Found], *, zero: bool) -> tuple[Visit, list[Found]]:
    """Ask at the terminal for the findings where none was written, and for who signs a visit without any."""
    from ._asking import ask

    done = [_offered(made, visit, f) for f in found]
    while not zero and not found:
        answer = ask(f"第 {len(done) + 1} 条隐患的描述（回车结束）：")
        if not answer:
            break
        try:
            done.append(_offered(made, visit, _asked(made, read_finding(made, answer))))
        except typer.BadParameter as exc:
            warn(exc.message)
    if not done and not visit.signed_by:
        visit = replace(visit, signed_by=_signer(made, visit))
    return visit, done


def _asked(made: Session, found: Found) -> Found:
    """Ask for what a finding needs and does not have: place, category, what became of it."""
    from rectiflow.engine.visiting import OUTCOMES

    from ._asking import ask, ask_files, choose, insist

    data, given, evidence = dict(found.data), dict(found.given), found.evidence
    if not data.get("place"):
        data["place"] = ask("  部位（如 教学楼）：")
    if not data.get("category"):
        items = made.flow.library.newest(found.workflow).catalogues["category"].items.values()
        tops = [(i.id, i.title) for i in items if i.parent is None]
        while not (chosen := choose("  类别", tops)):
            warn("  类别要选一个，没有合适的选“其他”。")
        data["category"] = chosen
    outcome = found.outcome
    if outcome == "opened":
        usual = [(k, OUTCOMES[k]) for k in ("opened", "on_spot", "self_fix")]
        outcome = choose("  处理", usual) or "opened"
    if outcome in ("on_spot", "self_fix"):
        given["measures"] = given.get("measures") or insist("  怎么整改的：")
        evidence = evidence or ask_files(made.flow, "  整改后的照片")
    return replace(found, data={k: v for k, v in data.items() if v}, given=given, outcome=outcome, evidence=evidence)


def retype(made: Session, visit: Visit, found: Sequence[Found]) -> str:
    """Write a visit that was asked for as one command, so that nothing typed is lost when it is refused."""
    from rectiflow.engine.values import show as written
    from rectiflow.engine.visiting import OUTCOMES
    from rectiflow.engine.vocabulary import METHODS

    directory = made.flow.directory()
    lines = [f"rectiflow inspection new {directory.unit_name(visit.unit)} --method {METHODS[visit.method]}"]
    for f in found:
        workflow = made.flow.library.newest(f.workflow)
        own = {k: v for k, v in {**f.data, **f.given}.items() if k != "description" and v}
        said = [str(f.data.get("description") or ""), f"{_OUTCOME}={OUTCOMES[f.outcome]}"]
        said += [f"{workflow.fields[k].title}={written(workflow, k, v, directory)}" for k, v in own.items()]
        lines.append(f"  --finding '{'；'.join([*said, *([f'{_LINK}={f.linked_to}'] if f.linked_to else [])])}'")
    return " \\\n".join(lines)


def _offered(made: Session, visit: Visit, found: Found) -> Found:
    """Offer hazards that the finding may repeat; a person decides."""
    from rectiflow._visits import suggestions

    from ._asking import choose

    if found.linked_to:
        return found
    said = str(found.data.get("description") or ""), str(found.data.get("place") or "")
    alike = suggestions(made.flow, visit.unit, *said, by=made.person)
    if not alike:
        return found
    options = [("", "都不是，另行登记"), *((k.number, _alike(k)) for k in alike)]
    chosen = choose("  与这些隐患相似", options)
    if not chosen:
        return found
    is_open = next(k.open for k in alike if k.number == chosen)
    return replace(found, linked_to=chosen, outcome="merged" if is_open else found.outcome)


def _alike(found: Likely) -> str:
    said = "在办，并入它" if found.open else "已销号，记为反弹"
    return f"{found.number} {fit(found.description, 36).rstrip()}（{said}）"


def _signer(made: Session, visit: Visit) -> str | None:
    from ._asking import choose

    directory = made.flow.directory()
    people = [
        p for p in directory.persons.values() if visit.unit in {x.unit for x in directory.posts_of(p.id, visit.on)}
    ]
    return choose("没有发现隐患，由谁签字（零报告）", [(p.id, p.name) for p in people]) or None


# showing ----------------------------------------------------------------------------------------------------------


def tell(made: Session, came: Inspected, found: Sequence[Found]) -> None:
    """Say what was put on record, or would be; name hazards that a finding may repeat."""
    from rectiflow._views import occasion
    from rectiflow._visits import suggestions
    from rectiflow.engine.visiting import OUTCOMES
    from rectiflow.engine.vocabulary import METHODS

    if came.known:
        say(f"这次检查已经登记过：{came.number}，没有重复登记。")
        return
    directory, visit = made.flow.directory(), came.visit
    what = f"{len(found)} 条隐患" if found else "零报告"
    put(
        f"{came.number or '（新编号）'}  {visit.on} {METHODS[visit.method]} {directory.unit_name(visit.unit)}  {what}",
        "bold",
    )
    numbers = [t.number for t in came.tickets] or ["（新编号）"] * len(found)
    lines = [
        f"{place}. {number}  {fit(f.data.get('description'), screen_width() - 40).rstrip()}  {OUTCOMES[f.outcome]}"
        f"{f'（{f.linked_to}）' if f.linked_to else ''}"
        for place, (number, f) in enumerate(zip(numbers, found, strict=True), start=1)
    ]
    put_labelled("隐患", lines)
    put_labelled("签字", [directory.person_name(visit.signed_by)] if visit.signed_by else [])
    told: dict[str, list[str]] = {}
    for decision in came.decisions:
        for message in decision.messages:
            told.setdefault(occasion(message.template), []).append(directory.person_name(message.recipient))
    put_labelled("提醒", [f"{what} → {'、'.join(dict.fromkeys(names))}" for what, names in told.items()])
    new = {t.number for t in came.tickets}
    for place, f in enumerate(found, start=1):
        said = str(f.data.get("description") or ""), str(f.data.get("place") or "")
        alike = [k for k in suggestions(made.flow, visit.unit, *said, by=made.person) if k.number not in new]
        if alike and not f.linked_to:
            names = "、".join(f"{k.number}（{'在办' if k.open else '已销号'}）" for k in alike)
            warn(f"  第 {place} 条与 {names} 相似，请核对是否重复或反弹")
    opened = [t.number for t, f in zip(came.tickets, found, strict=False) if f.outcome == "opened" and not t.restricted]
    if opened:
        put_labelled(
            "下一步",
            [
                f"拟通知：rectiflow notice draft {','.join(in_ranges(opened))} 整改时限=… 整改责任人=… --inspection {came.number}"
            ],
        )
    if came.dry:
        say("以上是试算，没有写入任何内容。")


def as_record(came: Inspected) -> dict[str, Any]:
    """Return what came of a visit as JSON shows it."""
    return {
        "number": came.number or None,
        "known": came.known,
        "dry_run": came.dry,
        "tickets": [{"number": t.number, "state": t.state} for t in came.tickets],
        "states": [d.ticket.state for d in came.decisions],
    }


def show_visits(found: Sequence[VisitLine], today: date) -> None:
    """Show visits, a line each that fits 80 columns."""
    from ._notices import short_id

    if not found:
        say("没有检查记录。")
        return
    for line in found:
        count = f"{line.findings} 条" if line.findings else "零报告"
        unit, method = fit(line.unit, 20), fit(line.method, 9)
        head = f"{fit(short_id(line.number, today), 8)}{line.on}  {unit}  {method} {fit(count, 7)} "
        put(f"{head}{fit(line.inspectors, max(screen_width() - 61, 8)).rstrip()}")
    say(f"共 {len(found)} 次。查看：rectiflow inspection show {short_id(found[0].number, today)}")


def show(line: VisitLine, findings: Sequence[FindingView]) -> None:
    """Show one visit with its findings."""
    from rectiflow.engine.moments import local_day

    put(f"{line.number}  {line.on} {line.method}  {line.unit}", "bold")
    put_labelled("检查人", [line.inspectors + (f"（联合：{line.partners}）" if line.partners else "")])
    late = "，补录" if line.late else ""
    put_labelled("录入", [f"{line.entered_by}，{local_day(line.entered_at)}{late}"])
    put_labelled("说明", [line.note] if line.note else [])
    put_labelled("签字", [line.signed_by] if line.signed_by else [])
    said = [
        f"{f.place}. {f.number}  {f.description}  {f.outcome}"
        f"{f'（{f.linked_to}）' if f.linked_to else ''}，{f.state}{f'，{f.due_on} 前' if f.due_on else ''}"
        for f in findings
    ]
    put_labelled("隐患", said or ["没有发现（零报告）"])
