"""Many changes, some to a commit: each is decided, done or refused by itself, and costs a share of one commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rectiflow._carrying import decided_on
from rectiflow.engine.errors import Conflict, RectiflowError

if TYPE_CHECKING:
    from rectiflow._flow import Answer, Outcome, Rectiflow
    from rectiflow.engine.stimulus import Report, Stimulus
    from rectiflow.engine.ticket import Ticket

__all__ = ["TO_A_COMMIT", "handle_each", "report_all"]

TO_A_COMMIT = 50  #: changes; more would hold other writers up for longer than a person waits


def handle_each(
    flow: Rectiflow, orders: Iterable[tuple[str, Stimulus]], *, at_once: int = TO_A_COMMIT
) -> Iterator[Outcome | RectiflowError]:
    """Decide on stimuli and carry them out, up to `at_once` to a commit; yield what came of each, in order.

    Two for the same ticket are never in one commit: the second is decided on what the first has made of it.
    """
    batch: list[tuple[str, Stimulus]] = []
    for number, stimulus in orders:
        if len(batch) == at_once or any(number == other for other, _ in batch):
            yield from _batch(flow, batch)
            batch = []
        batch.append((number, stimulus))
    if batch:
        yield from _batch(flow, batch)


def report_all(flow: Rectiflow, workflow: str, reports: Sequence[Report]) -> list[Ticket]:
    """Put many hazards on record in one commit: all or none.

    Raises:
        Refused: the first that cannot be, with every reason. NotFound: no such workflow. KeyTaken: a host key is in use.
    """
    chosen, now = flow.library.newest(workflow), flow.now()
    blank = flow.blank(chosen)
    return flow.create_all([decided_on(blank, report, now) for report in reports])


def _batch(flow: Rectiflow, batch: list[tuple[str, Stimulus]]) -> Iterator[Outcome | RectiflowError]:
    answers = [_answer(flow, number, stimulus) for number, stimulus in batch]
    good = [a for a in answers if not isinstance(a, RectiflowError)]
    done = iter(flow.carry_each(good) if good else ())
    for (number, stimulus), answer in zip(batch, answers, strict=True):
        yield answer if isinstance(answer, RectiflowError) else _end(flow, number, stimulus, next(done))


def _answer(flow: Rectiflow, number: str, stimulus: Stimulus) -> Answer | RectiflowError:
    try:
        return flow.decided(number, stimulus)
    except RectiflowError as exc:
        return exc


def _end(flow: Rectiflow, number: str, stimulus: Stimulus, done: Outcome | Exception) -> Outcome | RectiflowError:
    """Return what came of one; where somebody else was faster it is decided anew, by itself."""
    if not isinstance(done, Exception):
        return done
    if not isinstance(done, Conflict):
        raise done
    try:
        return flow.handle(number, stimulus)
    except RectiflowError as exc:
        return exc
