"""Short messages by a plain gateway, in the shapes of 云MAS (JSON in Base64, MD5) and of a form with an HMAC."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.notifiers import (
    About,
    Channel,
    ChannelDown,
    ChannelNotConfigured,
    DeliveryFailure,
    Given,
    PermanentFailure,
    TemporaryFailure,
)
from rectiflow.notifiers.gateway import DigestRule, channel, digest_of, filled
from support.channel_contract import AT, RefusingContract, composed, handed_over
from support.gateways import Asked, Gateway, Told, a_gateway, told

SECRET = "s3cr3tOfMas"
MAS: Mapping[str, Any] = {
    "kind": "gateway",
    "title": "云MAS",
    "base64": True,
    "secrets": ["secretKey"],
    "secretKey": SECRET,
    "fields": {
        "ecName": "某区教育局",
        "apId": "jyj",
        "mobiles": "{phone}",
        "content": "{words}",
        "sign": "DWItALe3A",
        "addSerial": "",
        "mac": "{digest}",
    },
    "digest": {"method": "md5", "format": "{ecName}{apId}{secretKey}{mobiles}{content}{sign}{addSerial}"},
    "ok": {"field": "rspcod", "values": ["success"], "id": "mgsGroup", "said": "message"},
    "permanent": ["InvalidMessage", "InvalidMobile"],
    "wait": ["InvalidUsrOrPwd", "IllegalMac", "IllegalSignId", "NoSignId"],
    "temporary": ["SystemBusy"],
}
FORM: Mapping[str, Any] = {
    "kind": "gateway",
    "method": "form",
    "time_format": "%Y%m%d%H%M%S",
    "secrets": ["password", "key"],
    "password": "p4ssw0rd",
    "key": "k3y",
    "fields": {
        "account": "jyj",
        "password": "{password}",
        "phone": "{phone}",
        "msg": "{text}",
        "ts": "{time}",
        "uid": "{id}",
        "sig": "{digest}",
    },
    "digest": {"method": "hmac-sha256", "format": "{account}|{phone}|{ts}|{msg}", "key": "key", "upper": True},
    "ok": {"field": "data.status", "values": [0]},
    "permanent": ["7"],
}
TAKEN = {"mgsGroup": "0923150527001000001003", "rspcod": "success", "success": True}


def check_mas(asked: Asked) -> None:
    """Refuse what 云MAS would refuse."""
    body = json.loads(base64.b64decode(asked.content, validate=True))
    order = (body["ecName"], body["apId"], SECRET, body["mobiles"], body["content"], body["sign"], body["addSerial"])
    assert body["mac"] == hashlib.md5("".join(order).encode(), usedforsecurity=False).hexdigest()
    assert body["mobiles"] == "13800000001"
    assert not body["content"].startswith("【")
    assert "secretKey" not in body


def check_form(asked: Asked) -> None:
    """Refuse a form with a wrong digest."""
    body = dict(parse_qsl(asked.content.decode(), strict_parsing=True))
    signed = f"{body['account']}|{body['phone']}|{body['ts']}|{body['msg']}"
    assert body["sig"] == hmac.new(b"k3y", signed.encode(), hashlib.sha256).hexdigest().upper()
    assert body["password"] == "p4ssw0rd"
    assert body["msg"].startswith("【区教育局】")
    assert body["ts"] == "20241104093000"
    assert len(body["uid"]) == 32


def made(table: Mapping[str, Any], **values: Any) -> Channel:
    """Make the channel of some settings."""
    about = About(signature="区教育局", now=lambda: AT, folder=Path())
    return channel(Given("sms 通道（gateway）", {**table, **values}, about.folder), about)


@dataclass
class Peer:
    """The channel and the gateway."""

    gateway: Gateway
    channel: Channel
    secrets: Sequence[str] = (SECRET, "13800000001")

    def received(self) -> int:
        """Count what was taken."""
        return len(self.gateway.taken)

    def answer(self, answer: Told) -> None:
        """Answer like this from now on."""
        self.gateway.answer = lambda _asked: answer

    def refuse_for_now(self) -> None:
        """Say that there is too much to do."""
        self.answer(told({"rspcod": "SystemBusy", "success": False}))

    def refuse_for_good(self) -> None:
        """Say that the message is none."""
        self.answer(told({"rspcod": "InvalidMessage", "success": False}))

    def go_away(self) -> None:
        """Stop."""
        self.gateway.stop()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A gateway that takes everything whose digest is right."""
    with a_gateway(check_mas, lambda _asked: told(TAKEN, taken=True)) as gateway:
        yield Peer(gateway, made(MAS, url=f"{gateway.url}/sms/norsubmit", timeout=0.5))


class TestContract(RefusingContract):
    """What every channel promises."""


