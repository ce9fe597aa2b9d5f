"""What a cloud or a gateway hands over to a web address: delivery receipts, and what people answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rectiflow.engine.errors import NotFound, WorkplaceError
from rectiflow.notifiers.errors import NotifierError
from rectiflow.notifiers.plaintext import clean_lines
from rectiflow.storage.incoming import Incoming

from .receiving import MOST_WORDS, receive_sms
from .recording import Received, identity, kept_bytes, once, settled
from .returning import receive_receipt

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace
    from rectiflow.notifiers.receipts import Unread

__all__ = ["receive_callback"]

NAMES = {"receipts": "短信回执", "replies": "上行短信"}
MOST_NAMED = 5  #: records of one callback of which it is said what is wrong with each


def receive_callback(place: Workplace, vendor: str, what: str, body: bytes) -> list[Received]:
    """Take in what a cloud hands over to a web address: delivery receipts, or what people answered.

    Nothing in it proves who sent it, so only what the configured vendor sends is taken; whoever calls this has to know
    that it came from there. What of it cannot be read is kept for a person, and keeps the rest from nobody: a gateway that
    is refused sends the same again, which gets no better.

    Raises:
        WorkplaceError: short messages go by another vendor, or by none.
        NotFound: no such cloud, or neither receipts nor replies. NotifierError: the body is empty.
        ChannelNotConfigured: the settings do not describe what the gateway sends.
    """
    from rectiflow.notifiers import receipts
    from rectiflow.notifiers.gateway_callbacks import gateway_receipts, gateway_replies

    gateway = place.settings.channels.get("sms", {})
    known: dict[
        tuple[str, str], Callable[[bytes], Sequence[receipts.Receipt | receipts.SmsReply | receipts.Unread]]
    ] = {
        ("aliyun", "receipts"): receipts.aliyun_receipts,
        ("tencent", "receipts"): receipts.tencent_receipts,
        ("aliyun", "replies"): receipts.aliyun_replies,
        ("tencent", "replies"): receipts.tencent_replies,
        ("gateway", "receipts"): partial(gateway_receipts, gateway),
        ("gateway", "replies"): partial(gateway_replies, gateway),
    }
    read = known.get((vendor, what))
    if read is None:
        raise NotFound(f"不认识“{vendor} {what}”，厂商写 aliyun、tencent 或 gateway，内容写 receipts 或 replies。")
    kind = gateway.get("kind")
    if kind != vendor:
        now = f"写的是 {kind}" if kind else "没有写 kind"
        raise WorkplaceError(
            f"没有收：设置的 [channels.sms] {now}，不收 {vendor} 的回调。请核对回调网址交来的是哪一家。"
        )
    if not body.strip():
        raise NotifierError("回调是空的，什么也没有收到。请核对接网址的程序有没有把收到的内容原样交来。")
    told = read(body)
    unread = [one for one in told if isinstance(one, receipts.Unread)]
    found = [_kept_unread(place, what, body, unread)] if unread else []
    for one in told:
        if isinstance(one, receipts.SmsReply):
            found.append(receive_sms(place, one.phone, one.text, at=one.at))
        elif isinstance(one, receipts.Receipt):
            noted = receive_receipt(place, one, proven=False)
            found += [noted] if noted is not None else []
    return found


def _kept_unread(place: Workplace, what: str, body: bytes, unread: Sequence[Unread]) -> Received:
    """Keep what nobody could read of a callback for a person, with what is wrong; handed over again, it is the same."""
    said = "\n".join(clean_lines(one.said) for one in unread)
    whys = "；".join(one.why for one in unread[:MOST_NAMED])
    more = "等" if len(unread) > MOST_NAMED else ""
    outcome = (
        f"{NAMES[what]}的回调有 {len(unread)} 条读不出来（{whys}{more}），没有办理，原文已留下；"
        "请人工处理，并核对设置里回调的字段怎样写"
    )
    row = Incoming(
        id=identity("\0".join(one.said for one in unread).encode(errors="replace") or body, f"callback {what}"),
        received_at=place.flow.now(),
        channel="sms",
        sender=f"{NAMES[what]}回调",
        words=said[:MOST_WORDS],
        kind="unreadable",
        raw=kept_bytes(place, "回调.txt", body),
    )
    return once(place, row, lambda: settled(row, "waiting", outcome))
