"""Short messages by a plain HTTP gateway that takes free text, described by its settings.

The shape of China Mobile's 云MAS and of most carriers' gateways: one POST of a few fields, one of them perhaps a digest
of the others, and an answer in JSON with one field that says how it went.

Placeholders in `fields`: {phone}, {text} with 【signature】 in front, {words} without it (some gateways add it
themselves), {signature}, {time}, {id} (32 characters, the same for the same message), {digest}, and every name of `secrets`.
The digest's `format` may also name the fields.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .gateway_callbacks import read_rules
from .given import Given
from .http import HttpAnswer, quoted
from .http_sms import HttpSms, Judged, Request, read_door
from .json_path import text_at
from .message import Rendered
from .phone import mobile
from .refusals import NOT_LET_IN, UNKNOWN, Refusal, Verdict, unnamed
from .registry import About
from .sms import compose_sms

__all__ = ["DigestRule", "GatewaySettings", "Judgement", "channel", "digest_of", "filled", "judged", "request"]

NAMES = frozenset({"phone", "text", "words", "signature", "time", "id"})
DIGEST = "digest"
METHODS = ("md5", "sha256", "hmac-sha256")
VERDICTS: tuple[Verdict, ...] = ("temporary", "permanent", "wait")
MEANINGS: Mapping[Verdict, Refusal] = {
    "temporary": Refusal("temporary", "网关暂时没有受理"),
    "permanent": Refusal("permanent", "网关拒绝，请核对手机号和内容"),
    "wait": Refusal("wait", "账户或网关不可用，请核对网关的账号、密钥、余额和签名"),
}

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ID = re.compile(r"[0-9a-f]{32}")


class DigestRule(Struct, frozen=True, kw_only=True):
    """How a digest is made: over `format`, by "hmac-sha256" with the secret `key`; hexadecimal."""

    method: str
    format: str
    key: str = ""
    upper: bool = False


class Judgement(Struct, frozen=True, kw_only=True):
    """Where an answer says how it went, and what its values mean; any other value is worth another try."""

    field: str  #: a path with dots: data.status
    ok: frozenset[str]
    refusals: Mapping[str, Verdict]
    id_field: str = ""  #: where the gateway's own number for the message stands
    said_field: str = ""  #: where its words stand


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """What a gateway wants to be sent."""

    url: str
    method: str
    base64: bool
    sign: str
    time_format: str
    fields: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    digest: DigestRule | None


def channel(given: Given, about: About) -> HttpSms:
    """Make the channel of the settings `kind = "gateway"`.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    title = given.text("title", "短信网关")
    settings = GatewaySettings(
        url=given.url("url"),
        method=given.one_of("method", ("form", "json"), "json"),
        base64=given.flag("base64"),
        sign=given.text("sign", about.signature),
        time_format=given.text("time_format", "%Y%m%d%H%M%S"),
        secrets={name: given.secret(name) for name in given.texts("secrets")},
        fields=_fields(given),
        digest=given.within("digest", _digest),
    )
    judgement = _judgement(given)
    read_rules(given)
    _check(given, settings)
    door = read_door(given, title, hidden=tuple(settings.secrets.values()))
    given.done()
    words = partial(compose_sms, signature=settings.sign, replies=bool(given.table("replies")))
    judge = partial(judged, judgement, title)
    return HttpSms(door, words=words, request=partial(request, settings), judge=judge, now=about.now)


def request(given: GatewaySettings, rendered: Rendered, at: datetime) -> Request:
    """Return the request for a message at a time: the fields, filled in, as a form or as JSON."""
    values = _values(given, rendered, at)
    plain = {name: filled(text, values) for name, text in given.fields.items() if f"{{{DIGEST}}}" not in text}
    if given.digest is not None:
        values = {**values, DIGEST: digest_of(given.digest, {**values, **plain})}
    fields = {name: filled(text, values) for name, text in given.fields.items()}
    if given.method == "form":
        kind, content = "application/x-www-form-urlencoded", urlencode(fields).encode()
    else:
        kind, content = "application/json", json.dumps(fields, ensure_ascii=False).encode()
        content = base64.b64encode(content) if given.base64 else content
    return Request(url=given.url, content=content, headers={"content-type": f"{kind}; charset=utf-8"})


