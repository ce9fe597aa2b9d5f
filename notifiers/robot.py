"""The channel "chat": a robot that speaks to a group over its webhook. Each vendor's module says in which words.

A group is more than one person, so a robot says the subject of the mail and the short message and nothing else, and
telephone and identity numbers in them are masked. The address of a webhook is its key: it is a secret.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from rectiflow.engine.errors import RectiflowError

from .errors import KEPT, DeliveryFailure, PermanentFailure, TemporaryFailure, Unanswered
from .given import Given
from .http import HttpAnswer, HttpDoor, quoted
from .message import Contact, Message, Rendered
from .mime import message_id
from .pace import Limit, Pace
from .parameters import fill
from .plaintext import one_line
from .registry import About
from .templates import TemplateSet

__all__ = ["CHAT", "MORE", "Fault", "Robot", "RobotSettings", "canonical", "fitted", "masked", "read_robot", "unmarked"]

CHAT = "chat"  #: name of the channel for group robots, whosever they are
MORE = "…（详见邮件）"

Fault = tuple[type[DeliveryFailure], str]  #: what an error code means: how it counts, and what to do

_MOBILE = re.compile(r"(?:\+?86[- ]?)?(1[3-9]\d{9})")
_NUMBERS = re.compile(
    r"(?<![0-9A-Za-z-])(?:"
    r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}"  # mobile
    r"|\d{17}[0-9Xx]"  # identity card, GB 11643
    r"|0\d{2,3}[- ]?\d{7,8}"  # landline with its area code
    r")(?![0-9A-Za-z])"
)
_MARKS = str.maketrans("*_`#[]<>~|\\", "＊＿｀＃［］＜＞～｜＼")


class RobotSettings(Struct, frozen=True, kw_only=True):
    """The settings of one robot; its webhook and its key for signing show nowhere."""

    webhook: str
    secret: str  #: "": it does not sign
    group: str  #: how the group is called
    persons: frozenset[str]  #: ids of those whose messages go to the group
    mention: bool  #: call on the person by telephone number, where the vendor can
    timeout: float  #: seconds

    def __repr__(self) -> str:
        return f"RobotSettings(group={self.group!r}, persons={sorted(self.persons)!r})"


class Robot(ABC):
    """One robot in one group. A vendor says `place`, `key_mark`, `limits` and `faults`, and puts lines into its JSON."""

    name = CHAT
    place: ClassVar[str]  #: how the vendor's robot is called in messages
    key_mark: ClassVar[str]  #: stands before the key in a webhook's address
    limits: ClassVar[tuple[Limit, ...]]
    faults: ClassVar[Mapping[int, Fault]]
    code_names: ClassVar[tuple[str, ...]] = ("errcode",)  #: where the answer has its code, 0 for accepted
    said_names: ClassVar[tuple[str, ...]] = ("errmsg",)

    def __init__(self, settings: RobotSettings, about: About, /) -> None:
        self._settings, self._now = settings, about.now
        self._signature = one_line(about.signature).strip("【】")
        key = settings.webhook.partition(self.key_mark)[2].partition("&")[0]
        self._hidden = tuple(s for s in (settings.webhook, key, settings.secret) if s)
        self._door = HttpDoor(self.place, timeout=settings.timeout, hidden=self._hidden)
        name = f"robot/{hashlib.sha256(settings.webhook.encode()).hexdigest()}"
        self._paces = [Pace(most, span, what=self.place, name=name, turns=about.turns) for most, span in self.limits]

    def accepts(self, contact: Contact) -> bool:
        """Say whether the person is one of those whose messages go to the group."""
        return contact.person in self._settings.persons

    def compose(self, message: Message, contact: Contact, *, templates: TemplateSet, at: datetime) -> Rendered:
        """Put the message into the vendor's JSON, not yet signed."""
        values = fill(message, contact, district_name=self._signature)
        lines = self._lines(message, contact, templates, values)
        mobile = _MOBILE.fullmatch(one_line(contact.phone or "")) if self._settings.mention else None
        return Rendered(
            channel=CHAT,
            to=self._settings.group,
            subject=lines[0],
            body=canonical(self.payload(lines, mobile[1] if mobile else None)),
            message_id=message_id(message, "chat"),
            template_version=templates.version(message.template),
        )

    async def open(self) -> None:
        """Begin a batch."""
        await self._door.open()

    async def send(self, rendered: Rendered) -> str:
        """Post the JSON and return who has it.

        Raises:
            NotYet: the robot has said as much as it may for now.
            ChannelDown: it is not known, or cannot be reached.
            Unanswered: it was told, perhaps, and gave no answer, or one without a code.
            TemporaryFailure, PermanentFailure: what the vendor's code says of this message; unknown ones are temporary.
        """
        for pace in self._paces:
            await pace.turn()
        url, content = self.signed(rendered.body)
        answer = await self._door.post(url, content, {"Content-Type": "application/json; charset=utf-8"})
        self._check(answer)
        return f"群机器人已发到“{rendered.to}”"

    async def close(self) -> None:
        """End the batch."""
        await self._door.close()

    @abstractmethod
    def payload(self, lines: Sequence[str], mobile: str | None) -> Mapping[str, Any]:
        """Return the JSON of a message: a heading, then lines; `mobile` is whom to call on."""

    def signed(self, body: bytes) -> tuple[str, bytes]:
        """Return address and content of the request that carries a body now; most vendors sign one of them."""
        return self._settings.webhook, body

    def _lines(
        self, message: Message, contact: Contact, templates: TemplateSet, values: Mapping[str, str | int]
    ) -> list[str]:
        words, subject = templates.sms(message.template, values), templates.mail(message.template, values).subject
        proxy = f"（代{one_line(contact.standing_in_for)}）" if contact.standing_in_for else ""
        lines = (f"【{self._signature}】{subject}", f"致：{one_line(contact.name)}{proxy}", words)
        return [masked(line, keep=str(values["contact"])) for line in lines]

    def _check(self, answer: HttpAnswer) -> None:
        code = next((answer.body[n] for n in self.code_names if n in answer.body), None)
        said = next((str(answer.body[n]) for n in self.said_names if answer.body.get(n)), "")
        if code == 0:
            return
        if not isinstance(code, int):
            raise Unanswered(f"{self.place}的应答里没有结果码，不知道收没收到，再发可能重复；{KEPT}")
        kind, what = self.faults.get(code, (TemporaryFailure, "没有受理"))
        told = f"{code}：{quoted(self._door.without_secrets(said), 80)}"
        rest = "请更正后重发。" if kind is PermanentFailure else KEPT
        raise kind(f"{self.place}{what}（{told}）；{rest}", code=code)


