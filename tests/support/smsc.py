"""A message centre of our own for the tests: SMPP 3.4 by `struct`, sharing no code with what is tested.

It is written from the specification, so it shares our reading of it; tests/peers has a centre that somebody else wrote.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
SYSTEM_ID = "bureau"
PASSWORD = "geheim7!"

BIND_TRANSCEIVER, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x09, 0x04, 0x05, 0x06, 0x15
ANSWER = 0x80000000
NACK = 0x80000000
PAYLOAD = 0x0424


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """One submit_sm as the centre took it; `part` is (reference, of how many, which) where it has a header."""

    id: str
    source: str
    source_ton: int
    source_npi: int
    phone: str
    ton: int
    npi: int
    receipt: bool
    in_payload: bool
    part: tuple[int, int, int] | None
    text: bytes  #: UTF-16, big-endian, without header


@dataclass(kw_only=True)
class MessageCentre:
    """A running centre, and what it took so far; how it behaves may be changed while it runs.

    `status` is the answer to every submit_sm, `silent_after` and `drop_after` count those that are still answered before
    it says nothing more or hangs up (once), `log_out_after` those after which it ends the session (once).
    `bind_status` refuses a login although the password is right.
    """

    port: int = 0
    password: str = PASSWORD
    status: int = 0
    bind_status: int = 0
    binds_left: int | None = None  #: logins until every further one is refused for its password
    silent_after: int | None = None
    drop_after: int | None = None
    log_out_after: int | None = None
    receipt: str | None = None  #: the state every message is reported with at once: DELIVRD
    kept: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  #: number and words, for the next login
    raw_answer: bytes | None = None  #: said instead of any answer to a submit_sm
    submitted: list[Submitted] = field(default_factory=list[Submitted])
    binds: list[str] = field(default_factory=list[str])  #: system_type of each login
    unbinds: int = 0
    connections: int = 0
    answers: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  #: command and status of the client's
    most_open: int = 0  #: the most requests that were there at once
    slow: float = 0  #: seconds until a submit_sm is answered

    def texts(self) -> list[str]:
        """Return every whole message, parts joined by their headers in whatever order they came."""
        whole: list[str] = []
        open_parts: dict[tuple[str, int], dict[int, bytes]] = {}
        for one in self.submitted:
            if one.part is None:
                whole.append(one.text.decode("utf-16-be"))
                continue
            reference, total, place = one.part
            parts = open_parts.setdefault((one.phone, reference), {})
            parts[place] = one.text
            if len(parts) == total:
                joined = b"".join(text for _, text in sorted(parts.items()))
                whole.append(joined.decode("utf-16-be"))
                del open_parts[one.phone, reference]
        return whole


class _Session:
    """One client."""

    def __init__(self, centre: MessageCentre, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.centre, self.reader, self.writer = centre, reader, writer
        self.sequence, self.open, self.tasks = 0, 0, set[asyncio.Task[None]]()

    async def run(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                size, command, status, sequence = struct.unpack("!IIII", await self.reader.readexactly(16))
                body = await self.reader.readexactly(size - 16)
                if not await self.heard(command, status, sequence, body):
                    break
        for task in self.tasks:
            task.cancel()
        self.writer.transport.abort()

    async def heard(self, command: int, status: int, sequence: int, body: bytes) -> bool:
        if command & ANSWER:
            self.centre.answers.append((command, status))
        elif command == BIND_TRANSCEIVER:
            return self.bound(sequence, body)
        elif command == SUBMIT:
            return self.taken(sequence, body)
        elif command == UNBIND:
            self.centre.unbinds += 1
            self.say(UNBIND | ANSWER, 0, sequence)
            return False
        else:
            self.say(NACK, 0x03, sequence)
        return True

    def bound(self, sequence: int, body: bytes) -> bool:
        system_id, password, system_type, rest = body.split(b"\0", 3)
        assert rest[0] == 0x34, "interface_version"
        status = self.centre.bind_status
        if system_id.decode() != SYSTEM_ID:
            status = 0x0F
        elif password.decode() != self.centre.password or len(self.centre.binds) == self.centre.binds_left:
            status = 0x0E
        self.say(BIND_TRANSCEIVER | ANSWER, status, sequence, b"" if status else b"centre\0")
        if not status:
            self.centre.binds.append(system_type.decode())
            while self.centre.kept:
                self.deliver(*self.centre.kept.pop(0))
        return not status

    def taken(self, sequence: int, body: bytes) -> bool:
        centre = self.centre
        if centre.drop_after is not None:
            centre.drop_after -= 1
            if centre.drop_after < 0:
                centre.drop_after = None
                return False
        if centre.silent_after is not None:
            centre.silent_after -= 1
            if centre.silent_after < 0:
                return True
        if centre.raw_answer is not None:
            self.writer.write(centre.raw_answer)
            return True
        self.open += 1
        centre.most_open = max(centre.most_open, self.open)
        task = asyncio.create_task(self.answered(sequence, body))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    async def answered(self, sequence: int, body: bytes) -> None:
        centre = self.centre
        await asyncio.sleep(centre.slow)
        self.open -= 1
        if centre.status:
            self.say(SUBMIT | ANSWER, centre.status, sequence)
            return
        one = _read(body, f"{len(centre.submitted) + 1:08X}")
        centre.submitted.append(one)
        self.say(SUBMIT | ANSWER, 0, sequence, one.id.encode() + b"\0")
        if centre.log_out_after is not None and len(centre.submitted) == centre.log_out_after:
            centre.log_out_after = None
            self.request(UNBIND)
        if centre.receipt is not None and one.receipt:
            self.deliver(one.phone, receipt_text(one.id, centre.receipt), esm_class=0x04)

    def deliver(self, phone: str, text: str, *, esm_class: int = 0, header: bytes = b"") -> None:
        coding, said = (0, text.encode()) if text.isascii() else (8, text.encode("utf-16-be"))
        said = header + said
        long = len(said) > 254
        body = (
            b"\0\1\1" + phone.encode() + b"\0\0\1" + b"10690000\0" + bytes((esm_class | (0x40 if header else 0), 0, 0))
        )
        body += b"\0\0\0\0" + bytes((coding, 0, 0 if long else len(said))) + (b"" if long else said)
        if long:
            body += struct.pack("!HH", PAYLOAD, len(said)) + said
        self.request(DELIVER, body)

    def request(self, command: int, body: bytes = b"") -> None:
        self.sequence += 1
        self.say(command, 0, self.sequence, body)

    def say(self, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        self.writer.write(struct.pack("!IIII", 16 + len(body), command, status, sequence) + body)


class RunningCentre:
    """The centre in a thread of its own; what a test does to it while it runs is done in that thread."""

    def __init__(self, centre: MessageCentre, context: ssl.SSLContext | None = None) -> None:
        self.centre, self._context = centre, context
        self._loop = asyncio.new_event_loop()
        self._sessions: list[_Session] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        """Listen on a port that the system chooses."""
        self._thread.start()
        self._run(self._listen)

    def stop(self) -> None:
        """Hang up on everybody and end; once more does nothing."""
        if self._loop.is_closed():
            return
        self._run(self._end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def deliver(self, phone: str, text: str, *, esm_class: int = 0, header: bytes = b"") -> None:
        """Send a deliver_sm to the last client."""
        self._soon(lambda: self._sessions[-1].deliver(phone, text, esm_class=esm_class, header=header))

    def request(self, command: int, body: bytes = b"") -> None:
        """Send any request to the last client."""
        self._soon(lambda: self._sessions[-1].request(command, body))

    def _soon(self, act: Callable[[], None]) -> None:
        async def acting() -> None:
            act()

        self._run(acting)

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def working() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(working(), self._loop).result(timeout=20)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=self._context)
        self.centre.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.centre.connections += 1
        session = _Session(self.centre, reader, writer)
        self._sessions.append(session)
        await session.run()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _end(self) -> None:
        assert self._server is not None
        self._server.close()
        for session in self._sessions:
            session.writer.transport.abort()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        if others:
            await asyncio.wait(others, timeout=5)


@contextmanager
def running_centre(context: ssl.SSLContext | None = None) -> Generator[RunningCentre]:
    """Run a centre on the loopback address."""
    running = RunningCentre(MessageCentre(), context)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def receipt_text(id_: str, state: str, error: str = "000") -> str:
    """Return a receipt as operators write it (SMPP 3.4, appendix B)."""
    dates = "submit date:2411040930 done date:2411040931"
    return f"id:{id_} sub:001 dlvrd:001 {dates} stat:{state} err:{error} text:first words"


def _read(body: bytes, id_: str) -> Submitted:
    _service, rest = body.split(b"\0", 1)
    source_ton, source_npi = rest[:2]
    source, rest = rest[2:].split(b"\0", 1)
    ton, npi = rest[:2]
    phone, rest = rest[2:].split(b"\0", 1)
    esm_class, _protocol, _priority = rest[:3]
    _schedule, _validity, rest = rest[3:].split(b"\0", 2)
    registered, _replace, coding, _default, length = rest[:5]
    assert coding == 8, "data_coding is UCS2"
    short, rest = rest[5 : 5 + length], rest[5 + length :]
    text, part = short, None
    if rest:
        tag, size = struct.unpack_from("!HH", rest)
        assert (tag, size) == (PAYLOAD, len(rest) - 4)
        assert not short, "a text is in one place"
        text = rest[4:]
    if esm_class & 0x40:
        assert short[:3] == b"\5\0\3"
        assert len(short) <= 140
        reference, total, place = short[3:6]
        part, text = (reference, total, place), short[6:]
    return Submitted(
        id=id_,
        source=source.decode(),
        source_ton=source_ton,
        source_npi=source_npi,
        phone=phone.decode(),
        ton=ton,
        npi=npi,
        receipt=registered == 1,
        in_payload=bool(rest),
        part=part,
        text=text,
    )
