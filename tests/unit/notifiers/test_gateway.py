"""Short messages by a plain gateway, in the shapes of 云MAS (JSON in Base64, MD5) and of a form with an HMAC."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rectiflow.notifiers import (
    ChannelDown,
    ChannelNotConfigured,
    DeliveryFailure,
    PermanentFailure,
    TemporaryFailure,
)
from rectiflow.notifiers.errors import LOCKOUT
from rectiflow.notifiers.gateway import DigestRule, channel, digest_of, filled
from support.channel_contract import composed, handed_over
from support.gateways import PHONE, Asked, SmsContract, SmsPeer, Told, a_gateway, failure, made, told

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


@pytest.fixture
def peer() -> Iterator[SmsPeer]:
    """A gateway that takes everything whose digest is right."""
    with a_gateway(lambda _asked: told(TAKEN, taken=True), check_mas) as gateway:
        yield SmsPeer(
            gateway,
            made(channel, MAS, url=f"{gateway.url}/sms/norsubmit", timeout=0.5),
            for_now={"rspcod": "SystemBusy", "success": False},
            for_good={"rspcod": "InvalidMessage", "success": False},
            secrets=(SECRET, PHONE),
        )


class TestContract(SmsContract):
    """What every gateway promises."""


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
def test_every_value(peer: SmsPeer, code: str, kind: type[DeliveryFailure]) -> None:
    """Each value means what the settings say, an unknown one is temporary; number and secret are not shown."""
    failed = failure(peer, told({"rspcod": code, "message": f"{PHONE} {SECRET}", "success": False}))
    assert type(failed) is kind
    assert f"{code}：138****0001 ***）" in str(failed)
    assert "云MAS" in str(failed)


@pytest.mark.parametrize(
    ("codec", "kind"),
    [
        ("gbk", ""),
        ("gbk", "application/json; charset=GBK"),
        ("gbk", "application/json; charset=utf-8"),
        ("big5", "application/json; charset=big5"),
        ("gbk", "application/json; charset=nothing-known"),
    ],
)
def test_an_answer_in_another_charset(peer: SmsPeer, codec: str, kind: str) -> None:
    """Success said in GBK is success: the same short message three times is what comes of not reading it."""
    body = json.dumps({**TAKEN, "message": "提交成功"}, ensure_ascii=False).encode(codec)
    peer.answer(Told(content=body, taken=True, kind=kind))
    assert handed_over(peer.channel, composed(peer.channel)) == ["云MAS 0923150527001000001003"]
    assert peer.received() == 1
    refused = json.dumps({"rspcod": "InvalidMobile", "message": "提交不成功"}, ensure_ascii=False).encode(codec)
    assert "提交不成功" in str(failure(peer, Told(content=refused, kind=kind)))


def test_a_page_in_another_charset_can_be_read(peer: SmsPeer) -> None:
    """What stands between us and the gateway is quoted so that people can read it."""
    assert "请先登录" in str(failure(peer, Told(content="<html>请先登录</html>".encode("gbk"))))


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_refused_by_http(peer: SmsPeer, status: int) -> None:
    """Nothing was looked at: the channel waits, and long enough not to be locked out."""
    for answer in (
        *(told({"rspcod": code}, status=status) for code in ("SomethingNew", "success")),
        Told(content=b"denied", status=status),
    ):
        failed = failure(peer, answer)
        assert isinstance(failed, ChannelDown)
        assert failed.after == LOCKOUT
        assert "账号、密钥" in str(failed)


def test_a_value_that_is_no_text(peer: SmsPeer) -> None:
    """A list where a word should be is none that is known."""
    assert type(failure(peer, told({"rspcod": ["success"]}))) is TemporaryFailure


def test_the_gateways_number_comes_back(peer: SmsPeer) -> None:
    """What was taken is known by the gateway's own number."""
    assert handed_over(peer.channel, composed(peer.channel)) == ["云MAS 0923150527001000001003"]


def test_a_form_with_an_hmac() -> None:
    """Fields, secrets, local time, id and signature are filled in; a number in a table below says how it went."""
    with a_gateway(lambda _asked: told({"data": {"status": 0}}, taken=True), check_form) as gateway:
        sent = made(channel, FORM, url=gateway.url)
        assert handed_over(sent, composed(sent)) == ["短信网关 0"]
        gateway.answer = lambda _asked: told({"data": {"status": 7}})
        with pytest.raises(PermanentFailure):
            handed_over(sent, composed(sent))


def test_what_a_cloud_was_to_send_goes_out_as_text(peer: SmsPeer) -> None:
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
        "receipts": {"phone": "p", "id": "i", "status": "s", "delivered": "DELIVRD", "done": 1},
        "replies": {"phone": "p", "text": "t", "format": "xml"},
        "timeout": "long",
        "pasword": "x",
    }
    with pytest.raises(ChannelNotConfigured) as failed:
        made(channel, wrong)
    said = "\n".join(failed.value.problems)
    parts = (
        "没有填写 url", "method 应是", "fields.b", "{nobody}", "digest 中：method 应是", "digest 中：upper 应是",
        "{nowhere}", "{digest}", "digest.key 的 k", "digest 中：没有名为 salt", "secrets 中的 id", "ok 中：没有填写 values",
        "ok 中：没有名为 value 的", "没有 {phone}", "没有 {text}", "base64", "timeout", "pasword",
        "receipts 中：没有填写 delivered", "receipts 中：没有名为 done", "replies 中：format 应是",
    )  # fmt: skip
    assert not [part for part in parts if part not in said]


def test_a_slip_of_the_pen_and_a_file_that_is_not_there() -> None:
    """The setting that was meant is named; of a file its whole path, and why it cannot be read."""
    wrong = {"kind": "gateway", "url": "http://x", "methd": "GET", "secrets": ["id"], "id_file": "secrets/none"}
    with pytest.raises(ChannelNotConfigured) as failed:
        made(channel, wrong)
    assert "没有名为 methd 的设置项，是不是 method" in failed.value.problems
    (file,) = [problem for problem in failed.value.problems if "密钥文件" in problem]
    assert re.fullmatch(r"密钥文件 /.*/secrets/none 读不了（没有这个文件或文件夹）", file)


def test_a_digest_that_names_no_fields() -> None:
    """Without fields, digest format and key there is nothing to send."""
    wrong = {"kind": "gateway", "url": "http://x", "digest": {"method": "hmac-sha256"}}
    with pytest.raises(ChannelNotConfigured) as failed:
        made(channel, wrong)
    said = "\n".join(failed.value.problems)
    assert "没有填写 fields" in said
    assert "digest 中：没有填写 format" in said
    assert "应同时填写" in said
    assert "digest 中：key（密钥的名称）" in said


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
