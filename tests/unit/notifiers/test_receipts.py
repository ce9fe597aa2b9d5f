"""Callbacks of the clouds, as their documentation shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rectiflow.engine.moments import ZONE
from rectiflow.notifiers.receipts import (
    Receipt,
    SmsReply,
    Unread,
    aliyun_receipts,
    aliyun_replies,
    tencent_receipts,
    tencent_replies,
)

PARSERS = (aliyun_receipts, aliyun_replies, tencent_receipts, tencent_replies)


def body(value: object) -> bytes:
    """Return a callback's bytes."""
    return json.dumps(value, ensure_ascii=False).encode()


def test_aliyun_receipts() -> None:
    """Our id comes back with its brackets; a failure keeps the carrier's code."""
    entry = {
        "phone_number": "13811110001",
        "send_time": "2017-01-01 00:00:00",
        "report_time": "2017-01-01 00:00:05",
        "success": True,
        "err_code": "DELIVERED",
        "err_msg": "用户接收成功",
        "sms_size": "1",
        "biz_id": "12345",
        "out_id": "rectiflow.0a1b@sms",
    }
    failed = entry | {"success": False, "err_code": "MK:0001", "out_id": "", "report_time": "soon"}
    assert aliyun_receipts(body([entry, failed])) == [
        Receipt(
            message_id="<rectiflow.0a1b@sms>",
            vendor_id="12345",
            phone="13811110001",
            delivered=True,
            code="DELIVERED",
            at=datetime(2017, 1, 1, 0, 0, 5, tzinfo=ZONE),
        ),
        Receipt(message_id=None, vendor_id="12345", phone="13811110001", delivered=False, code="MK:0001", at=None),
    ]


@pytest.mark.parametrize("time", ["2017-09-01 00:00:00", "20170901000000"])
def test_aliyun_replies(time: str) -> None:
    """Both forms of time, and words on one line."""
    entry = {
        "phone_number": "+8613811110001",
        "content": "已\n整改",
        "send_time": time,
        "dest_code": "1234",
        "sequence_id": 1,
    }
    assert aliyun_replies(body([entry])) == [
        SmsReply(phone="13811110001", text="已 整改", at=datetime(2017, 9, 1, tzinfo=ZONE), extend="1234")
    ]


def test_tencent_receipts() -> None:
    """The vendor's number is what `send` returned."""
    entry = {
        "user_receive_time": "2015-10-17 08:03:04",
        "nationcode": "86",
        "mobile": "13811110001",
        "report_status": "SUCCESS",
        "errmsg": "DELIVRD",
        "description": "用户短信送达成功",
        "sid": "5000:1",
    }
    good, bad = tencent_receipts(body([entry, entry | {"report_status": "FAIL", "errmsg": "MI:0013"}]))
    assert isinstance(good, Receipt)
    assert isinstance(bad, Receipt)
    assert (good.delivered, good.vendor_id, good.code, good.message_id) == (True, "5000:1", "DELIVRD", None)
    assert good.at == datetime(2015, 10, 17, 0, 3, 4, tzinfo=UTC)
    assert (bad.delivered, bad.code) == (False, "MI:0013")


def test_tencent_replies() -> None:
    """One answer stands alone, with the seconds since 1970; an absurd time is none."""
    entry = {
        "extend": "10",
        "mobile": "13811110001",
        "nationcode": "86",
        "sign": "区教育局",
        "text": "收到",
        "time": 1457336869,
    }
    at = datetime.fromtimestamp(1457336869, UTC)
    assert tencent_replies(body(entry)) == [SmsReply(phone="13811110001", text="收到", at=at, extend="10")]
    (absurd,) = tencent_replies(body(entry | {"time": 10**30}))
    assert absurd == SmsReply(phone="13811110001", text="收到", at=None, extend="10")


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("sent", [b"", b"<html>", b"1", b"[1]", b"[{}]", b'{"a": 1}', b"\xff", b"[" * 100_000])
def test_what_is_no_callback(parse: Callable[[bytes], list[object]], sent: bytes) -> None:
    """It is said in Chinese what is wrong, with the text."""
    (found,) = parse(sent)
    assert isinstance(found, Unread)
    assert any(word in found.why for word in ("不是 JSON", "第 1 条不是一条记录", "第 1 条缺少"))
    assert found.said or not sent


def test_one_that_cannot_be_read_takes_no_other_along() -> None:
    """The others are read, and of each it is said which it is and what it lacks."""
    good = {"phone_number": "13811110001", "content": "签收 6", "send_time": "2017-09-01 00:00:00"}
    none, odd = {**good, "phone_number": None}, {**good, "content": ["x"]}
    first, second, third, fourth = aliyun_replies(body([none, good, odd, "x"]))
    assert second == SmsReply(phone="13811110001", text="签收 6", at=datetime(2017, 9, 1, tzinfo=ZONE), extend="")
    assert [one.why for one in (first, third, fourth) if isinstance(one, Unread)] == [
        "第 1 条缺少 phone_number",
        "第 3 条缺少 content",
        "第 4 条不是一条记录",
    ]
    assert isinstance(first, Unread)
    assert json.loads(first.said) == none


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_gateways_write_in_either_charset(codec: str) -> None:
    """UTF-8 where it is that, else GB 18030, which takes GBK in; a raw line break in the words is no harm."""
    sent = '{"phone_number": "13811110001", "content": "签收\n第 7 条", "send_time": "x"}'.encode(codec)
    assert aliyun_replies(sent) == [SmsReply(phone="13811110001", text="签收 第 7 条", at=None, extend="")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["phone_number", "mobile", "biz_id", "sid", "content", "text", "time", "send_time"]), inner
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_whatever_comes_in(value: object) -> None:
    """Any JSON is read or said not to be, nothing else."""
    for parse in PARSERS:
        assert all(one.why if isinstance(one, Unread) else one.phone for one in parse(body(value)))


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("2024-09-02 09:05:00", datetime(2024, 9, 2, 9, 5, tzinfo=ZONE)),
        ("20240902090500", datetime(2024, 9, 2, 9, 5, tzinfo=ZONE)),
        ("2024-09-02T01:05:00Z", datetime(2024, 9, 2, 9, 5, tzinfo=ZONE)),
        ("1725239100", datetime(2024, 9, 2, 9, 5, tzinfo=ZONE)),
        (1725239100000, datetime(2024, 9, 2, 9, 5, tzinfo=ZONE)),
        ("20240931090500", None),
        ("9" * 30, None),
        ("²", None),
        (True, None),
    ],
)
def test_times(time: object, at: datetime | None) -> None:
    """Local, with a zone, or since 1970 in seconds or milliseconds; what is none of them is no time, and no harm."""
    entry = {"phone_number": "13811110001", "content": "1", "send_time": time}
    assert aliyun_replies(body(entry)) == [SmsReply(phone="13811110001", text="1", at=at, extend="")]
