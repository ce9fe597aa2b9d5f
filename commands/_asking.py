"""Asking a person at a terminal: choices numbered, dates in Chinese forms, again when an answer does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from ._output import say, warn

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.engine.decision import Decision, Refusal
    from rectiflow.engine.directory import Directory
    from rectiflow.engine.errors import Reason
    from rectiflow.engine.stimulus import Stimulus
    from rectiflow.engine.workflow import CatalogueItem, Field, Workflow

    from ._context import Session
    from ._doing import Make
    from ._given import Given

__all__ = ["Form", "ask", "ask_files", "choose", "complete", "confirm", "fill_in", "insist", "offer"]

_ASKED_FOR = frozenset(
    {
        "field_missing",
        "second_inspector",
        "level_missing",
        "into_missing",
        "via_missing",
        "late_without_note",
        "note_missing",
        "remark_empty",
    }
)
_ROUNDS = 6  #: how often what is still missing is asked for
_MOST_PEOPLE = 12  #: candidates shown for a person's field
_Choices = Sequence[tuple[str, str]]  #: value and label


class Form(Struct, frozen=True, kw_only=True):
    """Where answers go, and what is known already."""

    made: Session
    workflow: Workflow
    given: Given
    known: Mapping[str, Any]  #: fields on record
    units: tuple[str | None, ...] = ()  #: responsible units of all hazards that are meant


def ask(prompt: str) -> str:
    """Ask for one line; "" when the person just presses Enter.

    Raises:
        EOFError: the input has ended.
    """
    with suppress(ImportError):  # not everywhere; with it, Chinese characters can be edited in place
        import_module("readline")
    return input(prompt).strip()


def confirm(question: str, *, enter: bool = True) -> bool:
    """Ask whether to go on.

    Args:
        enter: what just pressing Enter means.
    """
    if not enter:
        return ask(f"{question}（y＝是，回车＝否）：").lower() in ("y", "yes", "是")
    return ask(f"{question}（回车＝是，n＝否）：").lower() not in ("n", "no", "否", "q")


def choose(title: str, choices: _Choices, *, enter: str = "放弃") -> str | None:
    """Let a person pick by number or by the label itself; None when nothing is picked.

    Args:
        enter: what just pressing Enter means.
    """
    for position, (_, label) in enumerate(choices, 1):
        say(f"  {position:>2}  {label}")
    while True:
        answer = ask(f"{title}（序号，回车{enter}）：")
        if not answer:
            return None
        if answer.isdigit() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1][0]
        named = [value for value, label in choices if answer in (value, label)]
        if named:
            return named[0]
        warn(f"请写 1 到 {len(choices)} 的序号。")


def complete(made: Session, numbers: Sequence[str], make: Make, given: Given) -> None:
    """Ask for everything that is still missing, as long as nothing else speaks against it; answers go into `given`.

    What the first hazard misses is asked for and given to all; of several units a post is asked for, not a person.
    """
    from rectiflow._views import seen
    from rectiflow.engine.errors import RectiflowError

    number = numbers[0]
    try:
        before = seen(made.flow, number, made.person)
        units = dict.fromkeys(made.flow.ticket(n).fields.get("responsible_unit") for n in numbers)
        form = Form(made=made, workflow=before.workflow, given=given, known=before.case.fields, units=tuple(units))
        fill_in(form, lambda: make(before, given)[1], lambda s: made.flow.preview(number, s))
    except RectiflowError:
        return  # said by the attempt itself, with everything else that is wrong


def fill_in(form: Form, make: Callable[[], Stimulus], decide: Callable[[Stimulus], Decision | Refusal]) -> None:
    """Ask for what a refusal misses, until it misses nothing or the person gives up."""
    from rectiflow.engine.decision import Refusal

    for _ in range(_ROUNDS):
        stimulus = make()
        answer = decide(stimulus)
        if not isinstance(answer, Refusal) or any(r.code not in _ASKED_FOR for r in answer.reasons):
            return
        if not all(_answer(form, stimulus, reason) for reason in answer.reasons):
            return


def offer(form: Form, names: Iterable[str]) -> None:
    """Ask for fields that may stay open, those not given yet."""
    for name in names:
        if name in form.workflow.fields and name not in form.given.data:
            value = _field(form, form.workflow.fields[name])
            if value is not None:
                form.given.data[name] = value


def _answer(form: Form, stimulus: Stimulus, reason: Reason) -> bool:
    """Ask for what one reason misses; False when the person gives up."""
    given, subject = form.given, reason.subject
    if subject == "evidence":
        given.evidence = ask_files(form.made.flow)
        return bool(given.evidence)
    if subject == "reason" and not _in_data(stimulus):
        given.reason = ask("理由：")
        return bool(given.reason)
    asked = _plain_subject(form, subject, reason)
    if asked is not None:
        setattr(given, subject, asked)
        return bool(asked)
    value = _field(form, form.workflow.fields[subject]) if subject in form.workflow.fields else None
    if value is None:
        return False
    given.data[subject] = value
    return True


def _in_data(stimulus: Stimulus) -> bool:
    from rectiflow.engine.stimulus import Act, Ask, Report

    return isinstance(stimulus, Act | Ask | Report)


def _plain_subject(form: Form, subject: str, reason: Reason) -> str | None:
    """Ask for a level, a means, a note or another workflow; None when it is none of these."""
    from rectiflow.engine.vocabulary import LEVELS, VIAS

    if subject == "level":
        return choose("级别", list(LEVELS.items())) or ""
    if subject == "via":
        return choose("以什么方式答复", [v for v in VIAS.items() if v[0] != "self"]) or ""
    if subject == "into":
        others = [(w.id, w.title) for w in form.made.flow.library.latest.values() if w.id != form.workflow.id]
        return choose("改判为", others) or ""
    if reason.code == "late_without_note":
        return ask("补录的原因：")
    return None


def insist(prompt: str) -> str:
    """Ask until something is written; who does not want to go on leaves with Ctrl-C.

    Raises:
        EOFError: the input has ended.
    """
    while not (answer := ask(prompt)):
        warn("  这一项要写；不办了按 Ctrl-C。")
    return answer


def ask_files(flow: Rectiflow, what: str = "佐证材料") -> tuple[Any, ...]:
    """Ask for files until they can be used; none when the person just presses Enter."""
    from rectiflow._views import attach
    from rectiflow.engine.errors import InputUnusable

    while True:
        answer = ask(f"{what}（文件路径，几个用空格隔开，回车放弃）：")
        if not answer:
            return ()
        try:
            return attach(flow, _paths(answer), keep=True)
        except InputUnusable as exc:
            warn(str(exc))


def _paths(answer: str) -> list[Path]:
    import shlex

    try:
        words = shlex.split(answer)
    except ValueError:
        words = [answer]
    return [Path(w).expanduser() for w in words]


def _field(form: Form, field: Field) -> Any:
    """Ask for one field until it can be read; None when the person just presses Enter."""
    from rectiflow._hands import day_word
    from rectiflow.engine.errors import RectiflowError
    from rectiflow.engine.values import coerce

    flow = form.made.flow
    choices = _choices(form, field)
    while True:
        answer = _entry(form, field) if field.type == "catalogue" else _line(field, choices)
        if not answer:
            return None
        answer = (day_word(answer, flow.today()) if field.type == "date" else "") or answer
        if field.id == "responsible_person" and len(form.units) > 1 and answer in dict(choices):
            return answer  # a post, which is another person in each unit
        try:
            return coerce(form.workflow, field, answer, flow.directory(), flow.today(), _unit(form))
        except (ValueError, RectiflowError) as exc:
            warn(str(exc))


def _line(field: Field, choices: _Choices) -> str | None:
    for position, (_, label) in enumerate(choices, 1):
        say(f"  {position:>2}  {label}")
    hints = {"date": "如 12月31日", "decimal": "数字", "boolean": "是或否", "unit": "单位名称或开头几个字"}
    hint = (
        "序号，或直接写" if choices and field.type != "choice" else ("序号" if choices else hints.get(field.type, ""))
    )
    answer = ask(f"{field.title}{f'（{hint}）' if hint else ''}：")
    picked = answer.isdigit() and 1 <= int(answer) <= len(choices)
    return choices[int(answer) - 1][0] if picked else answer


def _choices(form: Form, field: Field) -> _Choices:
    if field.type == "choice":
        return list(field.choices.items())
    if field.type != "person":
        return ()
    directory, today = form.made.flow.directory(), form.made.flow.today()
    if field.id == "responsible_person" and len(form.units) > 1:
        return [(title, f"各单位的{title}") for title in _posts(directory, form.units)]
    if field.id == "second_inspector":
        candidates: Iterable[str] = directory.holders("verifier", None, today)
    else:
        unit = _unit(form)
        candidates = (p for p in directory.persons if unit and unit in {x.unit for x in directory.posts_of(p, today)})
    others = [p for p in candidates if p != form.made.person]
    return [(p, directory.person_name(p)) for p in others[:_MOST_PEOPLE]]


def _posts(directory: Directory, units: Iterable[str | None]) -> list[str]:
    """Return the titles of posts that every one of some units has."""
    titles = [dict.fromkeys(p.title for p in directory.posts.values() if p.unit == u) for u in units]
    return [t for t in titles[0] if all(t in other for other in titles)] if titles else []


def _unit(form: Form) -> str | None:
    from rectiflow.engine.errors import RectiflowError

    said = form.given.data.get("responsible_unit") or form.known.get("responsible_unit")
    try:
        return form.made.flow.directory().find_unit(str(said)).id if said else None
    except RectiflowError:
        return None


def _entry(form: Form, field: Field) -> str | None:
    """Pick from a catalogue: the heading first, then what is under it, if anything."""
    items = form.workflow.catalogues[field.id].items.values() if field.id in form.workflow.catalogues else ()
    picked = choose(field.title, _titles(i for i in items if i.parent is None))
    below = _titles(i for i in items if i.parent == picked) if picked else ()
    return (choose("细分", below, enter="不细分") or picked) if below else picked


def _titles(items: Iterable[CatalogueItem]) -> _Choices:
    return [(i.id, i.title) for i in items]
