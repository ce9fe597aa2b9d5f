"""The other side of a group robot: a web server on loopback that checks signatures by itself and answers as recorded."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rectiflow.notifiers import About, Channel, Given, Turns
from rectiflow.notifiers.pace import HERE

from .gateways import Asked, Gateway, Told

HOUR = 3600
GROUP = "安全股工作群"


@dataclass(slots=True)
class Vendor:
    """What is known of one vendor: where its robots are, how it says yes, and how it refuses."""

    path: str  #: of the webhook, with {key}
    accepted: bytes
    for_now: bytes
    for_good: bytes
    bad_signature: bytes
    signature: Callable[[str, bytes, str], bool]  #: address asked for, body, secret → whether it is right


def _dingtalk_signed(address: str, _body: bytes, secret: str) -> bool:
    query = parse_qs(urlsplit(address).query)
    moment = query.get("timestamp", ["0"])[0]
    mac = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    mac.update(moment.encode() + b"\n" + secret.encode())
    return abs(int(moment) / 1000 - time.time()) < HOUR and query.get("sign") == [
        base64.b64encode(mac.digest()).decode()
    ]


def _feishu_signed(_address: str, body: bytes, secret: str) -> bool:
    said = json.loads(body)
    moment = str(said.get("timestamp", "0"))
    mac = hmac.new((moment + "\n" + secret).encode(), digestmod=hashlib.sha256)
    return abs(int(moment) - time.time()) < HOUR and said.get("sign") == base64.b64encode(mac.digest()).decode()


def _said(**answer: Any) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


def wecom() -> Vendor:
    """Return what WeCom does."""
    return Vendor(
        path="/cgi-bin/webhook/send?key={key}",
        accepted=_said(errcode=0, errmsg="ok"),
        for_now=_said(errcode=45009, errmsg="api freq out of limit, hint: [1755605200056773468916791]"),
        for_good=_said(errcode=40058, errmsg="markdown.content exceed max length 4096. invalid Request Parameter"),
        bad_signature=b"",
        signature=lambda _address, _body, _secret: True,
    )


def dingtalk() -> Vendor:
    """Return what DingTalk does."""
    return Vendor(
        path="/robot/send?access_token={key}",
        accepted=_said(errcode=0, errmsg="ok"),
        for_now=_said(errcode=130101, errmsg="send too fast, exceed 20 times per minute"),
        for_good=_said(errcode=430102, errmsg="含有不合适的文本"),
        bad_signature=_said(errcode=310000, errmsg="sign not match"),
        signature=_dingtalk_signed,
    )


def feishu() -> Vendor:
    """Return what Feishu does."""
    return Vendor(
        path="/open-apis/bot/v2/hook/{key}",
        accepted=_said(StatusCode=0, StatusMessage="success", code=0, data={}, msg="success"),
        for_now=_said(code=11232, msg="frequency limited", data={}),
        for_good=_said(code=9499, msg="Bad Request", data={}),
        bad_signature=_said(
            code=19021, data={}, msg="sign match fail or timestamp is not within one hour from current time"
        ),
        signature=_feishu_signed,
    )


@dataclass
class RobotServer:
    """One vendor's server; `answer` and `status` are what it says next, None for what is right; `cuts` come before."""

    vendor: Vendor
    key: str = "693a91f6-7b1c-4bc4-97a0-0ec2five5aaa"
    secret: str = "SECd41d8cd98f00b204e9800998ecf8427e"
    answer: bytes | None = None
    status: int = 200
    bodies: list[Any] = field(default_factory=list[Any])
    asked: int = 0
    cuts: int = 0  #: so many requests are read and not answered

    def __post_init__(self) -> None:
        self._gateway = Gateway(answer=self._answer)

    @property
    def webhook(self) -> str:
        """Return the address of the robot."""
        return f"{self._gateway.url}{self.vendor.path.format(key=self.key)}"

    def stop(self) -> None:
        """Be there no more; twice is no harm."""
        self._gateway.stop()

    def judge(self, address: str, body: bytes) -> bytes:
        """Return the answer to a request, and keep the message that was accepted."""
        self.asked += 1
        if self.answer is not None:
            return self.answer
        if not address.startswith(self.vendor.path.format(key=self.key)):
            return _said(errcode=93000, code=19001, errmsg="invalid webhook url", msg="token invalid")
        if not self.vendor.signature(address, body, self.secret):
            return self.vendor.bad_signature
        self.bodies.append(json.loads(body))
        return self.vendor.accepted

    def _answer(self, asked: Asked) -> Told:
        if self.cuts:
            self.cuts -= 1
            return Told(content=None)
        return Told(status=self.status, content=self.judge(asked.path, asked.content))


def robot(
    server: RobotServer,
    make: Callable[[Given, About], Channel],
    *,
    persons: Sequence[str] = ("officer",),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    signs: bool = True,
    turns: Turns = HERE,
    **more: Any,
) -> Channel:
    """Make a channel by its entry point, for a server."""
    values: dict[str, Any] = {
        "kind": "any",
        "webhook": server.webhook,
        "group": GROUP,
        "persons": list(persons),
        **more,
    }
    if signs:
        values["secret"] = server.secret
    about = About(signature="【梁子湖区教育局】", now=now, folder=Path(), turns=turns)
    return make(Given("群通道", values, about.folder), about)


@dataclass
class RobotPeer:
    """A robot and its server, as the contract's tests want them."""

    server: RobotServer
    channel: Channel

    @property
    def secrets(self) -> Sequence[str]:
        """Return what may never be seen."""
        return (self.server.key, self.server.secret)

    def received(self) -> int:
        """Return how many messages the group has."""
        return len(self.server.bodies)

    def refuse_for_now(self) -> None:
        """Say that it is too fast."""
        self.server.answer = self.server.vendor.for_now

    def refuse_for_good(self) -> None:
        """Say that the content cannot be taken."""
        self.server.answer = self.server.vendor.for_good

    def hang_up_once(self) -> None:
        """Read one and cut the connection."""
        self.server.cuts = 1

    def go_away(self) -> None:
        """Close the door."""
        self.server.stop()
