"""What the clouds hand over by a callback."""

from __future__ import annotations

import dataclasses

import pytest

from rectiflow._answers import receive_callback
from rectiflow._workplace import Workplace
from rectiflow.notifiers import ChannelNotConfigured
from support.answers import texted


def test_what_a_cloud_hands_over(open_place: Workplace) -> None:
    """An answer that comes by a callback is like one by hand; a body that is none is refused whole."""
    from rectiflow.engine.errors import NotFound
    from rectiflow.notifiers import NotifierError

    place = open_place
    _, number = texted(place, email="head@school.example")
    body = (
        '[{"phone_number": "13911112222", "send_time": "2024-09-02 09:05:00", "content": "1", '
        '"sign_name": "区教育局", "dest_code": "0", "sequence_id": 1}]'
    )
    (done,) = receive_callback(place, "aliyun", "replies", body.encode())
    assert (done.outcome, done.number) == ("签收已办理", number)
    assert [r.again for r in receive_callback(place, "aliyun", "replies", body.encode())] == [True]
    with pytest.raises(NotifierError):
        receive_callback(place, "tencent", "receipts", b"<html>")
    with pytest.raises(NotFound, match="aliyun、tencent 或 gateway"):
        receive_callback(place, "nobody", "receipts", b"[]")


def test_what_a_gateway_of_one_s_own_hands_over(open_place: Workplace) -> None:
    """Its settings say where what stands; without them the callback is refused with what to set."""
    place = open_place
    _, number = texted(place, email="head@school.example")
    body = b'{"data": [{"mobile": "13911112222", "content": "1", "time": "2024-09-02 09:05:00"}]}'
    with pytest.raises(ChannelNotConfigured, match="gateway"):
        receive_callback(place, "gateway", "replies", body)
    told = {"kind": "gateway", "replies": {"list": "data", "phone": "mobile", "text": "content", "time": "time"}}
    settings = place.settings.model_copy(update={"channels": {"sms": told}})
    told_so = dataclasses.replace(place, settings=settings)
    (done,) = receive_callback(told_so, "gateway", "replies", body)
    told_so.flow.close()
    assert (done.outcome, done.number) == ("签收已办理", number)
