"""Short messages by Tencent Cloud, against a gateway on loopback that checks signatures with the vendor's own code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tencentcloud.common import credential  # type: ignore[import-untyped]
from tencentcloud.common.abstract_client import AbstractClient  # type: ignore[import-untyped]
from tencentcloud.common.http.request import RequestInternal  # type: ignore[import-untyped]

from rectiflow.notifiers import ChannelDown, ChannelNotConfigured, DeliveryFailure, TemporaryFailure, Unanswered
from rectiflow.notifiers.tencent import REFUSALS, authorization, channel
from support.channel_contract import composed, handed_over, refusals
from support.gateways import KINDS, PHONE, Asked, SmsContract, SmsPeer, a_gateway, failure, made, told

ID, KEY = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
CODES = {"*": {"code": "1110", "params": ["number", "unit", "due_on"]}}


def status(code: str, message: str = "send success") -> dict[str, Any]:
    """Return what the vendor says of one number."""
    return {
        "SerialNo": "5000:1045710669157053657849499619" if code == "Ok" else "",
        "PhoneNumber": "+8613800000001",
        "Fee": 1 if code == "Ok" else 0,
        "SessionContext": "",
        "Code": code,
        "Message": message,
        "IsoCode": "CN",
    }


def answered(*statuses: dict[str, Any]) -> dict[str, Any]:
    """Return an answer that speaks of numbers."""
    return {"Response": {"SendStatusSet": list(statuses), "RequestId": "a0aabda6-cf91-4f3e-a81f-9198114a2279"}}


def error(code: str, message: str = "不可用") -> dict[str, Any]:
    """Return an answer that refuses the whole request."""
    return {
        "Response": {"Error": {"Code": code, "Message": message}, "RequestId": "ed93f3cb-f35e-473f-b9f3-0d451b8b79c6"}
    }


def vendors_signature(content: bytes, *, host: str, secret: str, at: int) -> str:
    """Return the Authorization that the vendor's code gives a POST of JSON."""
    client: Any = AbstractClient(credential.Credential(ID, secret), "ap-guangzhou")
    headers = {"Content-Type": "application/json", "Host": host, "X-TC-Timestamp": str(at)}
    request: Any = RequestInternal(host, "POST", "/", header=headers, data=content.decode())
    day = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
    signature = client._get_tc3_signature({}, request, day, "sms", secret)
    scope = f"{day}/sms/tc3_request"
    return f"TC3-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders=content-type;host, Signature={signature}"


def check(asked: Asked) -> None:
    """Refuse what the vendor would refuse: a wrong signature, or parameters it does not take."""
    at = int(asked.headers["x-tc-timestamp"])
    wanted = vendors_signature(asked.content, host=asked.headers["host"], secret=KEY, at=at)
    assert asked.headers["authorization"] == wanted
    assert asked.headers["content-type"] == "application/json"
    assert (asked.headers["x-tc-action"], asked.headers["x-tc-version"]) == ("SendSms", "2021-01-11")
    body = json.loads(asked.content)
    assert body["PhoneNumberSet"] == ["+8613800000001"]
    assert body["SignName"] == "区教育局"
    assert len(body["SessionContext"].encode()) < 512
    assert all(isinstance(value, str) for value in body["TemplateParamSet"])


TABLE = {"kind": "tencent", "secret_id": ID, "secret_key": KEY, "app_id": "1400006666", "codes": CODES}


@pytest.fixture
def peer() -> Iterator[SmsPeer]:
    """A gateway that takes everything that is signed well."""
    with a_gateway(lambda _asked: told(answered(status("Ok")), taken=True), check) as gateway:
        yield SmsPeer(
            gateway,
            made(channel, TABLE, url=gateway.url, timeout=0.5),
            for_now=answered(status("LimitExceeded.PhoneNumberThirtySecondLimit", "the number of SMS messages")),
            for_good=answered(status("InvalidParameterValue.IncorrectPhoneNumber", f"+86{PHONE} is wrong")),
            secrets=(KEY, PHONE, ID),
        )


class TestContract(SmsContract):
    """What every gateway promises."""


