"""What stands in the outbox, as a person sees it, and what a person does about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from rectiflow._identity import keeps_all
from rectiflow.engine.errors import NotFound
from rectiflow.engine.moments import ZONE
from rectiflow.engine.visibility import masked_phone
from rectiflow.notifiers.message import MAIL, SMS, digest_of, short_id
from rectiflow.storage import outbox as sending
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace

__all__ = [
    "CANCELLABLE",
    "STATUS_TITLES",
    "MessageView",
    "cancel",
    "held",
    "how_many",
    "hurry",
    "message",
    "messages",
    "outbox",
    "put_off",
    "retry",
    "returned",
    "shown_address",
    "status_of",
    "undelivered",
    "written_to",
]


class MessageView(Struct, frozen=True, kw_only=True):
    """One outbox row as a person wants to see it; `body` is what was or will be sent, once it is in words and was asked for."""

    key: str
    id: str  #: short, for people to write: the beginning of the key's SHA-256
    number: str | None
    recipient: str
    occasion: str
    status: str
    channel: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    attempts: int
    detail: str
    to: str = ""  #: address it went to, or was to go to, a telephone number masked; "" where that is not known
    subject: str | None = None
    body: bytes | None = None


STATUS_TITLES = {
    "waiting": "待发",
    "held": "待汇总",
    "merged": "已并入汇总",
    "sent": "已发",
    "returned": "退回",
    "dead": "未送达",
    "cancelled": "已取消",
}


_LONG_ID = 12  #: hexadecimal digits of an id where six fit several
_MOST_CANDIDATES = 5
CANCELLABLE = ("waiting", "held", "returned", "dead")  #: statuses of what `cancel` takes out


def status_of(row: Any) -> str:
    """Return where an outbox row stands, as in `STATUS_TITLES`: what was sent and came back is returned."""
    return "returned" if row["returned_at"] else str(row["status"])


def outbox(
    flow: Rectiflow,
    *,
    by: str | None = None,
    status: str | None = None,
    number: str | None = None,
    most: int | None = None,
    words: bool = True,
) -> list[MessageView]:
    """Return outbox rows, newest first; `status` is waiting, held, merged, sent, returned, dead or cancelled.

    Args:
        by: whose view it is: who keeps the ledger sees all, anybody else what is addressed to them; None is the machine.
        most: how many at most; None is all.
        words: with the bodies, which may be large.
    """
    engine, name, own = flow.store.engine, flow.directory().person_name, _only_to(flow, by)
    rows = queries.messages(engine, flow.district, status=status, number=number, recipient=own, most=most, words=words)
    return [_message_view(r, name(r["recipient"])) for r in rows]


def how_many(flow: Rectiflow, *, by: str | None = None, status: str | None = None, number: str | None = None) -> int:
    """Return how many outbox rows there are; the arguments of `outbox`."""
    engine, own = flow.store.engine, _only_to(flow, by)
    return queries.count_messages(engine, flow.district, status=status, number=number, recipient=own)


def message(flow: Rectiflow, key: str, *, by: str | None = None) -> MessageView:
    """Return one outbox row, body and all; named, and refused, as by `messages`."""
    return messages(flow, [key], by=by)[0]


def messages(flow: Rectiflow, keys: Sequence[str], *, by: str | None = None) -> list[MessageView]:
    """Return some outbox rows, bodies and all, in this order, each named by a short or longer id, its key or a part of it.

    Raises:
        NotFound: no message, or more than one, of those `by` may see, is meant by one of them; all such are named.
    """
    meant = _meant(flow, keys, by)
    rows = {r["key"]: r for r in sending.rows_of(flow.store.engine, flow.district, meant)}
    name = flow.directory().person_name
    return [_message_view(rows[key], name(rows[key]["recipient"])) for key in meant]


def _only_to(flow: Rectiflow, by: str | None) -> str | None:
    """Return whose messages alone somebody may see; None where that is everybody's."""
    return None if by is None or keeps_all(flow, by) else by


def _meant(flow: Rectiflow, keys: Sequence[str], by: str | None = None) -> list[str]:
    """Return the keys of the messages that are meant; the exceptions of `messages`."""
    known = queries.message_keys(flow.store.engine, flow.district, recipient=_only_to(flow, by))
    short = {key: digest_of(key) for key in known}
    found = {key: _candidates(key, short) for key in keys}
    wrong = [_not_one(key, found[key]) for key in keys if len(found[key]) != 1]
    if wrong:
        raise NotFound("\n".join(wrong))
    return [found[key][0] for key in keys]


