"""Receipts and answers of a plain gateway, whose callbacks its settings describe as they describe its answers.

`[channels.sms.receipts]` says where a receipt is found and what it says, `[channels.sms.replies]` the same of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from .errors import ChannelNotConfigured
from .given import Given
from .receipts import CallbackFormat, Receipt, ReceiptRule, ReplyRule, SmsReply, Unread, receipts_of, replies_of

__all__ = ["gateway_receipts", "gateway_replies", "read_rules"]

FORMATS = ("json", "form")

T = TypeVar("T")


def gateway_receipts(values: Mapping[str, Any], body: bytes) -> list[Receipt | Unread]:
    """Return the receipts of a callback, and what of it is not what the table says.

    Args:
        values: the settings `[channels.sms]`, with `kind = "gateway"` and the table `receipts`.
        body: what the gateway sent.

    Raises:
        ChannelNotConfigured: it is no gateway, or the table is missing or wrong.
    """
    return receipts_of(body, _rule(values, "receipts", _receipt))


def gateway_replies(values: Mapping[str, Any], body: bytes) -> list[SmsReply | Unread]:
    """Return the answers of a callback, by the table `replies`; all else as `gateway_receipts`."""
    return replies_of(body, _rule(values, "replies", _reply))


def read_rules(given: Given) -> None:
    """Check both tables, where they are given; problems are added to those of the settings."""
    given.within("receipts", _receipt)
    given.within("replies", _reply)


def _rule(values: Mapping[str, Any], name: str, read: Callable[[Given], T]) -> T:
    title = "sms 通道（gateway）"
    if values.get("kind") != "gateway":
        raise ChannelNotConfigured("sms 通道", ['[channels.sms] 的 kind 不是 "gateway"'])
    given = Given(title, {name: values.get(name)}, Path())
    rule = given.within(name, read)
    if rule is None:
        given.problems.append(f"没有填写 [channels.sms.{name}]（回调的字段）")
    given.done()
    return cast("T", rule)


def _receipt(given: Given) -> ReceiptRule:
    return ReceiptRule(
        phone=given.text("phone"),
        id=given.text("id"),
        status=given.text("status"),
        delivered=given.values("delivered"),
        code=given.text("code", ""),
        time=given.text("time", ""),
        list=given.text("list", ""),
        format=_format(given),
    )


def _reply(given: Given) -> ReplyRule:
    return ReplyRule(
        phone=given.text("phone"),
        text=given.text("text"),
        time=given.text("time", ""),
        extend=given.text("extend", ""),
        list=given.text("list", ""),
        format=_format(given),
    )


def _format(given: Given) -> CallbackFormat:
    return cast("CallbackFormat", given.one_of("format", FORMATS, "json"))