def failure(peer: Peer) -> DeliveryFailure:
    """Send one message and return why it failed."""
    with pytest.raises(DeliveryFailure) as failed:
        handed_over(peer.channel, composed(peer.channel))
    return failed.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("SystemBusy", TemporaryFailure),
        ("InvalidMessage", PermanentFailure),
        ("InvalidMobile", PermanentFailure),
        ("InvalidUsrOrPwd", ChannelDown),
        ("IllegalMac", ChannelDown),
        ("IllegalSignId", ChannelDown),
        ("SomethingNew", TemporaryFailure),
    ],
)
def test_every_value(peer: Peer, code: str, kind: type[DeliveryFailure]) -> None:
    """Each value means what the settings say, an unknown one is temporary; number and secret are not shown."""
    peer.answer(told({"rspcod": code, "message": f"13800000001 {SECRET}", "success": False}))
    failed = failure(peer)
    assert type(failed) is kind
    assert f"{code}：138****0001 ****" in str(failed)
    assert "云MAS" in str(failed)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Told(content=b"<html>login</html>"), TemporaryFailure),
        (Told(content=b"0,123"), TemporaryFailure),
        (told({}), TemporaryFailure),
        (told({"rspcod": ["success"]}), TemporaryFailure),
        (Told(content=None), TemporaryFailure),
        (told(TAKEN, status=500), ChannelDown),
        (told(TAKEN, status=429), ChannelDown),
        (Told(content=b"{}", after=5), ChannelDown),
    ],
    ids=["html", "text", "empty", "list", "cut", "500", "429", "slow"],
)
def test_what_is_no_answer(peer: Peer, answer: Told, kind: type[DeliveryFailure]) -> None:
    """A page of HTML, a cut connection, a server in trouble and silence are all worth another try."""
    peer.answer(answer)
    assert isinstance(failure(peer), kind)


def test_the_gateways_number_comes_back(peer: Peer) -> None:
    """What was taken is known by the gateway's own number."""
    assert handed_over(peer.channel, composed(peer.channel)) == ["云MAS 0923150527001000001003"]


def test_a_form_with_an_hmac() -> None:
    """Fields, secrets, local time, id and signature are filled in; a number in a table below says how it went."""
    with a_gateway(check_form, lambda _asked: told({"data": {"status": 0}}, taken=True)) as gateway:
        sent = made(FORM, url=gateway.url)
        assert handed_over(sent, composed(sent)) == ["短信网关 0"]
        gateway.answer = lambda _asked: told({"data": {"status": 7}})
        with pytest.raises(PermanentFailure):
            handed_over(sent, composed(sent))


def test_what_a_cloud_was_to_send_goes_out_as_text(peer: Peer) -> None:
    """A message put into words for a cloud is sent with the words for people."""
    body: dict[str, Any] = {"code": "1", "params": [], "text": "【区教育局】请登录查看", "vendor": "aliyun"}
    rendered = replace(composed(peer.channel), body=json.dumps(body).encode())
    assert handed_over(peer.channel, rendered)
    assert json.loads(base64.b64decode(peer.gateway.taken[0].content))["content"] == "请登录查看"


def test_every_problem_at_once() -> None:
    """Placeholders from nowhere, a digest that cannot be made, and what a gateway cannot do without."""
    wrong = {
        "kind": "gateway",
        "method": "get",
        "base64": True,
        "secrets": ["id"],
        "id": "x",
        "fields": {"a": "{nobody}", "b": 1},
        "digest": {"method": "crc32", "format": "{nowhere}{digest}", "key": "k", "salt": "", "upper": "yes"},
        "ok": {"field": "code", "value": ["0"]},
        "timeout": "long",
        "pasword": "x",
    }
    with pytest.raises(ChannelNotConfigured) as failed:
        made(wrong)
    said = "\n".join(failed.value.problems)
    parts = (
        "没有填写 url", "method 应是", "fields.b", "{nobody}", "digest.method", "digest.upper", "{nowhere}", "{digest}",
        "digest.key 的 k", "digest.salt",
        "secrets 中的 id", "没有填写 ok", "ok.value", "没有 {phone}", "没有 {text}", "base64", "timeout", "pasword",
    )  # fmt: skip
    assert not [part for part in parts if part not in said]


def test_a_digest_that_names_no_fields() -> None:
    """Without fields, digest format and key there is nothing to send."""
    wrong = {"kind": "gateway", "url": "http://x", "digest": {"method": "hmac-sha256"}}
    with pytest.raises(ChannelNotConfigured) as failed:
        made(wrong)
    said = "\n".join(failed.value.problems)
    assert "没有填写 fields" in said
    assert "没有填写 digest.format" in said
    assert "应同时填写" in said
    assert "digest.key（密钥的名称）" in said


@given(st.dictionaries(st.sampled_from(["phone", "text", "id"]), st.text(max_size=20)))
def test_data_fills_no_placeholder(values: dict[str, str]) -> None:
    """What stands in a value is never filled in again, and what nobody knows stays."""
    wanted = "".join(values.get(name, f"{{{name}}}") for name in ("phone", "text", "id"))
    assert filled("{phone}{text}{id}", values) == wanted
    assert filled("{phone}", {"phone": "{text}", "text": "x"}) == "{text}"
    assert filled('{"a": {}}', values) == '{"a": {}}'


def test_digests() -> None:
    """Over the values in the order of the format, in UTF-8, in lower or upper case."""
    rule = DigestRule(method="md5", format="{a}{b}")
    assert digest_of(rule, {"a": "中", "b": "x"}) == hashlib.md5("中x".encode(), usedforsecurity=False).hexdigest()
    rule = DigestRule(method="sha256", format="{a}", upper=True)
    assert digest_of(rule, {"a": "x"}) == hashlib.sha256(b"x").hexdigest().upper()


def test_an_echo_shows_neither_secret_nor_number(peer: Peer) -> None:
    """A page that repeats what it was asked is quoted without our secrets, numbers with their middle hidden."""
    secret = peer.secrets[0]
    peer.answer(Told(content=f"error mobile=13800000001&secretKey={secret}".encode()))
    told = str(failure(peer))
    assert secret not in told
    assert "13800000001" not in told
