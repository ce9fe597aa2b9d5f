"""The year turns: every open hazard of earlier years is carried over into the new one, in batches of transactions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rectiflow.engine.carrying import ALREADY
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Conflict, Refused
from rectiflow.engine.moments import local_day
from rectiflow.engine.stimulus import Carry
from rectiflow.engine.ticket import Ticket
from rectiflow.storage.queries import TicketFilter

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Rollover", "roll_over"]

BATCH = 200  #: hazards carried over with one transaction
Progress = Callable[[int, int], None]


class Rollover(Struct, kw_only=True):
    """What came of carrying over, or on a dry run would come; `refused` are the reasons by number."""

    year: int
    carried: list[str] = field(default_factory=list[str])
    already: list[str] = field(default_factory=list[str])
    refused: dict[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])


def roll_over(
    flow: Rectiflow,
    year: int,
    *,
    by: str,
    account: str = "",
    dry_run: bool = False,
    on_progress: Progress | None = None,
) -> Rollover:
    """Carry every open hazard that was put on record before a year over into it; numbers and deadlines stay.

    Nobody is told. What was carried over before is left as it is, so that an interrupted run can be repeated.

    Args:
        by: id or name of the person who does it; a keeper of the flow.
        account: the system account at the keyboard.
        on_progress: called with the hazards done and all hazards, now and then.

    Raises:
        Refused: the year itself cannot be: it is not the present one, nor the next. NotFound, Ambiguous: no such person.
    """
    stimulus = Carry(hand=flow.hand(by, account=account), year=year)
    _check_year(flow, year)
    waiting = [t for t in flow.tickets(TicketFilter(open=True)) if local_day(t.opened_at).year < year]
    done = Rollover(year=year)
    for at in range(0, len(waiting), BATCH):
        some = waiting[at : at + BATCH]
        _carry(flow, stimulus, some, done, dry_run=dry_run)
        if on_progress is not None:
            on_progress(at + len(some), len(waiting))
    return done


def _check_year(flow: Rectiflow, year: int) -> None:
    from rectiflow.engine.errors import Reason

    this = flow.today().year
    if year not in (this, this + 1):
        message = f"现在是 {this} 年，只能结转到 {this} 年或 {this + 1} 年，不能到 {year} 年"
        raise Refused("", "结转", [Reason(code="year_wrong", subject="year", message=message)])


def _carry(flow: Rectiflow, stimulus: Carry, some: Sequence[Ticket], done: Rollover, *, dry_run: bool) -> None:
    decided = list(_decided(flow, stimulus, (t.number for t in some), done))
    if dry_run:
        done.carried += [d.ticket.number for d in decided]
        return
    try:
        done.carried += [t.number for t in flow.change_all(decided)]
    except Conflict:  # somebody works on one of them at this moment
        for decision in decided:
            _alone(flow, stimulus, decision.ticket.number, done)


def _decided(flow: Rectiflow, stimulus: Carry, numbers: Iterable[str], done: Rollover) -> Iterator[Decision]:
    for number in numbers:
        snapshot = flow.snapshot(number)
        answer = decide(snapshot.workflow, snapshot, stimulus, flow.now())
        if isinstance(answer, Refusal):
            _note(done, Refused(number, answer.action, answer.reasons))
        else:
            yield answer


def _alone(flow: Rectiflow, stimulus: Carry, number: str, done: Rollover) -> None:
    try:
        flow.handle(number, stimulus)
        done.carried.append(number)
    except Refused as refused:
        _note(done, refused)


def _note(done: Rollover, refused: Refused) -> None:
    if all(r.code == ALREADY for r in refused.reasons):
        done.already.append(refused.number)
    else:
        done.refused[refused.number] = tuple(r.message for r in refused.reasons)