def _candidates(written: str, known: Mapping[str, str]) -> list[str]:
    """Return the keys, of those known with their digests, that somebody may mean."""
    if written in known:
        return [written]
    low = written.lower()
    by_id = [k for k, digest in known.items() if digest.startswith(low)] if len(low) >= len(short_id("")) else []
    return by_id or [k for k in known if k.lower() == low] or [k for k in known if written in k]


def _not_one(written: str, found: Sequence[str]) -> str:
    if not found:
        return f"没有编号为“{written}”的消息，请用 rectiflow outbox list 查看编号。"
    some = "、".join(f"{digest_of(k)[:_LONG_ID]}（{k}）" for k in found[:_MOST_CANDIDATES])
    more = f"等 {len(found)} 条" if len(found) > _MOST_CANDIDATES else ""
    return f"不止一条编号为“{written}”的消息：{some}{more}；请写长一些的编号。"


def retry(flow: Rectiflow, keys: Sequence[str]) -> int:
    """Make messages due at once again; all that were not delivered or came back when no key is given. Return how many."""
    chosen = _meant(flow, keys) if keys else None
    count = sending.retry(flow.store.engine, flow.district, chosen, now=flow.now())
    flow.ring()
    return count


def undelivered(flow: Rectiflow, persons: Collection[str]) -> int:
    """Return how many messages to some persons did not arrive or came back; what `retry` sends again."""
    rows = (r for s in ("dead", "returned") for r in queries.messages(flow.store.engine, flow.district, status=s))
    return sum(r["recipient"] in persons for r in rows)


def returned(flow: Rectiflow) -> list[MessageView]:
    """Return what came back and is still to be told."""
    from rectiflow._astray import still_to_tell

    rows = queries.messages(flow.store.engine, flow.district, status="returned")
    name = flow.directory().person_name
    return [_message_view(r, name(r["recipient"])) for r in rows if still_to_tell(flow, r)]


def put_off(flow: Rectiflow) -> tuple[int, datetime] | None:
    """Return how many messages wait for a later time, and when the first of them goes; None when none does."""
    return queries.put_off(flow.store.engine, flow.district, now=flow.now())


def hurry(flow: Rectiflow) -> int:
    """Make every waiting message due at once, whatever it waits for; return how many."""
    return sending.hurry(flow.store.engine, flow.district, now=flow.now())


def cancel(flow: Rectiflow, keys: Sequence[str], *, by: str) -> int:
    """Take messages out of the outbox, visibly: who did and when stands with them; return how many.

    Raises:
        NotFound: no message, or more than one, is meant by one of them; all are left then.
    """
    chosen = _meant(flow, keys)
    why = f"{flow.directory().person_name(by)} {flow.now().astimezone(ZONE):%Y-%m-%d %H:%M} 取消"
    return sending.cancel(flow.store.engine, flow.district, chosen, now=flow.now(), why=why)


def held(flow: Rectiflow) -> int:
    """Return how many messages wait for the next digest."""
    return how_many(flow, status="held")


def written_to(place: Workplace, sent: MessageView) -> Path | None:
    """Return the file a mail was written into instead of being sent; None where it was not, or is gone."""
    if sent.status != "sent" or sent.channel != "mail" or not sent.detail:
        return None
    file = place.path(place.settings.outgoing.folder) / "mail" / sent.detail
    return file if file.suffix == ".eml" and file.is_file() else None


def _detail(row: Any) -> str:
    """Return what is said of an outbox row; whose words a mail server's own are."""
    parts = (row["detail"] or "").split("；")
    if row["rendered_channel"] != MAIL or row["status"] != "sent":
        return "；".join(parts)
    servers = (bool(p) and p.isascii() and not p.endswith(".eml") for p in parts)
    return "；".join(f"邮件服务器答复 {p}" if s else p for p, s in zip(parts, servers, strict=True))


def shown_address(row: Any) -> str:
    """Return where an outbox row went, or was to go, as it may be shown."""
    to = row["rendered_to"] or ""
    return (masked_phone(to) or to) if row["rendered_channel"] == SMS else to


def _message_view(row: Any, recipient: str) -> MessageView:
    from rectiflow.notifiers import OCCASIONS

    return MessageView(
        key=row["key"],
        id=short_id(row["key"]),
        number=row["number"],
        recipient=recipient,
        occasion=OCCASIONS.get(row["template"], row["template"]),
        status=status_of(row),
        channel=row["rendered_channel"] or row["channel"],
        created_at=row["created_at"],
        due_at=row["due_at"],
        sent_at=row["sent_at"],
        attempts=row["attempts"],
        detail=_detail(row),
        to=shown_address(row),
        subject=row["rendered_subject"],
        body=row.get("rendered_body"),
    )
