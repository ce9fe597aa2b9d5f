"""What clouds tell back: whether a short message arrived, and what people answered. Pure parsers of their callbacks.

Nothing in a callback proves who sent it: whoever takes it in should match it with a message that was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .errors import NotifierError
from .phone import mobile
from .plaintext import one_line

__all__ = ["Receipt", "SmsReply", "aliyun_receipts", "aliyun_replies", "tencent_receipts", "tencent_replies"]

FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S")  #: local times as the vendors write them


class Receipt(Struct, frozen=True, kw_only=True):
    """What became of one message at the carrier.

    `message_id` is ours where the vendor gives it back, `vendor_id` is in the answer `send` returned.
    """

    message_id: str | None
    vendor_id: str
    phone: str
    delivered: bool
    code: str  #: the carrier's: DELIVERED, DELIVRD, MK:0001 …
    at: datetime | None


class SmsReply(Struct, frozen=True, kw_only=True):
    """What somebody answered, on one line; `extend` is the extension the answer was sent to."""

    phone: str
    text: str
    at: datetime | None
    extend: str


def aliyun_receipts(body: bytes) -> list[Receipt]:
    """Return the receipts of a SmsReport (help.aliyun.com/zh/sms/developer-reference/smsreport-2).

    Raises:
        NotifierError: the body is not what the vendor sends.
    """
    return [
        Receipt(
            message_id=_our_id(_text(one, "out_id")),
            vendor_id=_needed(one, "biz_id"),
            phone=_phone(one, "phone_number"),
            delivered=one.get("success") in (True, "true"),
            code=_text(one, "err_code"),
            at=_moment(one.get("report_time")),
        )
        for one in _entries(body)
    ]


def aliyun_replies(body: bytes) -> list[SmsReply]:
    """Return the answers of a SmsUp (help.aliyun.com/zh/sms/developer-reference/smsup-http).

    Raises:
        NotifierError: the body is not what the vendor sends.
    """
    return [
        SmsReply(
            phone=_phone(one, "phone_number"),
            text=_words(one, "content"),
            at=_moment(one.get("send_time")),
            extend=_text(one, "dest_code"),
        )
        for one in _entries(body)
    ]


def tencent_receipts(body: bytes) -> list[Receipt]:
    """Return the receipts of a 下发状态通知 (tencentcloud.com/document/product/382/43547); it does not name our id.

    Raises:
        NotifierError: the body is not what the vendor sends.
    """
    return [
        Receipt(
            message_id=None,
            vendor_id=_needed(one, "sid"),
            phone=_phone(one, "mobile"),
            delivered=one.get("report_status") == "SUCCESS",
            code=_text(one, "errmsg"),
            at=_moment(one.get("user_receive_time")),
        )
        for one in _entries(body)
    ]


def tencent_replies(body: bytes) -> list[SmsReply]:
    """Return the answer of a 短信回复通知 (tencentcloud.com/document/product/382/43548).

    Raises:
        NotifierError: the body is not what the vendor sends.
    """
    return [
        SmsReply(
            phone=_phone(one, "mobile"),
            text=_words(one, "text"),
            at=_moment(one.get("time")),
            extend=_text(one, "extend"),
        )
        for one in _entries(body)
    ]


def _entries(body: bytes) -> Sequence[Mapping[str, Any]]:
    """Return the entries of a callback, a list or a single one."""
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise _unreadable("不是 JSON") from exc
    entries = cast("list[object]", found) if isinstance(found, list) else [found]
    if not all(isinstance(one, Mapping) for one in entries):
        raise _unreadable("不是一列回执")
    return cast("list[Mapping[str, Any]]", entries)


def _needed(entry: Mapping[str, Any], name: str) -> str:
    found = _text(entry, name)
    if not found:
        raise _unreadable(f"缺少 {name}")
    return found


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return one_line(str(value)) if isinstance(value, str | int) else ""


def _words(entry: Mapping[str, Any], name: str) -> str:
    if not isinstance(entry.get(name), str):
        raise _unreadable(f"缺少 {name}")
    return _text(entry, name)


def _phone(entry: Mapping[str, Any], name: str) -> str:
    written = _needed(entry, name)
    return mobile(written) or written


def _moment(value: object) -> datetime | None:
    """Return a local time or a number of seconds since 1970 as a moment; None where neither is readable."""
    try:
        if isinstance(value, int):
            return datetime.fromtimestamp(value, ZONE)
    except (OverflowError, OSError, ValueError):
        return None
    for form in FORMATS:
        try:
            return datetime.strptime(str(value), form).replace(tzinfo=ZONE)
        except ValueError:
            continue
    return None


def _our_id(out_id: str) -> str | None:
    """Return the message id that went out without its brackets."""
    return f"<{out_id.strip('<>')}>" if out_id else None


def _unreadable(why: str) -> NotifierError:
    return NotifierError(f"短信回执不是约定的格式（{why}），请核对回调设置的服务商。")
