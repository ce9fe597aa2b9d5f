"""Whether somebody never heard of an assignment that is taken back: it did not go before that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rectiflow.engine.overtaken import GIVING
from rectiflow.engine.vocabulary import default_template
from rectiflow.storage import outbox, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["unheard"]

_ARRIVES = ("sent", "merged", "dead")  #: whoever was not reached is called; what waits will not go any more


def unheard(flow: Rectiflow, row: Mapping[str, Any]) -> bool:
    """Tell whether nothing of the last assignment has gone to whom a message of the outbox is for.

    What went to who held the post before, or shares the address, has gone to him. Where nothing was written, as of an
    assignment by a notice or of what was taken over from a ledger, or the unit has acted on it since, it is known.
    """
    engine, district, number = flow.store.engine, flow.district, row["number"]
    acted = {seq: t for seq, t in outbox.acted_since(engine, district, number, 0).items() if seq < row["seq"]}
    given = max((seq for seq, trigger in acted.items() if default_template(trigger) in GIVING), default=None)
    if given is None or max(acted) > given:
        return False
    circle = _circle(flow, row["recipient"])
    written = queries.messages(engine, district, number=number)
    mine = [m for m in written if given <= m["seq"] < row["seq"] and m["recipient"] in circle]
    return bool(mine) and not any(m["status"] in _ARRIVES for m in mine)


def _circle(flow: Rectiflow, person: str) -> frozenset[str]:
    """Return a person, who held the same posts, and who is told at the same address."""
    directory = flow.directory()
    known, posts = directory.persons.get(person), {post.id for post, _ in directory.held_by(person)}
    beside = directory.at_address(known.email, known.phone) if known is not None else ()
    return frozenset((person, *beside, *(h.person for h in directory.holdings if h.post in posts)))
