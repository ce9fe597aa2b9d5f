"""What the clouds hand over by a callback."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from rectiflow._answers import receive_callback
from rectiflow._answers.listing import letters, original
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from rectiflow.notifiers import ChannelNotConfigured
from support.answers import texted

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage


def configured(place: Workplace, sms: dict[str, Any]) -> Workplace:
    """Return the workplace with short messages going by another way, and a flow of its own."""
    settings = place.settings.model_copy(update={"channels": {"sms": sms} if sms else {}})
    return dataclasses.replace(place, settings=settings)


def test_what_a_cloud_hands_over(open_place: Workplace) -> None:
    """An answer that comes by a callback is like one by hand; a body that is none waits for a person."""
    from rectiflow.engine.errors import NotFound
    from rectiflow.notifiers import NotifierError

    place = configured(open_place, {"kind": "aliyun"})
    _, number = texted(place, email="head@school.example")
    body = (
        '[{"phone_number": "13911112222", "send_time": "2024-09-02 09:05:00", "content": "1", '
        '"sign_name": "区教育局", "dest_code": "0", "sequence_id": 1}]'
    )
    (done,) = receive_callback(place, "aliyun", "replies", body.encode())
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert [r.again for r in receive_callback(place, "aliyun", "replies", body.encode())] == [True]
    (kept,) = receive_callback(place, "aliyun", "receipts", b"<html>")
    assert (kept.status, "短信回执的回调有 1 条读不出来（不是 JSON）" in kept.outcome) == ("waiting", True)
    with pytest.raises(NotifierError, match="回调是空的"):
        receive_callback(place, "aliyun", "receipts", b" ")
    with pytest.raises(NotFound, match="aliyun、tencent 或 gateway"):
        receive_callback(place, "nobody", "receipts", b"[]")
    place.flow.close()


def test_what_a_gateway_of_one_s_own_hands_over(open_place: Workplace) -> None:
    """Its settings say where what stands; without them the callback is refused with what to set."""
    _, number = texted(open_place, email="head@school.example")
    place = configured(open_place, {"kind": "gateway"})
    body = b'{"data": [{"mobile": "13911112222", "content": "1", "time": "2024-09-02 09:05:00"}]}'
    with pytest.raises(ChannelNotConfigured, match="gateway"):
        receive_callback(place, "gateway", "replies", body)
    told = {"kind": "gateway", "replies": {"list": "data", "phone": "mobile", "text": "content", "time": "time"}}
    place.flow.close()
    told_so = configured(place, told)
    (done,) = receive_callback(told_so, "gateway", "replies", body)
    told_so.flow.close()
    assert (done.outcome, done.number) == ("签收已办理", number)


def test_a_bad_record_takes_no_good_one_along(open_place: Workplace) -> None:
    """In GBK; what can be read is carried out, the rest waits with its text and bytes; sent once more, nothing is new."""
    _, number = texted(open_place, email="head@school.example")
    place = configured(open_place, {"kind": "gateway", "replies": {"phone": "mobile", "text": "say", "time": "at"}})
    body = (
        '[{"mobile": null, "say": "什么时候复查", "at": ""}, {"mobile": "13911112222", "say": "签收", '
        '"at": "2024-09-02 09:05:00"}, {"mobile": "13911113333", "say": null}]'
    ).encode("gbk")
    kept, done = receive_callback(place, "gateway", "replies", body)
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert kept.status == "waiting"
    assert "上行短信的回调有 2 条读不出来（第 1 条缺少 mobile；第 3 条缺少 say）" in kept.outcome
    (row,) = letters(place.flow, status="waiting")
    assert "什么时候复查" in row.words
    assert original(place.flow, row) == body
    assert [r.again for r in receive_callback(place, "gateway", "replies", body)] == [True, True]
    assert len(letters(place.flow)) == 2
    place.flow.close()


@pytest.mark.parametrize("sms", [{}, {"kind": "tencent"}, {"kind": "smpp"}])
def test_only_the_configured_vendor_is_heard(open_place: Workplace, sms: dict[str, Any]) -> None:
    """Anybody's bytes could be called another cloud's: they are refused, whoever is at the keyboard, and nothing is kept."""
    _, number = texted(open_place)
    place = configured(open_place, sms)
    body = b'[{"phone_number": "13911112222", "send_time": "2024-09-02 09:05:00", "content": "1"}]'
    for what in ("replies", "receipts"):
        with pytest.raises(WorkplaceError, match="不收 aliyun 的回调"):
            receive_callback(place, "aliyun", what, body)
    assert letters(place.flow) == []
    assert place.flow.ticket(number).state == "assigned"
    place.flow.close()
