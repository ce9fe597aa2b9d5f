"""Callbacks of a plain gateway, by its settings: 云MAS as its users print them, and a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from rectiflow.engine.moments import ZONE
from rectiflow.notifiers import ChannelNotConfigured
from rectiflow.notifiers.gateway_callbacks import gateway_receipts, gateway_replies
from rectiflow.notifiers.receipts import Receipt, SmsReply, Unread

MAS: Mapping[str, Any] = {
    "kind": "gateway",
    "receipts": {
        "phone": "mobile",
        "id": "msgGroup",
        "status": "reportStatus",
        "delivered": ["DELIVRD", "CM:0000"],
        "code": "errorCode",
        "time": "receiveDate",
    },
    "replies": {"phone": "mobile", "text": "smsContent", "time": "sendTime", "extend": "addSerial"},
}
FORM: Mapping[str, Any] = {
    "kind": "gateway",
    "receipts": {"format": "form", "phone": "to", "id": "smsMsgId", "status": "status", "delivered": ["DELIVRD", 0]},
    "replies": {"format": "form", "phone": "from", "text": "body", "time": "at"},
}


def test_mas_receipts() -> None:
    """As printed at www.cnblogs.com/CYCYCYCYCY/p/15237195.html, a batch in a list; an hour that is none is no time."""
    body = (
        '[{"errorCode":"CM:2007","mobile":"13888888888","msgGroup":"0906144506000001364223","receiveDate":"20210906244506",'
        '"reportStatus":"CM:2007","submitDate":"20210906144506"}]'
    )
    assert gateway_receipts(MAS, body.encode()) == [
        Receipt(
            message_id=None,
            vendor_id="0906144506000001364223",
            phone="13888888888",
            delivered=False,
            code="CM:2007",
            at=None,
        )
    ]


def test_one_receipt_for_each_of_several_numbers() -> None:
    """A list of numbers below a path, and a status that is a number; without a code the status is the code."""
    table = {"list": "data.reports", "phone": "mobiles", "id": "id", "status": "state", "delivered": [0], "time": "at"}
    body = (
        b'{"data": {"reports": ['
        b'{"mobiles": ["13800000001", "+8613800000002"], "id": 7, "state": 0, "at": "2021-09-06 14:45:06"},'
        b'{"mobiles": [13800000003], "id": 8, "state": -2, "at": 1630910706000}]}}'
    )
    found = gateway_receipts({"kind": "gateway", "receipts": table}, body)
    at = datetime(2021, 9, 6, 14, 45, 6, tzinfo=ZONE)
    assert [
        (one.phone, one.vendor_id, one.delivered, one.code, one.at) for one in found if isinstance(one, Receipt)
    ] == [
        ("13800000001", "7", True, "0", at),
        ("13800000002", "7", True, "0", at),
        ("13800000003", "8", False, "-2", at),
    ]


def test_mas_replies() -> None:
    """One answer stands alone."""
    body = '{"mobile": "13800000001", "smsContent": "签收", "sendTime": "2021-09-06 14:45:06", "addSerial": "1065"}'
    at = datetime(2021, 9, 6, 14, 45, 6, tzinfo=ZONE)
    assert gateway_replies(MAS, body.encode()) == [SmsReply(phone="13800000001", text="签收", at=at, extend="1065")]


def test_a_form() -> None:
    """The body that Huawei Cloud prints (support.huaweicloud.com/api-msgsms/sms_05_0051.html), with a number; and an answer."""
    body = (
        b"sequence=1&total=1&orgCode=000&updateTime=2018-04-13T06%3A31%3A46Z&source=2"
        b"&smsMsgId=b9d9b4fe-ad0e-4a2a-a2c7-445505b674ac_6&status=DELIVRD&to=%2B8613800000001"
    )
    timed = {**FORM, "receipts": {**FORM["receipts"], "time": "updateTime"}}
    (receipt,) = gateway_receipts(timed, body)
    assert isinstance(receipt, Receipt)
    assert (receipt.delivered, receipt.phone, receipt.vendor_id[:8]) == (True, "13800000001", "b9d9b4fe")
    assert receipt.at == datetime(2018, 4, 13, 6, 31, 46, tzinfo=UTC)
    said = b"from=13800000001&body=%E7%AD%BE%E6%94%B6&at=1630910706"
    assert gateway_replies(FORM, said) == [
        SmsReply(phone="13800000001", text="签收", at=datetime(2021, 9, 6, 14, 45, 6, tzinfo=ZONE), extend="")
    ]


@pytest.mark.parametrize("table", [MAS, FORM], ids=["json", "form"])
@pytest.mark.parametrize("read", [gateway_receipts, gateway_replies])
@pytest.mark.parametrize("sent", [b"", b"<html>", b"{}", b"[1]", b"a", b"\xff", b"[" * 100_000, b"mobile=&to=&from="])
def test_what_is_no_callback(
    table: Mapping[str, Any], read: Callable[[Mapping[str, Any], bytes], list[object]], sent: bytes
) -> None:
    """It is said so in Chinese, and nothing raises."""
    (found,) = read(table, sent)
    assert isinstance(found, Unread)
    assert any(word in found.why for word in ("不是 JSON", "不是表单", "第 1 条"))


def test_entries_that_are_not_where_the_table_says() -> None:
    """The path is named."""
    table = {"list": "data.replies", "phone": "mobile", "text": "text"}
    assert gateway_replies({"kind": "gateway", "replies": table}, b'{"data": []}') == [
        Unread(why="没有 data.replies", said='{"data": []}')
    ]


def test_a_form_in_gbk() -> None:
    """Percent signs stand for bytes of either charset."""
    (found,) = gateway_replies(FORM, b"from=13800000001&body=%C7%A9%CA%D5")
    assert isinstance(found, SmsReply)
    assert found.text == "签收"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["kind 不是"]),
        ({"kind": "aliyun"}, ["kind 不是"]),
        ({"kind": "gateway"}, ["没有填写 [channels.sms.receipts]"]),
        ({"kind": "gateway", "receipts": "all"}, ["receipts 应是一张表"]),
        (
            {"kind": "gateway", "receipts": {"id": "i", "delivered": []}},
            ["没有填写 phone", "status", "没有填写 delivered"],
        ),
    ],
)
def test_settings_that_cannot_work(values: Mapping[str, Any], words: list[str]) -> None:
    """Every problem is told with the table's name, before the body is looked at."""
    with pytest.raises(ChannelNotConfigured) as failed:
        gateway_receipts(values, b"")
    assert not [word for word in words if word not in str(failed.value)]
