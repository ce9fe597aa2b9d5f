"""Messages that came back, by mail or by receipt: counted against their address, which is given up in the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rectiflow._astray import still_to_tell
from rectiflow._reasons import lost_reason
from rectiflow._unreached import called_about, let_call, told_steps
from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.moments import ZONE
from rectiflow.engine.visibility import masked_phone
from rectiflow.notifiers.blame import blame_of_mail
from rectiflow.notifiers.carriers import blame as blame_of_code
from rectiflow.notifiers.phone import mobile, spellings
from rectiflow.notifiers.plaintext import one_line, shorten
from rectiflow.notifiers.token import digest_of, find
from rectiflow.storage import incoming, outbox, queries
from rectiflow.storage.incoming import Incoming, Limits, OutboxRow

from .recording import Received, identity, once, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers.blame import Blame
    from rectiflow.notifiers.incoming import Incoming as Mail
    from rectiflow.notifiers.judging import Bounce
    from rectiflow.notifiers.receipts import Receipt

__all__ = ["LIMITS", "arrived", "came_back", "receive_receipt", "returned_mail"]

RECEIPTED = timedelta(days=7)  #: how long after a message its receipt is still expected
SHORTEST_ID = 6  #: characters of a vendor's id that is taken for one where anybody may have written it

#: An address is given up after two returns that say it does not exist, or five of any kind, within thirty days of each other.
LIMITS = Limits(hard=2, any=5, days=30)
_CAUSES: dict[Blame, str] = {"address": "没有这个地址或号码", "busy": "对方一时收不了", "message": "对方拒收"}
#: The same for all messages that come back from an address, so that it is one call.
_TOLD: dict[Blame, str] = {"address": "不存在，消息退回", "busy": "多次退回，已停发"}
_MENDED = "请电话告知，用 person reach 更正或恢复地址，再用 outbox retry 重发退回的"


def came_back(
    flow: Rectiflow, channel: str, address: str, why: str, message: OutboxRow | None, *, blame: Blame, by: str
) -> str:
    """Take note of a return on its message, and count it against its address unless the message itself was at fault.

    From the second one that says the address does not exist on, or the fifth of any kind, nothing is sent there any more:
    one incident says which address is to be corrected. Who was to be told is called then about every hazard of which a
    message came back, and whenever what came back was refused for what it is,
    or is urgent and for an address that does not exist.

    Args:
        by: what counts once where the message is not known.

    Returns:
        what was done, in Chinese.
    """
    if message is not None:
        incoming.came_back(
            flow.store.engine, flow.district, message.key, f"退回（{_CAUSES[blame]}：{why}）", now=flow.now()
        )
    if blame == "message":
        return _refused(flow, channel, address, why, message)
    found = incoming.fault(
        flow.store.engine, flow.district, channel=channel, address=address, at=flow.now(), detail=why,
        hard=blame == "address", limits=LIMITS, by=message.key if message else by,
    )  # fmt: skip
    shown = _shown(channel, address)
    if not found.dead:
        if blame == "address" and message is not None and message.urgent:
            _call_about(flow, [message.key], f"地址 {shown} {_TOLD[blame]}；{_MENDED}")
        return f"{shown} 退回第 {found.failures} 次（{why}）"
    who = flow.directory().person_name(message.recipient) if message else ""
    said = f"{who}的地址 {shown} 退回 {found.failures} 次，已停发（{why}）；{_MENDED}"
    incident = IncidentDraft(key=f"address:{channel}:{address}", kind="message", message=said)
    flow.store.raise_incident(flow.district, incident, now=flow.now())
    _let_call(flow, channel, address, message, f"地址 {shown} {_TOLD[blame]}；{_MENDED}")
    return said


def _let_call(flow: Rectiflow, channel: str, address: str, message: OutboxRow | None, why: str) -> None:
    """Have whoever was to be told by what came back from an address called, once for each, where it still is to be told.

    Args:
        why: the same for all of them, so that it is one call.
    """
    there = queries.messages(flow.store.engine, flow.district, status="returned")
    here = [r["key"] for r in there if (r["rendered_channel"], r["rendered_to"]) == (channel, address)]
    _call_about(flow, [*([message.key] if message is not None else []), *here], why)


def _call_about(flow: Rectiflow, keys: Sequence[str], why: str) -> None:
    """Have somebody called about what is still to be told of these messages, of the steps in a list each by itself."""
    for row in outbox.rows_of(flow.store.engine, flow.district, list(dict.fromkeys(keys))):
        for one in told_steps(flow, row["key"], row["params"]) or [row]:
            asked = one["number"] and not called_about(flow, one["key"], one["number"])
            if asked and lost_reason(flow, one) is None and still_to_tell(flow, one):
                let_call(flow, one["key"], one["number"], one["recipient"], why, within=row["key"])


def arrived(flow: Rectiflow, channel: str, address: str, message: OutboxRow, told: str) -> None:
    """Note that a message reached its address; what came back from there before is forgotten."""
    incoming.note(flow.store.engine, flow.district, message.key, told)
    incoming.forgive(flow.store.engine, flow.district, address, now=flow.now(), channel=channel)


def _refused(flow: Rectiflow, channel: str, address: str, why: str, message: OutboxRow | None) -> str:
    """Tell the office that a message was not wanted for what it is; the address is as good as before."""
    said = f"发给 {_shown(channel, address)} 的消息被对方退回，不是地址的问题（{why}）；请电话告知，改好后用 outbox retry 重发"
    if message is not None:
        incident = IncidentDraft(key=f"returned:{message.key}", kind="message", message=said)
        flow.store.raise_incident(flow.district, incident, now=flow.now(), number=message.number)
        _call_about(flow, [message.key], said)
    return said


def _shown(channel: str, address: str) -> str:
    return (masked_phone(address) or address) if channel == "sms" else address


def receive_receipt(place: Workplace, receipt: Receipt, *, proven: bool = True) -> Received | None:
    """Take one delivery receipt in: a number that is not reached is counted as mail that comes back. None when it was.

    Args:
        proven: it came over our own login; else it must name a message that was sent, or nothing is done.
    """
    flow, phone = place.flow, mobile(receipt.phone) or one_line(receipt.phone)
    message = _receipted(place, receipt, phone, proven=proven)
    if receipt.delivered:
        if message is not None:
            arrived(flow, "sms", message.to or phone, message, f"手机已收到 {_minute(receipt.at or flow.now())}")
        return None
    said = f"短信回执 {receipt.code}"
    row = Incoming(
        id=identity(f"{receipt.vendor_id}\0{receipt.code}".encode(), receipt.phone),
        received_at=flow.now(),
        channel="sms",
        sender=phone,
        words=said,
        kind="bounce",
    )
    if message is None and not proven:
        return once(place, row, lambda: settled(row, "dropped", f"{said}：没有发过这条短信"))
    address = (message.to if message else None) or phone
    return once(
        place,
        row,
        lambda: settled(
            row,
            "done",
            came_back(flow, "sms", address, said, message, blame=blame_of_code(receipt.code), by=row.id),
            number=message.number if message else None,
        ),
    )


def _receipted(place: Workplace, receipt: Receipt, phone: str, *, proven: bool) -> OutboxRow | None:
    """Return the message a receipt is about: by our own id where the vendor gives it back, else by the vendor's.

    Where it may be anybody's, the vendor's must be one that is not guessed, and no word that stands there besides.
    """
    flow, said = place.flow, receipt.vendor_id
    engine, now = flow.store.engine, flow.now()
    digest = digest_of(receipt.message_id or "")
    if digest and (found := incoming.message_of(engine, flow.district, digest)):
        return found if (mobile(found.to) or found.to) == phone else None
    guessed = len(said) < SHORTEST_ID or not any(c.isdigit() for c in said)
    if not said or (guessed and not proven):
        return None
    return incoming.last_to(engine, flow.district, spellings(phone), since=now - RECEIPTED, until=now, said=said)


def _minute(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M}"


def returned_mail(place: Workplace, mail: Mail, bounces: tuple[Bounce, ...], row: Incoming) -> Incoming:
    """Count mails that came back against their addresses; who they were for is known by the token or the Message-ID.

    Whoever got a mail knows its Message-ID, so without a token only what bears no return path, as mail servers send it, is
    noted, and never as proof that the address does not exist.
    """
    flow, said = place.flow, list[str]()
    named = find(place.reply_keys.keys, mail.recipients)
    named = named if named is not None and named.purpose == "bounce" else None
    numbers: list[str | None] = []
    for bounce in bounces if named or mail.return_path == "" else ():
        digest = named.digest if named else digest_of(bounce.message_id)
        message = incoming.message_of(flow.store.engine, flow.district, digest) if digest else None
        if message is None or (named is None and bounce.recipient != (message.to or "").lower()):
            continue  # not ours, or somebody who does not know for whom it was
        why, blamed = shorten(bounce.diagnostic or bounce.status or "退信", 200), blame_of_mail(bounce)
        if blamed == "address" and named is None:
            blamed = "busy"
        said.append(
            came_back(flow, "mail", message.to or "", why, message, blame=blamed, by=row.id)
            if blamed
            else f"{message.to} 暂未送达，对方还在试（{why}）"
        )
        numbers.append(message.number)
    if not said:
        return settled(row, "waiting", "退信，但认不出退的是本程序的哪封邮件，请人工处理")
    return settled(row, "done", "；".join(said), number=next((n for n in numbers if n), None))
