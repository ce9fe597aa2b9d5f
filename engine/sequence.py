"""Two decisions on one ticket, one after the other, carried out as one."""

from __future__ import annotations

from msgspec.structs import replace

from .decision import Decision
from .ticket import Snapshot

__all__ = ["follow", "join"]


def follow(snapshot: Snapshot, decision: Decision) -> Snapshot:
    """Return what a decision sees that follows on another which is not carried out yet."""
    clocks = dict(snapshot.clocks)
    for run in decision.clocks:
        if run.run >= (clocks[run.clock].run if run.clock in clocks else 0):
            clocks[run.clock] = run
    requests = {r.ordinal: r for r in (*snapshot.requests, *decision.requests)}
    documents = {d.ordinal: d for d in (*snapshot.documents, *decision.documents)}
    return replace(
        snapshot,
        ticket=decision.ticket,
        clocks=clocks,
        requests=tuple(requests.values()),
        documents=tuple(documents.values()),
    )


def join(first: Decision, second: Decision) -> Decision:
    """Make one decision of two: one revision, two lines of history.

    What the first had to tell, and whom it missed, is overtaken by the second.
    """
    armed = {t.key: t for t in (*first.arm, *second.arm)}
    gone = {*second.disarm} - {t.key for t in second.arm}
    return replace(
        second,
        ticket=replace(second.ticket, rev=first.ticket.rev),
        events=(*first.events, *second.events),
        clocks=tuple({(r.clock, r.run): r for r in (*first.clocks, *second.clocks)}.values()),
        arm=tuple(t for key, t in armed.items() if key not in gone),
        disarm=(*first.disarm, *(k for k in second.disarm if k not in {t.key for t in first.arm})),
        requests=tuple({r.ordinal: r for r in (*first.requests, *second.requests)}.values()),
        documents=tuple({d.ordinal: d for d in (*first.documents, *second.documents)}.values()),
        evidence=(*first.evidence, *second.evidence),
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
    )
