"""Short messages as approved templates: a code and a few short variables instead of free text.

Clouds in China send no free text; what they send was approved beforehand, and only its variables are ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from msgspec import Struct
from msgspec.structs import replace

from .errors import PermanentFailure, RenderFailure
from .given import Given
from .message import Contact, Message, Rendered
from .parameters import OCCASIONS, PARAMETERS, fill
from .phone import mobile
from .plaintext import one_line, shorten
from .sms import compose_sms
from .templates import TemplateSet

__all__ = ["ANY", "Coded", "SmsCode", "SmsCodes", "coded", "compose_coded", "read_codes"]

ANY = "*"  #: the entry for every occasion without one of its own
MOST_VARIABLE = 500  #: characters; no approved text is longer (Aliyun, 通知短信模板规范: 1 to 500)


class SmsCode(Struct, frozen=True, kw_only=True):
    """An approved template, and which of our parameters its variables are, in their order."""

    code: str
    params: tuple[tuple[str, str], ...] = ()  #: name in the approved template, name of ours


class SmsCodes(Struct, frozen=True, kw_only=True):
    """The approved templates by occasion.

    `limit` is the most characters of one variable; an empty one becomes `empty`, because clouds refuse "".
    """

    codes: Mapping[str, SmsCode]
    limit: int
    empty: str

    def code_for(self, occasion: str) -> SmsCode:
        """Return the template of an occasion.

        Raises:
            RenderFailure: it has none, and there is none for every occasion.
        """
        found = self.codes.get(occasion) or self.codes.get(ANY)
        if found is None:
            title = OCCASIONS.get(occasion, occasion)
            raise RenderFailure(
                f'“{title}”没有报备的短信模板，请在 [channels.sms.codes] 中填写 {occasion} 或 "{ANY}" 后重发。'
            )
        return found


class Coded(Struct, frozen=True, kw_only=True):
    """A short message as a cloud takes it; `text` is what it says, for people who look at the outbox."""

    vendor: str
    code: str
    params: tuple[tuple[str, str], ...]
    text: str


def read_codes(given: Given, *, limit: int, named: bool) -> SmsCodes:
    """Return the table `codes` and its settings; problems are added to those of `given`.

    Args:
        given: the settings of the channel.
        limit: most characters of a variable where the settings do not say otherwise.
        named: whether the cloud knows variables by name, else by place.
    """
    table = given.table("codes")
    if not table:
        given.problems.append("没有填写 codes（报备的短信模板）")
    most = int(given.number("variable_limit", limit, low=1, high=MOST_VARIABLE))
    empty = given.text("empty", "无")
    codes = {name: _code(given, name, entry, named=named) for name, entry in table.items()}
    return SmsCodes(codes=codes, limit=most, empty=shorten(empty, most))


def compose_coded(
    message: Message, contact: Contact, *, templates: TemplateSet, vendor: str, sign: str, codes: SmsCodes
) -> Rendered:
    """Render a message as the code and variables of an approved template, in canonical JSON.

    A restricted message carries what `fill` leaves of it and nothing else, whatever its code asks for.

    Raises:
        RenderFailure: no mobile number, no approved template, or our own template fails.
    """
    to = mobile(contact.phone)
    if to is None:
        raise RenderFailure(f"{contact.name}没有登记可用的手机号，请补上后重发。")
    chosen = codes.code_for(message.template)
    words = compose_sms(message, contact, templates=templates, signature=sign)
    known = fill(message, contact, district_name=sign)
    params = [[name, _variable(known[ours], codes)] for name, ours in chosen.params]
    body = {"code": chosen.code, "params": params, "text": words.body.decode(), "vendor": vendor}
    return replace(words, to=to, body=json.dumps(body, ensure_ascii=False, sort_keys=True).encode())


def coded(rendered: Rendered, vendor: str) -> Coded:
    """Return the code and variables that were stored.

    Raises:
        PermanentFailure: it was put into words for another channel.
    """
    import msgspec

    try:
        found = msgspec.json.decode(rendered.body, type=Coded)
    except msgspec.MsgspecError:
        found = None
    if found is None or found.vendor != vendor:
        raise PermanentFailure("这条短信是按另一种短信通道写成的，现在的通道不能发送；请重发，将按现在的设置重新成文。")
    return found


def _code(given: Given, occasion: str, entry: object, *, named: bool) -> SmsCode:
    where = f'codes."{occasion}"'
    if occasion != ANY and occasion not in OCCASIONS:
        given.problems.append(f'{where} 不是已有的消息种类，应是 {"、".join(OCCASIONS)} 之一，或 "{ANY}"')
    table: Mapping[str, Any] = cast("Mapping[str, Any]", entry) if isinstance(entry, Mapping) else {}
    code = table.get("code")
    if not isinstance(code, str) or not code.strip():
        given.problems.append(f"{where} 没有填写 code（模板编号，加引号）")
        code = ""
    given.problems += [f"{where} 没有名为 {name} 的设置项" for name in sorted(set(table) - {"code", "params"})]
    return SmsCode(code=code.strip(), params=_params(given, where, table.get("params", []), named=named))


def _params(given: Given, where: str, value: object, *, named: bool) -> tuple[tuple[str, str], ...]:
    """Return the variables: a list of our names, or a table from the cloud's names to ours."""
    pairs: list[tuple[Any, Any]]
    if isinstance(value, Mapping) and named:
        pairs = list(cast("Mapping[str, Any]", value).items())
    elif isinstance(value, list):
        pairs = [(name, name) for name in cast("list[object]", value)]
    else:
        given.problems.append(f"{where} 的 params 应是一列参数名{'或一张表' if named else ''}")
        return ()
    unknown = [str(ours) for _, ours in pairs if not isinstance(ours, str) or ours not in PARAMETERS]
    if unknown:
        given.problems.append(f"{where} 的 params 没有这些参数：{'、'.join(unknown)}；可用的有 {'、'.join(PARAMETERS)}")
    return tuple((str(name), str(ours)) for name, ours in pairs if str(ours) not in unknown)


def _variable(value: str | int, codes: SmsCodes) -> str:
    return shorten(one_line(str(value)), codes.limit) or codes.empty
