"""One HTTP client for the time of a batch, for gateways that answer in JSON; its errors told apart in Chinese.

A request that broke off may have been carried out: when it is tried again, a gateway sees the same message twice with
the same id. HTTP cannot do better.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from rectiflow.engine.errors import os_reason

from .errors import KEPT, LOCKOUT, ChannelDown, Unanswered
from .plaintext import one_line, shorten
from .refusals import NOT_LET_IN, SHUT_OUT

if TYPE_CHECKING:
    import httpx2

__all__ = ["HttpAnswer", "HttpDoor", "quoted"]

MAX_ANSWER = 64 * 1024  #: bytes read of an answer; a gateway says less
TOO_MANY = 429
WHOLE = 120.0  #: seconds at most for one exchange, however it drips in
BEGUN = "send_request_headers.started"  #: ends the name of what is traced when the request goes out
_MOBILE = re.compile(r"(?<!\d)((?:86|0086)?1\d{2})\d{4}(\d{4})(?!\d)")


def _quiet(record: logging.LogRecord) -> bool:
    """Pass over what the client logs of each request: addresses, whole, with their keys and numbers."""
    return record.levelno >= logging.WARNING


class HttpAnswer(Struct, frozen=True, kw_only=True):
    """What a gateway answered: the status of HTTP and the JSON object in the body."""

    status: int
    body: Mapping[str, Any]


class HttpDoor:
    """The way to one gateway: opened for a batch, its connections kept between messages.

    Args:
        place: how the gateway is called in messages: 阿里云短信.
        timeout: seconds for connecting, and for each wait on the other side; the whole exchange has four times as
            many, at most WHOLE.
        connections: at most so many at a time.
        verify: what decides about trust; None for the system's authorities.
        hidden: secrets that an answer may repeat; they are never quoted.
    """

    def __init__(
        self,
        place: str,
        *,
        timeout: float = 15,
        connections: int = 8,
        verify: ssl.SSLContext | None = None,
        hidden: Sequence[str] = (),
    ) -> None:
        self.place, self._timeout, self._connections, self._verify = place, timeout, connections, verify
        self._hidden = tuple(secret for secret in hidden if secret)
        self._client: httpx2.AsyncClient | None = None

    async def open(self) -> None:
        """Begin a batch; connections wait for the first request."""
        await self.close()

    async def close(self) -> None:
        """End the batch."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Post bytes and return the JSON object that comes back, whatever the status below 500.

        Raises:
            ChannelDown: no connection, a bad certificate, 429; 401 or 403 without a JSON object.
            Unanswered: the request was begun, and then no answer in time, a connection that broke, 5xx, or an answer that
                is no JSON object: a page in between, or another address than the gateway's.
        """
        import httpx2

        begun = False

        async def note(event: str, _info: object) -> None:
            nonlocal begun
            begun = begun or event.endswith(BEGUN)

        extensions, client = {"trace": note}, self._opened()
        try:
            async with (
                asyncio.timeout(min(4 * self._timeout, WHOLE)),
                client.stream("POST", url, content=content, headers=dict(headers), extensions=extensions) as response,
            ):
                said, charset = await _read(response), response.charset_encoding
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as exc:
            raise self._broken(exc, begun=begun) from exc
        return self._judged(response.status_code, said, charset)

    def without_secrets(self, words: str) -> str:
        """Return a stranger's words without our secrets, the middle of telephone numbers hidden."""
        for secret in self._hidden:
            words = words.replace(secret, "***")
        return _MOBILE.sub(r"\1****\2", words)

    def _broken(self, exc: Exception, *, begun: bool) -> ChannelDown | Unanswered:
        """Translate why there is no answer; whether anything was handed over depends on how far the request came."""
        import httpx2

        late = isinstance(exc, (httpx2.TimeoutException, TimeoutError))
        why = "没有及时应答" if late else quoted(self.without_secrets(_reason(exc)))
        if not begun:
            return ChannelDown(f"连接不上{self.place}（{why}），请检查网络、地址和证书；{KEPT}")
        told = f"{self.place}{why}" if late else f"与{self.place}的连接中断（{why}）"
        return Unanswered(f"{told}，不知道收没收到，再发可能重复；{KEPT}")

    def _judged(self, status: int, said: bytes, charset: str | None) -> HttpAnswer:
        if status == TOO_MANY:
            raise ChannelDown(f"{self.place}暂时不能受理（HTTP {status}）；{KEPT}", code=status)
        if status >= 500:
            raise Unanswered(f"{self.place}出错（HTTP {status}），不知道收没收到，再发可能重复；{KEPT}", code=status)
        body = _json(said, charset)
        if not isinstance(body, dict):
            shown = quoted(self.without_secrets(_text(said, charset)), 60)
            if status in NOT_LET_IN:
                told = f"{self.place}{SHUT_OUT}（HTTP {status}：{shown}）"
                raise ChannelDown(f"{told}；{KEPT}", code=status, after=LOCKOUT)
            told = f"{self.place}的应答不是约定的格式（HTTP {status}：{shown}）"
            raise Unanswered(f"{told}，不知道收没收到，请核对网关地址，以及上网是否要先登录；{KEPT}", code=status)
        return HttpAnswer(status=status, body=cast("dict[str, Any]", body))

    def _opened(self) -> httpx2.AsyncClient:
        import httpx2

        if self._client is None:
            logging.getLogger("httpx2").addFilter(_quiet)
            self._client = httpx2.AsyncClient(
                timeout=self._timeout,
                follow_redirects=False,
                trust_env=False,
                verify=self._verify or True,
                limits=httpx2.Limits(max_connections=self._connections),
            )
        return self._client


def quoted(words: object, most: int = 200) -> str:
    """Return a stranger's words on one line and not too long."""
    return shorten(one_line(str(words)), most)


async def _read(response: httpx2.Response) -> bytes:
    said = b""
    async for piece in response.aiter_bytes():
        said += piece
        if len(said) > MAX_ANSWER:
            break
    return said[:MAX_ANSWER]


def _json(said: bytes, charset: str | None) -> Any:
    """Read JSON in UTF-8, as it should be, or in what the header names, or in GB 18030; None for anything else."""
    try:
        try:
            return json.loads(said)
        except UnicodeDecodeError:
            return json.loads(_text(said, charset))
    except (ValueError, RecursionError):
        return None


def _text(said: bytes, charset: str | None) -> str:
    for codec in ("utf-8", charset or "gb18030", "gb18030"):
        with suppress(LookupError, ValueError):
            return said.decode(codec)
    return said.decode("utf-8", "replace")


def _reason(exc: Exception) -> str:
    import httpx2

    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "证书已过期" if "expired" in cause.verify_message else "证书不可信"
        cause = cause.__cause__ or cause.__context__
    if isinstance(exc, httpx2.RemoteProtocolError):
        return "对方没有答完就断开，或答的不是 HTTP"
    return quoted(os_reason(exc))