def judged(rule: Judgement, title: str, answer: HttpAnswer) -> Judged:
    """Say what an answer means by the settings' `ok`, `temporary`, `permanent` and `wait`."""
    named = text_at(answer.body, rule.field)
    code = named or f"HTTP {answer.status}"
    if code in rule.ok and answer.status not in NOT_LET_IN:  # whatever it says, nothing was looked at
        return Judged(code=code, number=f"{title} {quoted(text_at(answer.body, rule.id_field) or code)}")
    verdict = rule.refusals.get(code)
    unknown = UNKNOWN if named and answer.status not in NOT_LET_IN else unnamed(answer.status)
    refusal = MEANINGS[verdict] if verdict else unknown
    return Judged(code=code, said=text_at(answer.body, rule.said_field), refusal=refusal)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with every {name} that is known replaced, once; other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group()), text)


def digest_of(rule: DigestRule, values: Mapping[str, str]) -> str:
    """Return the digest of some values in UTF-8."""
    content = filled(rule.format, values).encode()
    if rule.method == "hmac-sha256":
        found = hmac.new(values[rule.key].encode(), content, hashlib.sha256).hexdigest()
    else:
        found = hashlib.new(rule.method, content, usedforsecurity=False).hexdigest()
    return found.upper() if rule.upper else found


def words_of(rendered: Rendered) -> str:
    """Return what a stored message says, also one that was put into words for a cloud."""
    text = rendered.body.decode("utf-8", "replace")
    try:
        return text_at(json.loads(text), "text") or text
    except (ValueError, RecursionError):
        return text


def _values(given: GatewaySettings, rendered: Rendered, at: datetime) -> dict[str, str]:
    text, found = words_of(rendered), _ID.search(rendered.message_id)
    return {
        **given.secrets,
        "phone": mobile(rendered.to) or rendered.to,
        "text": text,
        "words": text.removeprefix(f"【{given.sign}】"),
        "signature": given.sign,
        "time": at.astimezone(ZONE).strftime(given.time_format),
        "id": found.group() if found else hashlib.sha256(rendered.message_id.encode()).hexdigest()[:32],
    }


def _fields(given: Given) -> dict[str, str]:
    table = given.table("fields")
    if not table:
        given.problems.append("没有填写 fields（要提交的字段）")
    wrong = [name for name, text in table.items() if not isinstance(text, str)]
    given.problems += [f"fields.{name} 应是文字，加引号" for name in wrong]
    return {name: text for name, text in table.items() if isinstance(text, str)}


def _digest(given: Given) -> DigestRule:
    rule = DigestRule(
        method=given.one_of("method", METHODS),
        format=given.text("format"),
        key=given.text("key", ""),
        upper=given.flag("upper"),
    )
    if (rule.method == "hmac-sha256") != bool(rule.key):
        given.problems.append("key（密钥的名称）用于 hmac-sha256，也只用于它")
    return rule


def _judgement(given: Given) -> Judgement:
    refusals: dict[str, Verdict] = {value: verdict for verdict in VERDICTS for value in given.texts(verdict)}
    found = given.within("ok", partial(_ok, refusals=refusals))
    if found is None:
        given.problems.append('没有填写 ok（应答中何处为何值算成功），如 { field = "rspcod", values = ["success"] }')
    return found or Judgement(field="", ok=frozenset(), refusals=refusals)


def _ok(given: Given, *, refusals: Mapping[str, Verdict]) -> Judgement:
    return Judgement(
        field=given.text("field"),
        ok=given.values("values"),
        refusals=refusals,
        id_field=given.text("id", ""),
        said_field=given.text("said", ""),
    )


def _check(given: Given, settings: GatewaySettings) -> None:
    """Add what does not fit together: placeholders nobody fills, a digest that is not used, a message without words."""
    used = {p for text in settings.fields.values() for p in _placeholders(text)}
    known = NAMES | set(settings.secrets)
    taken = sorted((NAMES | {DIGEST}) & set(settings.secrets))
    given.problems += [f"secrets 中的 {name} 与占位符重名，请改名" for name in taken]
    given.problems += [f"fields 中的 {{{name}}} 没有来处" for name in sorted(used - known - {DIGEST})]
    if (DIGEST in used) != (settings.digest is not None):
        given.problems.append("fields 中的 {digest} 和设置 digest 应同时填写或同时不填")
    if settings.digest is not None:
        nowhere = _placeholders(settings.digest.format) - known - set(settings.fields)
        given.problems += [f"digest.format 中的 {{{name}}} 没有来处" for name in sorted(nowhere)]
        if settings.digest.key and settings.digest.key not in settings.secrets:
            given.problems.append(f"digest.key 的 {settings.digest.key} 不在 secrets 中")
    if "phone" not in used:
        given.problems.append("fields 中没有 {phone}")
    if not {"text", "words"} & used:
        given.problems.append("fields 中没有 {text} 或 {words}")
    if settings.base64 and settings.method != "json":
        given.problems.append('base64 只用于 method = "json"')


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))
