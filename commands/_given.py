"""What was given with a command, and by whose hand it is: for oneself, or for a unit that answered by telephone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from msgspec import Struct, field

from ._fields import read_day, read_via

if TYPE_CHECKING:
    from rectiflow.engine.stimulus import Attachment, Hand
    from rectiflow.engine.ticket import Snapshot

    from ._context import Session

__all__ = ["Given", "hand_of", "read_given"]


class Given(Struct, kw_only=True):
    """Everything that goes into a stimulus beside what kind it is; what is missing may be asked for later."""

    data: dict[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Attachment, ...] = ()
    reason: str = ""
    note: str = ""
    level: str | None = None
    into: str | None = None
    whom: str | None = None  #: --for
    via: str | None = None
    on: date | None = None


def read_given(
    made: Session,
    *,
    on: str | None = None,
    whom: str | None = None,
    via: str | None = None,
    note: str = "",
    files: Sequence[Path] = (),
    dry_run: bool = False,
) -> Given:
    """Read the options that say when, for whom and by what means, and put files into the evidence store.

    Raises:
        typer.BadParameter: a date or means that is none, or means without `--for`.
        InputUnusable: a file cannot be used.
    """
    from rectiflow._hands import OWN_VIAS
    from rectiflow._views import attach

    means = read_via(via)
    if whom is None and means is not None and means not in OWN_VIAS:
        raise typer.BadParameter("代他人录入请用 --for 写明是哪个单位或哪个人的答复。", param_hint="--via")
    return Given(
        evidence=attach(made.flow, files, keep=not dry_run) if files else (),
        note=note,
        whom=whom,
        via=means,
        on=read_day(on, made.flow.today()),
    )


def hand_of(made: Session, given: Given, snapshot: Snapshot | None, roles: Iterable[str]) -> Hand:
    """Say by whom, by whose hand, by what means and when.

    Args:
        snapshot: the hazard, None for a new one.
        roles: who may do it; the person of a unit named with `--for` is sought among them.

    Raises:
        NotFound, Ambiguous: no such unit or person, or nobody in that unit who may do it.
    """
    from rectiflow._hands import hand_for

    return hand_for(
        made.flow,
        snapshot,
        roles,
        caller=made.person,
        whom=given.whom,
        via=given.via,
        on=given.on,
        note=given.note,
        account=made.account,
    )
