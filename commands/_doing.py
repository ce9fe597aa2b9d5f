"""Carrying out one thing on one hazard or on many: each its own transaction, each with its own answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from ._output import is_terminal, print_json, say, warn

if TYPE_CHECKING:
    from rectiflow.engine.decision import Decision, Refusal
    from rectiflow.engine.errors import Reason
    from rectiflow.engine.stimulus import Stimulus
    from rectiflow.engine.ticket import Snapshot, Ticket
    from rectiflow.engine.workflow import Workflow

    from ._context import Session
    from ._given import Given

__all__ = [
    "Done",
    "Failed",
    "Make",
    "Prepared",
    "Result",
    "carry_out",
    "explain",
    "failed",
    "one",
    "prepare",
    "record",
    "refused",
    "show",
    "tell",
    "tell_together",
]

Make = Callable[["Snapshot", "Given"], "tuple[str, Stimulus]"]  #: → what it is called, and what is to be decided


class Done(Struct, frozen=True, kw_only=True):
    """Something was done, or (dry) would be: the decision, and the hazard as it then stands."""

    number: str
    action: str
    before: Snapshot | None
    decision: Decision
    ticket: Ticket
    workflow: Workflow  #: the one the hazard is then on
    dry: bool = False


class Failed(Struct, frozen=True, kw_only=True):
    """Something was not done, with every reason."""

    number: str
    action: str
    reasons: tuple[Reason, ...]
    workflow: Workflow | None = None  #: whose fields were meant, where that is known
    dry: bool = False


Result = Done | Failed
Prepared = tuple[
    "Snapshot", "Stimulus", str
]  #: the hazard as it was looked at, what is to be decided, what it is called


def carry_out(
    made: Session, numbers: Sequence[str], make: Make, given: Given, *, title: str, dry_run: bool, as_json: bool,
    yes: bool = False,
) -> None:  # fmt: skip
    """Do one thing on every hazard, show what came of it, and exit 1 when any was refused.

    At a terminal what goes back on something (with a reason) is shown first, and done when the person agrees or said
    so with `yes`.

    Args:
        make: turns a hazard and what was given into the stimulus; all are made before the first is carried out.
        title: what is tried, for those that cannot even be looked at.
    """
    from ._asking import complete

    if is_terminal() and not (as_json or dry_run):
        complete(made, numbers, make, given)
    prepared = prepare(made, numbers, make, given, title)
    if is_terminal() and not (as_json or dry_run or yes) and not _agreed(made, prepared):
        return
    show(made, [p if isinstance(p, Failed) else one(made, *p, dry_run=dry_run) for p in prepared], as_json=as_json)


def _agreed(made: Session, prepared: Sequence[Failed | Prepared]) -> bool:
    """Show what a correction, a recall and the like would bring, and ask; whatever else is done at once."""
    from ._asking import confirm

    ready = [p for p in prepared if not isinstance(p, Failed) and _goes_back(p[1])]
    trials = [one(made, *p, dry_run=True) for p in ready]
    good = [t for t in trials if isinstance(t, Done)]
    if not good:
        return True
    tell(made, good, asking=True)
    if confirm("就这样办吗？"):
        return True
    say("没有办理。")
    return False


def _goes_back(stimulus: Stimulus) -> bool:
    from rectiflow.engine.stimulus import Act, Amend, Void

    return isinstance(stimulus, Amend | Void) or (isinstance(stimulus, Act) and "reason" in stimulus.data)


def prepare(made: Session, numbers: Sequence[str], make: Make, given: Given, title: str) -> list[Failed | Prepared]:
    """Look at every hazard and make its stimulus; nothing is decided yet."""
    return [_prepare(made, n, make, given, title) for n in numbers]


def show(made: Session, results: Sequence[Result], *, as_json: bool) -> None:
    """Show results, and exit 1 when any was refused."""
    if as_json:
        print_json([record(made, r) for r in results])
    else:
        tell(made, results)
    if any(isinstance(r, Failed) for r in results):
        raise typer.Exit(1)


def one(
    made: Session,
    before: Snapshot,
    stimulus: Stimulus,
    title: str,
    *,
    dry_run: bool = False,
    expect: int | None = None,
) -> Result:
    """Carry one stimulus out, or (dry) only decide on it; `expect` refuses a hazard that is no longer at that version."""
    from rectiflow._undo import keep
    from rectiflow.engine.decision import Refusal
    from rectiflow.engine.errors import RectiflowError

    number = before.case.number
    try:
        if not dry_run:
            outcome = made.flow.handle(number, stimulus, expect_version=expect)
            keep(made.flow, before)
            return _done(made, title, before, outcome.decision, outcome.ticket)
        answer = made.flow.preview(number, stimulus)
    except RectiflowError as exc:
        return failed(number, title, exc, before.workflow)
    if isinstance(answer, Refusal):
        return refused(answer, before.workflow, number)
    return replace(_done(made, title, before, answer, answer.ticket), dry=True)


def _done(made: Session, title: str, before: Snapshot, decision: Decision, ticket: Ticket) -> Done:
    same = (ticket.workflow, ticket.version) == (before.workflow.id, before.workflow.version)
    workflow = before.workflow if same else made.flow.library.newest(ticket.workflow)
    return Done(number=ticket.number, action=title, before=before, decision=decision, ticket=ticket, workflow=workflow)


def tell(made: Session, results: Sequence[Result], *, asking: bool = False) -> None:
    """Show results: one in full, many as a line each with a sum below; `asking`: to be agreed to right after."""
    for result in results:
        if isinstance(result, Failed):
            warn(_refusal(result))
        else:
            explain(made, result, full=len(results) == 1)
    done, dry = sum(isinstance(r, Done) for r in results), any(r.dry for r in results)
    if len(results) > 1:
        tell_together(made, [r for r in results if isinstance(r, Done) and r.dry])
        refused = f"，不能办 {len(results) - done} 条" if done < len(results) else ""
        say(f"{'可办' if dry else '办成'} {done} 条{refused}。")
    if dry and not asking:
        say("以上是试算，没有写入任何内容。")


def record(made: Session, result: Result) -> dict[str, Any]:
    """Return a result as JSON shows it."""
    from ._effects import as_record

    said: dict[str, Any] = {
        "number": result.number,
        "ok": isinstance(result, Done),
        "action": result.action,
        "dry_run": result.dry,
    }
    if isinstance(result, Done):
        return {**said, **as_record(made, result)}
    return {**said, "reasons": [{"code": r.code, "subject": r.subject, "message": r.message} for r in result.reasons]}


def refused(answer: Refusal, workflow: Workflow, number: str = "") -> Failed:
    """Turn a refusal that was only looked at into an answer."""
    return Failed(number=number, action=answer.action, reasons=answer.reasons, workflow=workflow, dry=True)


def failed(number: str, title: str, exc: Exception, workflow: Workflow | None = None) -> Failed:
    """Turn what was raised into an answer that stands beside the others."""
    from rectiflow.engine.errors import Reason, Refused

    if isinstance(exc, Refused):
        return Failed(number=number, action=exc.action, reasons=exc.reasons, workflow=workflow)
    code = {"NotFound": "not_found", "Ambiguous": "ambiguous", "Conflict": "conflict"}.get(type(exc).__name__, "failed")
    reason = Reason(code=code, message=str(exc).rstrip("。"))
    return Failed(number=number, action=title, reasons=(reason,), workflow=workflow)


def explain(made: Session, result: Done, *, full: bool = True) -> None:
    """Say what was done, or would be; `full` with everything that follows from it."""
    from ._effects import effects, headline
    from ._layout import put, put_labelled

    put(headline(made, result), "bold" if full else "")
    for label, text in effects(made, result) if full else ():
        put_labelled(label, [text])
    for warning in result.decision.warnings:
        warn(f"  注意  {warning}")


def tell_together(made: Session, results: Sequence[Done]) -> None:
    """Say who would be told by all of them together, each person once for each occasion."""
    from ._effects import told_together
    from ._layout import put_labelled

    said = told_together(made, [r.decision for r in results])
    if said:
        put_labelled("提醒", said)


def _prepare(made: Session, number: str, make: Make, given: Given, title: str) -> Failed | Prepared:
    from rectiflow._views import seen
    from rectiflow.engine.errors import RectiflowError

    before: Snapshot | None = None
    try:
        before = seen(made.flow, number, made.person)
        called, stimulus = make(before, given)
        return before, stimulus, called
    except RectiflowError as exc:
        return failed(number, title, exc, before.workflow if before else None)


def _refusal(result: Failed) -> str:
    reasons = [r.message for r in result.reasons]
    head = f"{result.number} 不能“{result.action}”：".lstrip()
    said = f"{head}{reasons[0]}" if len(reasons) == 1 else "\n".join((head, *(f"  · {r}" for r in reasons)))
    hint = _hint(result)
    return f"{said}\n  {hint}" if hint else said


def _hint(result: Failed) -> str:
    from ._fields import near_fields
    from ._hints import hints

    unknown = [r.subject for r in result.reasons if r.code == "field_unknown"]
    near = near_fields(result.workflow, unknown) if result.workflow is not None else ""
    return "\n  ".join(filter(None, (*hints(result.reasons), near)))
