"""A gateway on loopback that checks what comes in and answers as it is told, and what every channel over HTTP promises."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rectiflow.notifiers import (
    About,
    Channel,
    ChannelDown,
    DeliveryFailure,
    Given,
    PermanentFailure,
    TemporaryFailure,
    Unanswered,
)

from .channel_contract import AT, RefusingContract, composed, handed_over

LOOPBACK = "127.0.0.1"
PHONE = "13800000001"
KINDS: Mapping[str, type[DeliveryFailure]] = {
    "temporary": TemporaryFailure,
    "permanent": PermanentFailure,
    "wait": ChannelDown,
}
ABOUT = About(signature="区教育局", now=lambda: AT, folder=Path())

Make = Callable[[Given, About], Channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in; names of headers are in lower case."""

    path: str  #: with its query, still escaped
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is answered; without content the connection is cut."""

    status: int = 200
    content: bytes | None
    taken: bool = False
    after: float = 0  #: seconds of silence first
    kind: str = ""  #: content-type


def told(body: object, *, status: int = 200, taken: bool = False) -> Told:
    """Answer in JSON."""
    return Told(status=status, content=json.dumps(body, ensure_ascii=False).encode(), taken=taken)


@dataclass(kw_only=True)
class Gateway:
    """A web server that runs from its making until `stop`, encrypted where it has a context.

    `check` raises AssertionError for a request whose signature or form is wrong, which is then refused; `answer` says
    what a good request is answered, and may be changed while it runs.
    """

    answer: Callable[[Asked], Told]
    check: Callable[[Asked], None] = lambda _asked: None
    context: ssl.SSLContext | None = None
    url: str = ""
    taken: list[Asked] = field(default_factory=list[Asked])
    wrong: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self, self._over))
        if self.context is not None:
            self._server.socket = self.context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if self.context else ''}://{LOOPBACK}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def hear(self, asked: Asked) -> Told:
        """Check a request and decide on the answer."""
        try:
            self.check(asked)
        except AssertionError as exc:
            self.wrong.append(str(exc))
            return Told(status=400, content=b'{"wrong": true}')
        said = self.answer(asked)
        if said.taken:
            self.taken.append(asked)
        return said

    def stop(self) -> None:
        """Be there no more; twice is no harm."""
        if self._thread.is_alive():
            self._over.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


def _handler(gateway: Gateway, over: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer one request."""
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = self.rfile.read(int(headers.get("content-length", 0)))
            said = gateway.hear(Asked(path=self.path, headers=headers, content=content))
            over.wait(said.after)
            self.close_connection = True
            if said.content is None:
                return
            self.send_response(said.status)
            self.send_header("content-length", str(len(said.content)))
            self.send_header("connection", "close")
            if said.kind:
                self.send_header("content-type", said.kind)
            self.end_headers()
            self.wfile.write(said.content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so in http.server
            """Say nothing."""

    return Handler


@contextmanager
def a_gateway(
    answer: Callable[[Asked], Told],
    check: Callable[[Asked], None] = lambda _asked: None,
    *,
    context: ssl.SSLContext | None = None,
) -> Generator[Gateway]:
    """Run a gateway; afterwards nothing it was asked may have been wrong."""
    gateway = Gateway(answer=answer, check=check, context=context)
    try:
        yield gateway
    finally:
        gateway.stop()
    assert not gateway.wrong


def made(make: Make, table: Mapping[str, Any], **more: Any) -> Channel:
    """Make the channel of some settings."""
    return make(Given("短信通道", {**table, **more}, ABOUT.folder), ABOUT)


@dataclass
class SmsPeer:
    """A channel for short messages and its gateway, and how that refuses a message for now and for good."""

    gateway: Gateway
    channel: Channel
    for_now: object
    for_good: object
    secrets: Sequence[str]

    def received(self) -> int:
        """Count what was taken."""
        return len(self.gateway.taken)

    def answer(self, *answers: Told) -> None:
        """Answer like this from now on, the last one for ever."""
        left = list(answers)
        self.gateway.answer = lambda _asked: left.pop(0) if len(left) > 1 else left[0]

    def refuse_for_now(self) -> None:
        """Say that this may be sent later."""
        self.answer(told(self.for_now))

    def refuse_for_good(self) -> None:
        """Say that this never will."""
        self.answer(told(self.for_good))

    def hang_up_once(self) -> None:
        """Take one, and cut the connection."""
        usual = self.gateway.answer

        def cut(_asked: Asked) -> Told:
            self.gateway.answer = usual
            return Told(content=None, taken=True)

        self.gateway.answer = cut

    def go_away(self) -> None:
        """Stop."""
        self.gateway.stop()


def failure(peer: SmsPeer, *answers: Told) -> DeliveryFailure:
    """Send one message, and return why it failed."""
    if answers:
        peer.answer(*answers)
    with pytest.raises(DeliveryFailure) as failed:
        handed_over(peer.channel, composed(peer.channel))
    return failed.value


class SmsContract(RefusingContract):
    """What every gateway for short messages promises besides; derive, and give the fixture `peer`."""

    @pytest.mark.parametrize(
        ("answer", "kind", "words"),
        [
            (Told(content=b"<html>login</html>"), Unanswered, "<html>login</html>"),
            (Told(content=b"<html>not here</html>", status=404), Unanswered, "HTTP 404"),
            (Told(content=b"[]"), Unanswered, "不是约定的格式"),
            (Told(content=b"0,123"), Unanswered, "不是约定的格式"),
            (Told(content=b"[" * 60_000), Unanswered, "不是约定的格式"),
            (told({}, status=500), Unanswered, "HTTP 500"),
            (told({}, status=429), ChannelDown, "HTTP 429"),
            (Told(content=b"{}", after=5, taken=True), Unanswered, "没有及时应答"),
            (Told(content=None, taken=True), Unanswered, "没有答完就断开"),
            (told({}), Unanswered, "HTTP 200"),
            (told({}, status=400), TemporaryFailure, "HTTP 400"),
            (told({}, status=403), ChannelDown, "HTTP 403"),
            (Told(content=b"<html>denied</html>", status=401), ChannelDown, "HTTP 401"),
        ],
        ids=["html", "404", "list", "text", "deep", "500", "429", "slow", "cut", "empty", "400", "403", "401"],
    )
    def test_what_is_no_answer(self, peer: SmsPeer, answer: Told, kind: type[DeliveryFailure], words: str) -> None:
        """What does not tell leaves open what became of the message; a plain "too many" and a login refused are the channel's."""
        failed = failure(peer, answer)
        assert type(failed) is kind
        assert words in str(failed)

    def test_an_echo_shows_neither_secret_nor_number(self, peer: SmsPeer) -> None:
        """A page that repeats what it was asked is quoted without our secrets, numbers with their middle hidden."""
        said = str(failure(peer, Told(content=f"error mobile=86{PHONE}&key={peer.secrets[0]}".encode())))
        assert "138****0001" in said
        assert not [secret for secret in peer.secrets if secret in said]
