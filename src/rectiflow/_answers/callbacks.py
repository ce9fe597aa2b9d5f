"""What a cloud or a gateway hands over to a web address: delivery receipts, and what people answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rectiflow.engine.errors import NotFound, WorkplaceError

from .receiving import receive_sms
from .recording import Received
from .returning import receive_receipt

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace

__all__ = ["receive_callback"]


def receive_callback(place: Workplace, vendor: str, what: str, body: bytes) -> list[Received]:
    """Take in what a cloud hands over to a web address: delivery receipts, or what people answered.

    Nothing in it proves who sent it, so only what the configured vendor sends is taken; whoever calls this has to know
    that it came from there.

    Raises:
        WorkplaceError: short messages go by another vendor, or by none.
        NotFound: no such cloud, or neither receipts nor replies. NotifierError: the body is not what the vendor sends.
        ChannelNotConfigured: the settings do not describe what the gateway sends.
    """
    from rectiflow.notifiers import receipts
    from rectiflow.notifiers.gateway_callbacks import gateway_receipts, gateway_replies

    gateway = place.settings.channels.get("sms", {})
    known: dict[tuple[str, str], Callable[[bytes], Sequence[receipts.Receipt | receipts.SmsReply]]] = {
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
    found: list[Received] = []
    for one in read(body):
        if isinstance(one, receipts.Receipt):
            told = receive_receipt(place, one, proven=False)
            found += [told] if told is not None else []
        else:
            found.append(receive_sms(place, one.phone, one.text, at=one.at))
    return found
