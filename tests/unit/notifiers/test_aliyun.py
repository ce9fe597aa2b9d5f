"""Short messages by Alibaba Cloud, against a gateway on loopback that checks signatures with the vendor's own code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from alibabacloud_openapi_util.client import Client  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from Tea.request import TeaRequest  # type: ignore[import-untyped]

from rectiflow.notifiers import ChannelDown, ChannelNotConfigured, DeliveryFailure, Given, TemporaryFailure
from rectiflow.notifiers.aliyun import REFUSALS, channel, query_string, signed_headers
from support.channel_contract import composed, handed_over, refusals
from support.gateways import ABOUT, KINDS, PHONE, Asked, SmsContract, SmsPeer, Told, a_gateway, failure, made, told

KEY_ID, SECRET = "LTAI5tTESTTESTTEST", "s3cr3tOfAliyun"
CODES = {
    "*": {"code": "SMS_154950909", "params": ["number", "unit", "due_on"]},
    "urge": {"code": "SMS_2", "params": {"days": "days_overdue"}},
}

TAKEN = {
    "Message": "OK",
    "RequestId": "873043ac-bcda-44db-9052-2e204c6ed20f",
    "Code": "OK",
    "BizId": "607300000000000000^0",
}


def refusal(code: str, message: str = "触发号码天级流控Permits:40") -> dict[str, str]:
    """Return a refusal in the vendor's form."""
    return {"RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990", "Message": message, "Code": code}


def vendors_signature(asked: Asked, *, secret: str) -> str:
    """Return the Authorization that the vendor's code gives the request."""
    parts = urlsplit(asked.path)
    request: Any = TeaRequest()
    request.method, request.pathname = "POST", parts.path
    request.query = dict(parse_qsl(parts.query, strict_parsing=True))
    request.headers = {k: v for k, v in asked.headers.items() if k.startswith("x-acs-") or k == "host"}
    payload = asked.headers["x-acs-content-sha256"]
    return str(Client.get_authorization(request, "ACS3-HMAC-SHA256", payload, KEY_ID, secret))


def check(asked: Asked) -> None:
    """Refuse what the vendor would refuse: a wrong signature, or parameters it does not take."""
    assert asked.headers["authorization"] == vendors_signature(asked, secret=SECRET)
    assert asked.headers["x-acs-content-sha256"] == Client.hex_encode(Client.hash(asked.content, "ACS3-HMAC-SHA256"))
    query = dict(parse_qsl(urlsplit(asked.path).query, strict_parsing=True))
    assert query["PhoneNumbers"] == "13800000001"
    assert query["SignName"] == "区教育局"
    assert len(query["OutId"]) < 256
    assert all(isinstance(value, str) for value in json.loads(query["TemplateParam"]).values())


TABLE = {"kind": "aliyun", "access_key_id": KEY_ID, "access_key_secret": SECRET, "codes": CODES}


@pytest.fixture
def peer() -> Iterator[SmsPeer]:
    """A gateway that takes everything that is signed well."""
    with a_gateway(lambda _asked: told(TAKEN, taken=True), check) as gateway:
        yield SmsPeer(
            gateway,
            made(channel, TABLE, url=gateway.url, timeout=0.5),
            for_now=refusal("isv.BUSINESS_LIMIT_CONTROL"),
            for_good=refusal("isv.MOBILE_NUMBER_ILLEGAL", f"{PHONE}invalid mobile number"),
            secrets=(SECRET, PHONE, KEY_ID),
        )


class TestContract(SmsContract):
    """What every gateway promises."""