@pytest.mark.parametrize("whole", [False, True])
def test_every_code(peer: SmsPeer, *, whole: bool) -> None:
    """Each is what the table says, of a number or of the request, and shows neither the number nor the key."""
    said = f"{PHONE} {KEY} {ID}"
    peer.answer(*(told(error(code, said) if whole else answered(status(code, said))) for code in REFUSALS))
    for code, failed in zip(REFUSALS, refusals(peer.channel, len(REFUSALS)), strict=True):
        assert type(failed) is KINDS[REFUSALS[code].verdict]
        assert code in str(failed)
        assert "138****0001" in str(failed)
        assert not [s for s in peer.secrets if s in str(failed)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthFailure.SignatureFailure", ChannelDown),
        ("AuthFailure.SecretIdNotFound", ChannelDown),
        ("RequestLimitExceeded.UinLimitExceeded", ChannelDown),
        ("InternalError.Something", TemporaryFailure),
        ("FailedOperation.SomethingNew", TemporaryFailure),
        ("Wonder", TemporaryFailure),
    ],
)
def test_families_and_what_nobody_knows(peer: SmsPeer, code: str, kind: type[DeliveryFailure]) -> None:
    """A code counts as its family, an unknown one as temporary."""
    assert type(failure(peer, told(error(code)))) is kind


@pytest.mark.parametrize(
    "body",
    [{"Response": []}, answered(), {"Response": {"SendStatusSet": [1]}}, {"Response": {"Error": "no"}}],
    ids=["list", "no-number", "a-number", "a-word"],
)
def test_an_answer_that_says_nothing(peer: SmsPeer, body: object) -> None:
    """What speaks neither of the number nor of the request leaves open what became of the message."""
    assert type(failure(peer, told(body))) is Unanswered


def test_what_is_sent(peer: SmsPeer) -> None:
    """The message id, the approved code and its variables, each within twelve characters; the vendor's number comes back."""
    rendered = composed(peer.channel)
    assert handed_over(peer.channel, rendered) == ["SerialNo 5000:1045710669157053657849499619"]
    body = json.loads(peer.gateway.taken[0].content)
    assert body["SessionContext"] == rendered.message_id
    assert (body["TemplateId"], body["SmsSdkAppId"]) == ("1110", "1400006666")
    assert body["TemplateParamSet"] == ["LZH-2024-00…", "第一小学", "2024年12月31日"]
    assert "ExtendCode" not in body


def test_an_extension_and_a_longer_variable() -> None:
    """An enterprise's variables are as long as it says, and an extension code goes along."""
    with a_gateway(lambda _asked: told(answered(status("Ok")), taken=True), check) as gateway:
        sent = made(channel, TABLE, url=gateway.url, variable_limit=20, extend_code="10")
        handed_over(sent, composed(sent))
        body = json.loads(gateway.taken[0].content)
    assert body["TemplateParamSet"][0] == "LZH-2024-000001"
    assert body["ExtendCode"] == "10"


def test_every_problem_at_once() -> None:
    """Missing keys and application, an unknown setting and missing codes."""
    with pytest.raises(ChannelNotConfigured) as failed:
        made(channel, {"kind": "tencent", "appid": "1"})
    assert len(failed.value.problems) == 5


@given(
    body=st.dictionaries(st.text("abcXYZ", min_size=1), st.text(st.characters(exclude_categories=["Cs"]), max_size=40)),
    secret=st.text("abcXYZ019", min_size=1, max_size=30),
    at=st.integers(1_500_000_000, 4_000_000_000),
)
@settings(deadline=None)
def test_the_signature_is_the_vendors(body: dict[str, str], secret: str, at: int) -> None:
    """Whatever the content, key and time, our signature is the one the vendor's code makes."""
    content, host = json.dumps(body, ensure_ascii=False).encode(), "sms.tencentcloudapi.com"
    when = datetime.fromtimestamp(at, UTC)
    ours = authorization(content, host=host, path="/", secret_id=ID, secret_key=secret, at=when)
    assert ours == vendors_signature(content, host=host, secret=secret, at=at)
