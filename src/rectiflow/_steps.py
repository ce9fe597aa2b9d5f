"""What people call a step: the transition, request or correction behind a word, and which roles may take it."""

from __future__ import annotations

from collections.abc import Mapping

from rectiflow.engine.errors import Ambiguous
from rectiflow.engine.workflow import Workflow

__all__ = ["AMEND", "VOID", "named", "request_named", "roles_taking", "trigger_named"]

AMEND, VOID = "更正", "作废"  #: corrections: every workflow has them


def trigger_named(workflow: Workflow, state: str, text: str) -> str | None:
    """Return the trigger a word stands for: id, title or a beginning of one; what is possible here goes first.

    Raises:
        Ambiguous: it fits several.
    """
    here = {k: ts[0].title for k, ts in workflow.by_state.get(state, {}).items()}
    return named(here, text, "操作") or named(workflow.triggers, text, "操作")


def request_named(workflow: Workflow, text: str) -> str | None:
    """Return the kind of request a word stands for: id, title or a beginning of one.

    Raises:
        Ambiguous: it fits several.
    """
    return named({k: v.title for k, v in workflow.requests.items()}, text, "申请")


def roles_taking(workflow: Workflow, state: str, trigger: str) -> tuple[str, ...]:
    """Return the roles that may take a trigger in a state; where it cannot be taken there, those that may elsewhere."""
    here = workflow.leaving(state, trigger) or [t for t in workflow.transitions if t.trigger == trigger]
    return tuple(dict.fromkeys(r for t in here for r in t.by))


def named(titles: Mapping[str, str], text: str, what: str) -> str | None:
    """Return the id that an id, a title or a beginning of either stands for; None where nothing fits.

    Raises:
        Ambiguous: several begin so.
    """
    text = text.strip()
    exact = [k for k, title in titles.items() if text in (k, title)]
    begun = exact or [k for k, title in titles.items() if text and (title.startswith(text) or k.startswith(text))]
    if len(begun) > 1:
        raise Ambiguous(f"“{text}”不止一个{what}：{'、'.join(titles[k] for k in begun)}，请写全。")
    return begun[0] if begun else None
