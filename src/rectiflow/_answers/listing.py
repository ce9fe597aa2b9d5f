"""What came in, as it is listed, looked at and done with by hand."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from rectiflow._views import seen
from rectiflow.engine.errors import Conflict, InputUnusable, NotFound, Reason, Refused
from rectiflow.engine.moments import ZONE
from rectiflow.storage import incoming
from rectiflow.storage.incoming import OPEN, Incoming

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = [
    "OPEN",
    "Incoming",
    "done_by_hand",
    "letter",
    "letters",
    "letters_count",
    "letters_waiting",
    "looked_at",
    "original",
]

MOST_NOTE = 500  #: characters said about a letter that was seen to


def letters(
    flow: Rectiflow,
    *,
    by: str | None = None,
    status: str | Sequence[str] | None = None,
    number: str | None = None,
    limit: int = 0,
) -> list[Incoming]:
    """Return what came in, newest first; `limit` 0 returns everything.

    Args:
        by: who looks; of a restricted hazard that this person may not see, only the number is told.
    """
    found = incoming.incoming(flow.store.engine, flow.district, status=status, number=number, limit=limit)
    return [one if by is None or _may_see(flow, one, by) else _hushed(one) for one in found]


def letters_count(flow: Rectiflow, *, status: str | Sequence[str] | None = None, number: str | None = None) -> int:
    """Return how much came in of what `letters` returns without a limit."""
    return incoming.incoming_count(flow.store.engine, flow.district, status=status, number=number)


def letters_waiting(flow: Rectiflow) -> int:
    """Return how many wait for a person."""
    return incoming.waiting_count(flow.store.engine, flow.district)


def letter(flow: Rectiflow, key: str, *, by: str | None = None) -> Incoming:
    """Return what came in by the beginning of its id.

    Raises:
        NotFound: nothing of that id, or more than one.
        Refused: it is about a restricted hazard, and `by` is neither granted nor involved.
    """
    found = incoming.one_incoming(flow.store.engine, flow.district, key)
    if by is not None and found.number is not None:
        seen(flow, found.number, by)
    return found


def original(flow: Rectiflow, found: Incoming) -> bytes:
    """Return the bytes of a mail as it came in.

    Raises:
        InputUnusable: they were not kept, or are missing.
    """
    if found.raw is None or flow.evidence is None:
        raise InputUnusable("这封来信没有留存原信，不能另存；内容用 rectiflow inbox show 查看。")
    return b"".join(map(flow.evidence.get, found.raw.split()))


def looked_at(flow: Rectiflow, found: Incoming, *, by: str) -> None:
    """Say that a person has looked at words that nobody had seen; nothing where there is more to do, or nothing."""
    if found.status == "unseen":
        with suppress(Conflict):  # somebody else has, at the same moment
            incoming.finish(flow.store.engine, flow.district, {found.id: _added(flow, found, by, "看过", "")})


def done_by_hand(flow: Rectiflow, keys: Sequence[str], *, by: str, note: str = "") -> list[Incoming]:
    """Say that a person has seen to letters, all of them or none; what had become of them before stays in the words.

    Args:
        keys: beginnings of their ids.

    Raises:
        Refused: with everything that is wrong: an unknown or unclear id, a restricted hazard that `by` may not see, a
            letter that is settled (when and how), a note too long. Conflict: one was settled this moment.
    """
    chosen: dict[str, Incoming] = {}
    reasons: list[Reason] = []
    if len(note) > MOST_NOTE:
        said = f"--note 有 {len(note)} 字，请精简到 {MOST_NOTE} 字以内"
        reasons.append(Reason(code="note_long", subject="note", message=said))
    for key in keys:
        try:
            found = letter(flow, key, by=by)
        except (NotFound, Refused) as exc:
            reasons.append(Reason(code="not_found", subject=key, message=str(exc).rstrip("。")))
            continue
        chosen[found.id] = found
    settled = [one for one in chosen.values() if one.status not in OPEN]
    reasons += [Reason(code="settled", subject=one.id, message=_settled_how(one)) for one in settled]
    if reasons:
        raise Refused("", "办结来信", reasons)
    outcomes = {key: _added(flow, one, by, "已处理", note) for key, one in chosen.items()}
    incoming.finish(flow.store.engine, flow.district, outcomes)
    return [letter(flow, key) for key in chosen]


def _added(flow: Rectiflow, found: Incoming, by: str, did: str, note: str) -> str:
    """Return what became of a letter with one thing more: who did what about it when."""
    who, when = flow.directory().person_name(by), f"{flow.now().astimezone(ZONE):%Y-%m-%d %H:%M}"
    return "；".join(filter(None, (found.outcome.rstrip("。"), f"{who} {when} {did}{'：' if note else ''}{note}")))


def _settled_how(one: Incoming) -> str:
    when = f"{one.received_at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    end = "不用办的" if one.status == "dropped" else "已经办完"
    return f"来信 {one.id[:6]} {end}（{when} 收到；{one.outcome.rstrip('。')}），不用再办结"


def _may_see(flow: Rectiflow, one: Incoming, by: str) -> bool:
    if one.number is None:
        return True
    try:
        seen(flow, one.number, by)
    except Refused:
        return False
    return True


def _hushed(one: Incoming) -> Incoming:
    return replace(one, sender="", person=None, subject="", words="", raw=None, outcome="属受限类别，无权查看")
