"""A gateway for short messages on loopback: it checks what comes in, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LOOPBACK = "127.0.0.1"


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


def told(body: object, *, status: int = 200, taken: bool = False) -> Told:
    """Answer in JSON."""
    return Told(status=status, content=json.dumps(body, ensure_ascii=False).encode(), taken=taken)


@dataclass(kw_only=True)
class Gateway:
    """A running gateway.

    `check` raises AssertionError for a request whose signature or form is wrong, which is then refused; `answer` says
    what a good request is answered, and may be changed while it runs.
    """

    check: Callable[[Asked], None]
    answer: Callable[[Asked], Told]
    url: str = ""
    taken: list[Asked] = field(default_factory=list[Asked])
    wrong: list[str] = field(default_factory=list[str])
    stop: Callable[[], None] = lambda: None

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


@contextmanager
def a_gateway(check: Callable[[Asked], None], answer: Callable[[Asked], Told]) -> Generator[Gateway]:
    """Run a gateway; afterwards nothing it was asked may have been wrong."""
    gateway = Gateway(check=check, answer=answer)
    over = threading.Event()

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
            self.end_headers()
            self.wfile.write(said.content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so in http.server
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})

    def stop() -> None:
        if thread.is_alive():
            over.set()
            server.shutdown()
            thread.join()
            server.server_close()

    gateway.url, gateway.stop = f"http://{LOOPBACK}:{server.server_address[1]}", stop
    thread.start()
    try:
        yield gateway
    finally:
        stop()
    assert not gateway.wrong