def test_every_code(peer: SmsPeer) -> None:
    """Each is what the table says, shows the code, and neither the number nor the key."""
    said = f"{PHONE} {SECRET} {KEY_ID}"
    peer.answer(*(told(refusal(code, said), status=400 if "." not in code else 200) for code in REFUSALS))
    for code, failed in zip(REFUSALS, refusals(peer.channel, len(REFUSALS)), strict=True):
        assert type(failed) is KINDS[REFUSALS[code].verdict]
        assert code in str(failed)
        assert "138****0001" in str(failed)
        assert not [s for s in peer.secrets if s in str(failed)]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling.User", ChannelDown),
        ("InvalidTimeStamp.Expired", ChannelDown),
        ("InvalidAccessKeyId.NotFound", ChannelDown),
        ("isv.SOMETHING_NEW", TemporaryFailure),
        ("Wonder", TemporaryFailure),
    ],
)
def test_families_and_what_nobody_knows(peer: SmsPeer, code: str, kind: type[DeliveryFailure]) -> None:
    """A code counts as its family, an unknown one as temporary."""
    assert type(failure(peer, told(refusal(code), status=400))) is kind


def test_what_is_sent(peer: SmsPeer) -> None:
    """The message id for the receipt, the approved code and its variables; the vendor's number comes back."""
    rendered = composed(peer.channel)
    assert handed_over(peer.channel, rendered) == ["BizId 607300000000000000^0"]
    asked = peer.gateway.taken[0]
    query = dict(parse_qsl(urlsplit(asked.path).query))
    assert query["OutId"] == rendered.message_id.strip("<>")
    assert query["TemplateCode"] == "SMS_154950909"
    assert json.loads(query["TemplateParam"])["due_on"] == "2024年12月31日"
    assert asked.headers["x-acs-date"] == "2024-11-04T01:30:00Z"
    assert asked.content == b""


def test_the_second_try_is_signed_anew(peer: SmsPeer) -> None:
    """A request that was cut off goes out again under the same OutId and another nonce."""
    peer.answer(Told(content=None, taken=True), told(TAKEN, taken=True))
    rendered = composed(peer.channel)
    with pytest.raises(TemporaryFailure):
        handed_over(peer.channel, rendered)
    assert handed_over(peer.channel, rendered)
    one, two = peer.gateway.taken
    assert one.path == two.path
    assert one.headers["x-acs-signature-nonce"] != two.headers["x-acs-signature-nonce"]


def test_the_key_from_a_file(tmp_path: Path) -> None:
    """The secret is read from a file below the workplace, and the channel does not show it."""
    (tmp_path / "key").write_text(f"{SECRET}\n")
    table = {"access_key_id": KEY_ID, "access_key_secret_file": "key", "codes": CODES}
    found = channel(Given("sms", table, tmp_path), ABOUT)
    assert SECRET not in repr(found) + repr(vars(found))


def test_every_problem_at_once() -> None:
    """Missing keys, a wrong address, an unknown setting and missing codes."""
    with pytest.raises(ChannelNotConfigured) as failed:
        made(channel, {"kind": "aliyun", "url": "ftp://x", "acces_key": "1"})
    assert len(failed.value.problems) == 5


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
names = st.text("abcXYZ", min_size=1, max_size=9)


@given(
    parameters=st.dictionaries(names, words, min_size=1, max_size=6),
    secret=st.text("abcXYZ019", min_size=1, max_size=30),
    at=st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is given below
    nonce=st.text("abcdef0123456789", min_size=1, max_size=32),
)
@settings(deadline=None)
def test_the_signature_is_the_vendors(parameters: dict[str, str], secret: str, at: datetime, nonce: str) -> None:
    """Whatever the parameters, key, time and nonce, our signature is the one the vendor's code makes."""
    query = query_string(parameters)
    headers = signed_headers(
        query,
        url="https://dysmsapi.aliyuncs.com/",
        key_id=KEY_ID,
        secret=secret,
        at=at.replace(tzinfo=UTC),
        nonce=nonce,
    )
    ours = headers["authorization"]
    assert ours == vendors_signature(Asked(path=f"/?{query}", headers=headers, content=b""), secret=secret)


def test_a_query_is_escaped_as_the_rfc_says() -> None:
    """A space is %20, a tilde stays, a plus and an asterisk do not."""
    assert query_string({"b": "a b~+*/", "a": "中"}) == f"a={quote('中')}&b=a%20b~%2B%2A%2F"