def read_robot(given: Given, about: About, *, key_mark: str, signs: bool, mentions: bool) -> RobotSettings:
    """Read the settings of a robot.

    Args:
        key_mark: has to stand in the webhook's address.
        signs: the vendor's robot signs, unless the settings say `sign = false`.
        mentions: it can call on somebody by telephone number.

    Raises:
        ChannelNotConfigured: with every problem.
    """
    webhook, group, persons = given.secret("webhook"), given.text("group"), given.texts("persons")
    sign = given.flag("sign", default=True) if signs else False
    secret = given.secret("secret") if sign else ""
    mention = given.flag("mention", default=True) if mentions else False
    timeout = given.number("timeout", 15, low=1, high=120)
    if webhook and (not webhook.startswith(("https://", "http://127.0.0.1:")) or key_mark not in webhook):
        given.problems.append(
            f"webhook 应是机器人页面上的完整地址，以 https:// 开头（本机的可以是 http://127.0.0.1:），含有 {key_mark}"
        )
    if not persons:
        given.problems.append('没有填写 persons（谁的消息发到群里），如 ["安全股股长"]')
    known = _found(given, about, persons)
    given.done()
    return RobotSettings(webhook=webhook, secret=secret, group=group, persons=known, mention=mention, timeout=timeout)


def _found(given: Given, about: About, persons: Sequence[str]) -> frozenset[str]:
    """Return the ids of people called by name, id or account; whom nobody knows is a problem."""
    known: set[str] = set()
    for text in persons:
        try:
            known.add(about.find_person(text))
        except RectiflowError as exc:
            given.problems.append(f"persons 里的“{text}”：{str(exc).rstrip('。')}")
    return frozenset(known)


def canonical(payload: Mapping[str, Any]) -> bytes:
    """Return the JSON of a payload, the same bytes for the same payload."""
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def fitted(lines: Sequence[str], most: int) -> list[str]:
    """Return the lines, or as many whole ones as there is room for and MORE; only a heading is cut within.

    Args:
        most: bytes of UTF-8, line breaks counted.
    """
    if _size(lines) <= most:
        return list(lines)
    kept: list[str] = []
    for line in lines:
        if _size([*kept, line, MORE]) > most:
            break
        kept.append(line)
    if not kept:
        kept.append(lines[0].encode()[: most - _size(["", MORE])].decode("utf-8", "ignore"))
    return [*kept, MORE]


def masked(text: str, *, keep: str = "") -> str:
    """Return a text with telephone and identity numbers masked: 138＊＊＊＊0001; `keep` is the office's own number."""
    return _NUMBERS.sub(lambda m: m[0] if m[0] == keep else f"{m[0][:3]}＊＊＊＊{m[0][-4:]}", text)


def unmarked(text: str) -> str:
    """Return a text in which nothing is a mark of Markdown or calls on anybody: such signs become full-width ones."""
    return text.translate(_MARKS)


def _size(lines: Sequence[str]) -> int:
    return len("\n".join(lines).encode())
