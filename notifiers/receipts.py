"""What gateways tell back: whether a short message arrived, and what people answered. Pure parsers of their callbacks.

Vendors differ in names: a rule says where an entry says what, by paths with dots. Nothing in a callback proves who sent
it: whoever takes it in should match it with a message that was sent. An entry that cannot be read stands as `Unread`
among the others, and so does a body that is no callback: nothing raises.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeVar, cast
from urllib.parse import parse_qsl

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .charset import decode_text
from .json_path import found_at
from .phone import mobile
from .plaintext import one_line

__all__ = [
    "CallbackFormat",
    "Receipt",
    "ReceiptRule",
    "ReplyRule",
    "SmsReply",
    "Unread",
    "aliyun_receipts",
    "aliyun_replies",
    "receipts_of",
    "replies_of",
    "tencent_receipts",
    "tencent_replies",
]

CallbackFormat = Literal["json", "form"]
T = TypeVar("T")

CODECS = ("utf-8-sig", "gb18030")  #: of the bodies of Chinese gateways, the stricter first

COMPACT = 14  #: digits of a local time without signs between
MILLISECONDS = 13  #: digits of the time since 1970 in milliseconds; in seconds there are fewer


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


class Unread(Struct, frozen=True, kw_only=True):
    """An entry that is not as agreed, or a whole body: why, in Chinese, and its text."""

    why: str
    said: str


class _NotSo(ValueError):
    """An entry is not as agreed; the words say why, in Chinese."""


class ReceiptRule(Struct, frozen=True, kw_only=True):
    """Where a callback tells what of a receipt; "" for what it does not tell."""

    phone: str  #: one number or a list of them, each of which has its receipt
    id: str
    status: str
    delivered: frozenset[str]  #: values of the status that say that it arrived
    code: str = ""  #: the carrier's reason; where there is none, the status is
    time: str = ""
    out_id: str = ""  #: our message id, without its brackets
    list: str = ""  #: where the entries are; "" for the whole, a list or a single entry
    format: CallbackFormat = "json"


class ReplyRule(Struct, frozen=True, kw_only=True):
    """Where a callback tells what of an answer; "" for what it does not tell."""

    phone: str
    text: str
    time: str = ""
    extend: str = ""
    list: str = ""
    format: CallbackFormat = "json"


_ALIYUN_RECEIPT = ReceiptRule(
    phone="phone_number", id="biz_id", status="success", delivered=frozenset({"true"}), code="err_code",
    time="report_time", out_id="out_id",
)  # fmt: skip
_ALIYUN_REPLY = ReplyRule(phone="phone_number", text="content", time="send_time", extend="dest_code")
_TENCENT_RECEIPT = ReceiptRule(
    phone="mobile", id="sid", status="report_status", delivered=frozenset({"SUCCESS"}), code="errmsg",
    time="user_receive_time",
)  # fmt: skip
_TENCENT_REPLY = ReplyRule(phone="mobile", text="text", time="time", extend="extend")


def aliyun_receipts(body: bytes) -> list[Receipt | Unread]:
    """Return the receipts of a SmsReport (help.aliyun.com/zh/sms/developer-reference/smsreport-2); see `receipts_of`."""
    return receipts_of(body, _ALIYUN_RECEIPT)


def aliyun_replies(body: bytes) -> list[SmsReply | Unread]:
    """Return the answers of a SmsUp (help.aliyun.com/zh/sms/developer-reference/smsup-http); see `replies_of`."""
    return replies_of(body, _ALIYUN_REPLY)


def tencent_receipts(body: bytes) -> list[Receipt | Unread]:
    """Return the receipts of a 下发状态通知 (tencentcloud.com/document/product/382/43547), which does not name our id."""
    return receipts_of(body, _TENCENT_RECEIPT)


def tencent_replies(body: bytes) -> list[SmsReply | Unread]:
    """Return the answer of a 短信回复通知 (tencentcloud.com/document/product/382/43548); see `replies_of`."""
    return replies_of(body, _TENCENT_REPLY)


def receipts_of(body: bytes, rule: ReceiptRule) -> list[Receipt | Unread]:
    """Return the receipts of a callback, and what of it is not what the rule says."""

    def read(entry: Mapping[str, Any]) -> list[Receipt]:
        ours, status = _text(entry, rule.out_id).strip("<>"), _needed(entry, rule.status)
        return [
            Receipt(
                message_id=f"<{ours}>" if ours else None,
                vendor_id=_needed(entry, rule.id),
                phone=phone,
                delivered=status in rule.delivered,
                code=_text(entry, rule.code) or status,
                at=_moment(_text(entry, rule.time)),
            )
            for phone in _phones(entry, rule.phone)
        ]

    return _each(body, rule, read)


def replies_of(body: bytes, rule: ReplyRule) -> list[SmsReply | Unread]:
    """Return the answers of a callback, and what of it is not what the rule says."""

    def read(entry: Mapping[str, Any]) -> list[SmsReply]:
        said, at, extend = _words(entry, rule.text), _moment(_text(entry, rule.time)), _text(entry, rule.extend)
        return [SmsReply(phone=phone, text=said, at=at, extend=extend) for phone in _phones(entry, rule.phone)]

    return _each(body, rule, read)


def _each(body: bytes, rule: ReceiptRule | ReplyRule, read: Callable[[Mapping[str, Any]], list[T]]) -> list[T | Unread]:
    """Read each entry by itself: one that is not as agreed takes none of the others along."""
    found: list[T | Unread] = []
    try:
        entries = _entries(body, rule.list, rule.format)
    except _NotSo as exc:
        return [Unread(why=str(exc), said=decode_text(body))]
    for place, entry in enumerate(entries, 1):
        try:
            found += read(_record(entry))
        except _NotSo as exc:
            found.append(Unread(why=f"第 {place} 条{exc}", said=_written(entry)))
    return found


def _record(entry: object) -> Mapping[str, Any]:
    if not isinstance(entry, Mapping):
        raise _NotSo("不是一条记录")
    return cast("Mapping[str, Any]", entry)


def _entries(body: bytes, path: str, form: CallbackFormat) -> Sequence[object]:
    """Return the entries of a callback, a list or a single one."""
    said = _said(body, form)
    found = found_at(said, path)
    if found is None and path:
        raise _NotSo(f"没有 {path}")
    return cast("list[object]", found) if isinstance(found, list) else [found]


def _said(body: bytes, form: CallbackFormat) -> Any:
    for codec in CODECS:
        try:
            text = body.decode(codec)
            if form == "json":
                return json.loads(text, strict=False)  # some gateways leave line breaks in their texts
            return dict(parse_qsl(text, strict_parsing=True, encoding=codec, errors="strict"))
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError):
            break
    raise _NotSo("不是 JSON" if form == "json" else "不是表单")


def _written(entry: object) -> str:
    try:
        return json.dumps(entry, ensure_ascii=False)
    except (RecursionError, ValueError):
        return ""


def _phones(entry: Mapping[str, Any], path: str) -> list[str]:
    """Return the numbers of an entry, in their one form where they are mobile numbers."""
    found = found_at(entry, path)
    written = [_plain(one) for one in cast("list[object]", found)] if isinstance(found, list) else [_plain(found)]
    if not all(written):
        raise _NotSo(f"缺少 {path}")
    return [mobile(one) or one for one in written]


def _needed(entry: Mapping[str, Any], path: str) -> str:
    found = _text(entry, path)
    if not found:
        raise _NotSo(f"缺少 {path}")
    return found


def _words(entry: Mapping[str, Any], path: str) -> str:
    if not isinstance(found_at(entry, path), str):
        raise _NotSo(f"缺少 {path}")
    return _text(entry, path)


def _text(entry: Mapping[str, Any], path: str) -> str:
    return _plain(found_at(entry, path)) if path else ""


def _plain(value: object) -> str:
    """Return a text on one line, a number, true or false as JSON writes them, "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return one_line(str(value)) if isinstance(value, str | int) else ""


def _moment(text: str) -> datetime | None:
    """Return a time as a moment: a local one, one with its zone, or the time since 1970; None where it is none of them."""
    try:
        if text.isdigit() and len(text) == COMPACT:
            return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZONE)
        if text.isdigit():
            return datetime.fromtimestamp(int(text) / (1000 if len(text) >= MILLISECONDS else 1), ZONE)
        found = datetime.fromisoformat(text)
    except (OverflowError, OSError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=ZONE)
