"""The sweep of due timers: claimed, fired one by one, failures put off and at last made an incident."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._bulk import TO_A_COMMIT
from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.errors import Conflict, WorkplaceError
from rectiflow.storage.store import ClaimLost

if TYPE_CHECKING:
    from rectiflow._flow import Answer, Outcome, Rectiflow
    from rectiflow.storage.store import DueTimer

__all__ = ["Swept", "sweep"]

MOST_ATTEMPTS = 5  #: of one timer, before an incident
BACK_OFF = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
JITTER = 0.2  #: share of a wait that is left to chance, so that what failed together does not come back together


class Swept(Struct, frozen=True, kw_only=True):
    """What a sweep of due timers did."""

    fired: int = 0
    dropped: int = 0
    failed: int = 0
    steps: int = 0  #: ladder steps crossed by those fired
    messages: int = 0

    def __add__(self, other: Swept) -> Swept:
        return Swept(
            fired=self.fired + other.fired,
            dropped=self.dropped + other.dropped,
            failed=self.failed + other.failed,
            steps=self.steps + other.steps,
            messages=self.messages + other.messages,
        )


def sweep(flow: Rectiflow, *, limit: int = 200, going: Callable[[], bool] = lambda: True) -> Swept:
    """Fire what is due, until nothing is; a ticket that fails never stops the others.

    Args:
        limit: timers claimed at a time.
        going: asked before each timer; when it says no, what is claimed and not begun is given back.
    """
    total = Swept()
    _give_back(flow)
    while going() and (due := _claimed(flow, limit)):
        try:
            total += _fire_all(flow, due, going)
        except WorkplaceError:  # the database is away or full: no attempt of any of them, and nobody need wait for us
            flow.owed += due
            with suppress(WorkplaceError):
                _give_back(flow)
            raise
    return total


def _give_back(flow: Rectiflow) -> None:
    """Free what was claimed when the database failed; what was done of it is not armed any more and stays done."""
    if flow.owed:
        flow.store.release_timers(flow.owed, owner=flow.owner)
        flow.owed.clear()


def _claimed(flow: Rectiflow, limit: int) -> list[DueTimer]:
    """Take what is due in our own district: another one's calendar, sender and words are its own workers' to know."""
    return flow.store.claim_timers(
        owner=flow.owner, now=flow.now(), lease=flow.lease, limit=limit, district=flow.district
    )


def _fire_all(flow: Rectiflow, due: list[DueTimer], going: Callable[[], bool]) -> Swept:
    worn = [t for t in due if t.attempts > MOST_ATTEMPTS]
    for timer in worn:
        _given_up(flow, timer)
    total, left, held = Swept(failed=len(worn)), deque(t for t in due if t not in worn), flow.now()
    while left:
        if not going():
            flow.store.release_timers(left, owner=flow.owner)
            break
        if flow.now() - held > flow.lease / 2:  # slow work: hold on to the rest before the lease runs out
            held = flow.now()
            left = deque(flow.store.renew_timers(left, owner=flow.owner, now=held, lease=flow.lease))
            continue
        total += _fire_some(flow, [left.popleft() for _ in range(min(TO_A_COMMIT, len(left)))])
    return total


def _fire_some(flow: Rectiflow, timers: Sequence[DueTimer]) -> Swept:
    """Fire timers of different tickets with one commit; what comes to nothing in it is fired by itself."""
    total = Swept()
    answers: list[tuple[DueTimer, Answer]] = []
    for timer in timers:
        try:
            answer = flow.answer(timer)
        except WorkplaceError:  # the database is away, which is not the ticket's fault
            raise
        except Exception as exc:  # noqa: BLE001 a poison ticket becomes an incident, the sweep goes on
            _failed(flow, timer, exc)
            total += Swept(failed=1)
        else:
            answers += [(timer, answer)] if answer is not None else []
            total += Swept(dropped=1) if answer is None else Swept()
    try:
        done = flow.carry_each([answer for _, answer in answers]) if answers else []
    except WorkplaceError:
        raise
    except Exception:  # noqa: BLE001 one of them cannot be written: which one shows when each is tried alone
        return sum((_fire(flow, timer) for timer, _ in answers), total)
    for (timer, _), outcome in zip(answers, done, strict=True):
        total += _fire(flow, timer) if isinstance(outcome, Conflict) else _counted(outcome)
    return total


def _counted(outcome: Outcome | ClaimLost | None) -> Swept:
    if outcome is None:
        return Swept(dropped=1)
    if isinstance(outcome, ClaimLost):
        return Swept()
    return Swept(fired=1, steps=len(outcome.decision.crossed), messages=len(outcome.decision.messages))


def _fire(flow: Rectiflow, timer: DueTimer) -> Swept:
    try:
        outcome = flow.fire(timer)
    except (ClaimLost, Conflict):
        return Swept()
    except WorkplaceError:
        raise
    except Exception as exc:  # noqa: BLE001 a poison ticket becomes an incident, the sweep goes on
        _failed(flow, timer, exc)
        return Swept(failed=1)
    return _counted(outcome)


def _given_up(flow: Rectiflow, timer: DueTimer) -> None:
    """Give up a timer without another try: the last who tried did not live to say what went wrong."""
    why = f"失败或处理时进程中断共 {timer.attempts - 1} 次"
    flow.store.fail_timer(
        timer, owner=flow.owner, error=why, retry_at=None, incident=_incident(timer, why), now=flow.now()
    )


def _failed(flow: Rectiflow, timer: DueTimer, exc: Exception) -> None:
    now = flow.now()
    error = f"{type(exc).__name__}: {exc}"[:500]
    last = timer.attempts >= MOST_ATTEMPTS
    wait = BACK_OFF[min(timer.attempts, len(BACK_OFF)) - 1] * (1 + random.uniform(0, JITTER))
    retry_at = None if last else now + wait
    incident = _incident(timer, f"试了 {timer.attempts} 次都没有办成：{error}")
    flow.store.fail_timer(timer, owner=flow.owner, error=error, retry_at=retry_at, incident=incident, now=now)


def _incident(timer: DueTimer, why: str) -> IncidentDraft:
    return IncidentDraft(
        key="timer:" + ":".join(map(str, timer.key)),
        kind="timer",
        message=f"定时任务（{timer.key.clock}/{timer.key.step}）{why}",
    )
