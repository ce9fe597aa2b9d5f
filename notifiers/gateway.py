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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from msgspec import Struct

from rectiflow.engine.moments import ZONE

from .given import Given
from .http import HttpDoor, quoted
from .message import SMS, Contact, Message, Rendered
from .phone import mobile, unmarked
from .refusals import UNKNOWN, Refusal, Verdict, refused
from .registry import About
from .sms import compose_sms
from .templates import TemplateSet

__all__ = ["DigestRule", "GatewaySms", "Judgement", "channel", "digest_of", "filled"]

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
    """What a gateway wants to be sent, and how it answers."""

    title: str
    url: str
    method: str
    base64: bool
    sign: str
    time_format: str
    fields: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    digest: DigestRule | None
    judgement: Judgement


class GatewaySms:
    """The channel "sms" over a plain gateway."""

    name = SMS

    def __init__(self, settings: GatewaySettings, door: HttpDoor, /, *, now: Callable[[], datetime]) -> None:
        self._settings, self._door, self._now = settings, door, now

    def accepts(self, contact: Contact) -> bool:
        """Say whether the contact has a mainland mobile number."""
        return mobile(contact.phone) is not None

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Render the text with its signature."""
        return compose_sms(message, contact, templates=templates, signature=self._settings.sign)

    async def open(self) -> None:
        """Begin a batch."""
        await self._door.open()

    async def send(self, rendered: Rendered) -> str:
        """Hand one message over and return the gateway's answer.

        Raises:
            TemporaryFailure: refused for now; ChannelDown where the account or the gateway is at fault.
            PermanentFailure: refused for what it is.
        """
        given = self._settings
        content, headers = self._request(rendered)
        answer = await self._door.post(given.url, content, headers)
        code = value_at(answer.body, given.judgement.field) or f"HTTP {answer.status}"
        if code in given.judgement.ok:
            return f"{given.title} {quoted(value_at(answer.body, given.judgement.id_field) or code)}"
        verdict = given.judgement.refusals.get(code)
        phone = mobile(rendered.to) or rendered.to
        said = f"{code}：{value_at(answer.body, given.judgement.said_field)}".rstrip("：")
        told = quoted(unmarked(said, phone=phone, secrets=given.secrets.values()), 120)
        raise refused(given.title, told, MEANINGS[verdict] if verdict else UNKNOWN)

    async def close(self) -> None:
        """End the batch."""
        await self._door.close()

    def _request(self, rendered: Rendered) -> tuple[bytes, dict[str, str]]:
        given, values = self._settings, self._values(rendered)
        plain = {name: filled(text, values) for name, text in given.fields.items() if f"{{{DIGEST}}}" not in text}
        if given.digest is not None:
            values = {**values, DIGEST: digest_of(given.digest, {**values, **plain})}
        fields = {name: filled(text, values) for name, text in given.fields.items()}
        if given.method == "form":
            return urlencode(fields).encode(), {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        content = json.dumps(fields, ensure_ascii=False).encode()
        return (base64.b64encode(content) if given.base64 else content), {
            "content-type": "application/json; charset=utf-8"
        }

    def _values(self, rendered: Rendered) -> dict[str, str]:
        given, text = self._settings, words_of(rendered)
        found = _ID.search(rendered.message_id)
        return {
            **given.secrets,
            "phone": mobile(rendered.to) or rendered.to,
            "text": text,
            "words": text.removeprefix(f"【{given.sign}】"),
            "signature": given.sign,
            "time": self._now().astimezone(ZONE).strftime(given.time_format),
            "id": found.group() if found else hashlib.sha256(rendered.message_id.encode()).hexdigest()[:32],
        }


def channel(given: Given, about: About) -> GatewaySms:
    """Make the channel of the settings `kind = "gateway"`.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    title = given.text("title", "短信网关")
    settings = GatewaySettings(
        title=title,
        url=given.url("url"),
        method=given.one_of("method", ("form", "json"), "json"),
        base64=given.flag("base64"),
        sign=given.text("sign", about.signature),
        time_format=given.text("time_format", "%Y%m%d%H%M%S"),
        secrets={name: given.secret(name) for name in given.texts("secrets")},
        fields=_fields(given),
        digest=_digest(given),
        judgement=_judgement(given),
    )
    _check(given, settings)
    door = HttpDoor(
        title, timeout=given.number("timeout", 15, low=0.1, high=120), hidden=tuple(settings.secrets.values())
    )
    given.done()
    return GatewaySms(settings, door, now=about.now)


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


def value_at(body: Mapping[str, Any], path: str) -> str:
    """Return what stands at a path with dots, as text (true, 0); "" where nothing does."""
    found: Any = body
    for name in path.split("."):
        found = cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None
    if found is None:
        return ""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def words_of(rendered: Rendered) -> str:
    """Return what a stored message says, also one that was put into words for a cloud."""
    text = rendered.body.decode("utf-8", "replace")
    try:
        return value_at({"stored": json.loads(text)}, "stored.text") or text
    except (ValueError, RecursionError):
        return text


def _fields(given: Given) -> dict[str, str]:
    table = given.table("fields")
    if not table:
        given.problems.append("没有填写 fields（要提交的字段）")
    wrong = [name for name, text in table.items() if not isinstance(text, str)]
    given.problems += [f"fields.{name} 应是文字，加引号" for name in wrong]
    return {name: text for name, text in table.items() if isinstance(text, str)}


def _digest(given: Given) -> DigestRule | None:
    table = given.table("digest")
    if not table:
        return None
    problems = _unknown(table, "digest", {"method", "format", "key", "upper"})
    rule = DigestRule(
        method=str(table.get("method", "")),
        format=str(table.get("format", "")),
        key=str(table.get("key", "")),
        upper=table.get("upper") is True,
    )
    if rule.method not in METHODS:
        problems.append(f"digest.method 应是 {'、'.join(METHODS)} 之一")
    if not isinstance(table.get("upper", False), bool):
        problems.append("digest.upper 应是 true 或 false")
    if not rule.format:
        problems.append("没有填写 digest.format（摘要的内容）")
    if (rule.method == "hmac-sha256") != bool(rule.key):
        problems.append("digest.key（密钥的名称）用于 hmac-sha256，也只用于它")
    given.problems += problems
    return rule


def _judgement(given: Given) -> Judgement:
    table = given.table("ok")
    where, listed = table.get("field"), table.get("values")
    values = cast("list[object]", listed) if isinstance(listed, list) else []
    given.problems += _unknown(table, "ok", {"field", "values", "id", "said"})
    if not isinstance(where, str) or not where or not values:
        given.problems.append('没有填写 ok（应答中何处为何值算成功），如 { field = "rspcod", values = ["success"] }')
    refusals: dict[str, Verdict] = {value: verdict for verdict in VERDICTS for value in given.texts(verdict)}
    return Judgement(
        field=str(where),
        ok=frozenset(map(_value, values)),
        refusals=refusals,
        id_field=str(table.get("id", "")),
        said_field=str(table.get("said", "")),
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _unknown(table: Mapping[str, Any], name: str, known: set[str]) -> list[str]:
    return [f"没有名为 {name}.{key} 的设置项" for key in sorted(set(table) - known)]


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
