"""A hazard reported, and a step of its flow taken: from words to stimulus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ._output import is_terminal

if TYPE_CHECKING:
    from rectiflow.engine.stimulus import Report, Stimulus
    from rectiflow.engine.ticket import Snapshot
    from rectiflow.engine.workflow import Workflow

    from ._context import Session
    from ._doing import Make, Result
    from ._fields import Order
    from ._given import Given

__all__ = ["acting", "report"]

_OPTIONAL = ("responsible_unit", "place")  #: asked for at a terminal although they may stay open
_CORRECTIONS = {"更正": "amend", "amend": "amend", "作废": "void", "void": "void"}


def report(made: Session, workflow: Workflow, given: Given, *, key: str | None, dry_run: bool, as_json: bool) -> None:
    """Put a hazard on record, asking at a terminal for what is missing."""
    from rectiflow._views import preview_report
    from rectiflow.engine.stimulus import Report

    from ._asking import Form, fill_in, offer
    from ._doing import show
    from ._given import hand_of

    def make() -> Report:
        hand = hand_of(made, given, None, ())
        return Report(hand=hand, data=given.data, evidence=given.evidence, key=key)

    if is_terminal() and not (as_json or dry_run):
        form = Form(made=made, workflow=workflow, given=given, known={})
        before = dict(given.data)
        fill_in(form, make, lambda _: preview_report(made.flow, workflow, make()))
        if given.data != before:
            offer(form, _OPTIONAL)
    show(made, [_create(made, workflow, make(), dry_run=dry_run)], as_json=as_json)


def acting(made: Session, order: Order) -> Make:
    """Return what turns a hazard and an order into the action: its trigger, its fields, and by whose hand."""

    def make(before: Snapshot, given: Given) -> tuple[str, Stimulus]:
        from rectiflow._carrying import by_title
        from rectiflow._steps import roles_taking
        from rectiflow.engine.stimulus import Act

        from ._fields import by_field, resolve_action
        from ._given import hand_of

        workflow = before.workflow
        trigger = resolve_action(workflow, before.case.state, order.action)
        titles = workflow.triggers
        if trigger not in titles:
            _elsewhere(workflow, order.numbers[0] if order.numbers else before.case.number, order.action)
        hand = hand_of(made, given, before, roles_taking(workflow, before.case.state, trigger))
        data = {**by_field(workflow, order.pairs, made.flow.today()), **given.data}
        others = {k: w.title for k, w in made.flow.library.latest.items()}
        into = by_title(others, given.into) if given.into else None
        act = Act(trigger=trigger, hand=hand, data=data, evidence=given.evidence, into=into)
        return titles.get(trigger, order.action), act

    return make


def _elsewhere(workflow: Workflow, number: str, action: str) -> None:
    """Point to the command for what is no step of the flow: requests and corrections."""
    kind = next((k for k in workflow.requests.values() if action in (k.id, k.title, f"申请{k.title}")), None)
    if kind is not None:
        asks = "".join(f" {workflow.fields[n].title}=…" for n in kind.ask if n in workflow.fields)
        raise typer.BadParameter(f"“{kind.title}”是申请，请用 rectiflow request new {number} {kind.title}{asks}。")
    if action in _CORRECTIONS:
        what = " 项目=内容" if _CORRECTIONS[action] == "amend" else ""
        raise typer.BadParameter(f"请用 rectiflow ticket {_CORRECTIONS[action]} {number}{what} --reason 理由。")


def _create(made: Session, workflow: Workflow, stimulus: Report, *, dry_run: bool) -> Result:
    from rectiflow._views import preview_report
    from rectiflow.engine.decision import Refusal
    from rectiflow.engine.errors import RectiflowError

    from ._doing import Done, failed, refused

    try:
        if dry_run:
            answer = preview_report(made.flow, workflow, stimulus)
            if isinstance(answer, Refusal):
                return refused(answer, workflow)
            return Done(
                number="",
                action="上报",
                before=None,
                decision=answer,
                ticket=answer.ticket,
                workflow=workflow,
                dry=True,
            )
        outcome = made.flow.create(workflow.id, stimulus)
    except RectiflowError as exc:
        return failed("", "上报", exc, workflow)
    stored, decision = outcome.ticket, outcome.decision
    used = made.flow.workflow_of(stored)
    return Done(number=stored.number, action="上报", before=None, decision=decision, ticket=stored, workflow=used)
