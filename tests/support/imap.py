"""A small mail server of our own for reading (IMAP4rev1, RFC 3501): what fetching asks for, and faults that real ones have.

It knows one account with folders in memory, serves each client in a thread, and answers CAPABILITY, LOGIN, AUTHENTICATE
PLAIN, STARTTLS, ID, SELECT, LIST, CREATE, UID SEARCH, FETCH, STORE, COPY, MOVE and EXPUNGE, and LOGOUT. Against a real
server the same is proved in `tests/peers/test_mail_conversation.py`.
"""

from __future__ import annotations

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes
from pathlib import Path
from typing import cast

import trustme

from .workplaces import MONDAY

LOOPBACK = "127.0.0.1"
USER, PASSWORD = "office", 'correct "horse" \\7'
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\)|[^\s"]+)')


@dataclass(kw_only=True)
class Kept:
    """A mail in a folder; the size may be told larger than it is, to spare the test the bytes."""

    uid: int
    raw: bytes
    size: int
    came: date
    hour: str = "08:00:00"
    flags: set[str] = field(default_factory=set[str])


@dataclass(kw_only=True)
class ImapServer:
    """The account, and what the server does wrong.

    ``refuse`` maps a command ("LOGIN", "SELECT", "UID MOVE") to the answer that it gets instead, after the tag;
    ``before`` is called with each command, and may change what is there, or break the connection (ConnectionError).
    """

    host: str = LOOPBACK
    port: int = 0
    ca_file: Path
    security: str = "tls"
    user: str = USER
    password: str = PASSWORD
    capabilities: tuple[str, ...] = ("MOVE", "UIDPLUS", "ID")  #: told after the login, as many servers do
    folders: dict[str, list[Kept]] = field(default_factory=lambda: dict[str, list[Kept]](INBOX=[]))
    refuse: dict[str, str] = field(default_factory=dict[str, str])
    before: Callable[[str], None] = lambda _command: None
    said: list[str] = field(default_factory=list[str])  #: commands that came, without what they hold
    context: ssl.SSLContext = field(repr=False)
    next_uid: int = 1

    def put(
        self,
        raw: bytes,
        *,
        size: int | None = None,
        folder: str = "INBOX",
        flags: set[str] | None = None,
        came: date = MONDAY,
        hour: str = "08:00:00",
    ) -> int:
        """Deliver a mail, at some hour of a day; return its UID."""
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        kept = Kept(
            uid=uid, raw=raw, size=len(raw) if size is None else size, came=came, hour=hour, flags=set(flags or ())
        )
        self.folders.setdefault(folder, []).append(kept)
        return uid

    def uids(self, folder: str = "INBOX") -> list[int]:
        """Return what lies in a folder."""
        return [m.uid for m in self.folders.get(folder, [])]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, account: ImapServer) -> None:
        self.account = account
        super().__init__((LOOPBACK, 0), _Client)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client that goes away is what the tests are about."""


class _Client(socketserver.StreamRequestHandler):
    """One connection."""

    disable_nagle_algorithm = True
    tag = ""
    folder: str | None = None
    logged_in = False

    def setup(self) -> None:
        """Encrypt from the first byte, where it is so."""
        self.account = cast(_Server, self.server).account
        if self.account.security == "tls":
            self.request = self.account.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        """Close what was opened over the socket."""
        with suppress(OSError):
            super().finish()
        with suppress(OSError):
            self.request.close()

    def handle(self) -> None:
        """Answer commands until the client leaves."""
        self.account.before("connect")
        self._line("* OK ready")
        while line := self.rfile.readline().decode("utf-8", "replace").rstrip("\r\n"):
            self.tag, _, rest = line.partition(" ")
            words = [_unquoted(m) for m in _WORD.finditer(rest)]
            name = words.pop(0).upper()
            if name == "UID":
                name = f"UID {words.pop(0).upper()}"
            self.account.said.append(name)
            self.account.before(name)
            if name in self.account.refuse:
                self._line(f"{self.tag} {self.account.refuse[name]}")
            elif name == "LOGOUT":
                self._line("* BYE goodbye")
                self._line(f"{self.tag} OK done")
                return
            else:
                self._answer(name, words)

    def _answer(self, name: str, words: list[str]) -> None:
        work = getattr(self, f"_{name.lower().replace(' ', '_')}", None)
        if work is None:
            self._line(f"{self.tag} BAD unknown command")
            return
        answer = str(work(words))
        self._line(f"{self.tag} {answer} done" if answer == "OK" else f"{self.tag} {answer}")

    def _line(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    # commands; each returns the answer that ends it ----------------------------------------------------------------

    def _capability(self, _words: list[str]) -> str:
        more = self.account.capabilities if self.logged_in else ("AUTH=PLAIN",)
        if self.account.security == "starttls" and not isinstance(self.request, ssl.SSLSocket):
            more = ("STARTTLS",)
        self._line(" ".join(["* CAPABILITY IMAP4rev1", *more]))
        return "OK"

    def _starttls(self, _words: list[str]) -> str:
        self._line(f"{self.tag} OK begin")
        self.request = self.account.context.wrap_socket(self.request, server_side=True)
        self.rfile.close()
        super().setup()
        self.tag = self.rfile.readline().decode().split(" ", 1)[0]  # CAPABILITY, asked again
        return self._capability([])

    def _login(self, words: list[str]) -> str:
        self.logged_in = words == [self.account.user, self.account.password]
        return "OK" if self.logged_in else "NO [AUTHENTICATIONFAILED] Authentication failed."

    def _authenticate(self, _words: list[str]) -> str:
        self._line("+ ")
        given = base64.b64decode(self.rfile.readline()).decode().split("\0")[1:]
        return self._login(given)

    def _id(self, _words: list[str]) -> str:
        self._line("* ID NIL")
        return "OK"

    def _select(self, words: list[str]) -> str:
        if words[0] not in self.account.folders:
            return "NO [NONEXISTENT] unknown mailbox"
        self.folder = words[0]
        self._line(f"* {len(self._mails)} EXISTS")
        return "OK [READ-WRITE] selected"

    def _list(self, words: list[str]) -> str:
        for name in self.account.folders:
            if words[1] in (name, "*"):
                self._line(f'* LIST (\\HasNoChildren) "/" "{name}"')
        return "OK"

    def _create(self, words: list[str]) -> str:
        self.account.folders.setdefault(words[0], [])
        return "OK"

    def _uid_search(self, words: list[str]) -> str:
        found = [m.uid for m in self._mails if _matches(m, list(words))]
        self._line(" ".join(["* SEARCH", *map(str, found)]))
        return "OK"

    def _uid_fetch(self, words: list[str]) -> str:
        for place, mail in self._chosen(words[0]):
            if "RFC822.SIZE" in words[1]:
                came = f' INTERNALDATE "{mail.came:%d-%b-%Y} {mail.hour} +0800"' if "INTERNALDATE" in words[1] else ""
                self._line(f"* {place} FETCH (UID {mail.uid}{came} RFC822.SIZE {mail.size})")
                self._line(f"* {place} FETCH (FLAGS ())")  # what another client did, told in between
                continue
            part = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in words[1] else mail.raw
            self.wfile.write(f"* {place} FETCH (UID {mail.uid} BODY[] {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        return "OK"

    def _uid_store(self, words: list[str]) -> str:
        for _, mail in self._chosen(words[0]):
            mail.flags |= set(words[2].strip("()").split())
        return "OK"

    def _uid_copy(self, words: list[str]) -> str:
        for _, mail in self._chosen(words[0]):
            self.account.put(mail.raw, size=mail.size, folder=words[1], came=mail.came, hour=mail.hour)
        return "OK"

    def _uid_move(self, words: list[str]) -> str:
        self._uid_copy(words)
        return self._uid_expunge(words)

    def _uid_expunge(self, words: list[str]) -> str:
        for place, mail in reversed(self._chosen(words[0])):
            self._mails.remove(mail)
            self._line(f"* {place} EXPUNGE")
        return "OK"

    @property
    def _mails(self) -> list[Kept]:
        return self.account.folders[self.folder or ""]

    def _chosen(self, uids: str) -> list[tuple[int, Kept]]:
        wanted = set(uids.split(","))
        return [(place, m) for place, m in enumerate(self._mails, 1) if str(m.uid) in wanted]


def _matches(mail: Kept, words: list[str]) -> bool:
    """Tell whether a mail meets every key of a search (RFC 3501, 6.4.4)."""
    met = [True]
    while words:
        met.append(_key(mail, words))
    return all(met)


def _key(mail: Kept, words: list[str]) -> bool:
    """Take one key off the words, and tell whether a mail meets it."""
    name = words.pop(0).upper()
    if name in ("DELETED", "UNDELETED"):
        return ("\\Deleted" in mail.flags) == (name == "DELETED")
    if name == "OR":
        return any([_key(mail, words), _key(mail, words)])
    told = words.pop(0)
    if name == "SINCE":
        return mail.came >= datetime.strptime(told, "%d-%b-%Y").replace(tzinfo=UTC).date()
    assert name == "TO"
    return told.lower() in str(message_from_bytes(mail.raw)["To"]).lower()


@contextmanager
def running_imap(folder: Path, *, security: str = "tls", valid_until: datetime | None = None) -> Generator[ImapServer]:
    """Run a server on a port the system chooses: encrypted from the first byte, upgraded ("starttls") or not at all.

    Args:
        valid_until: of its certificate.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "imap-ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(LOOPBACK, "localhost", not_after=valid_until).configure_cert(context)
    account = ImapServer(ca_file=folder / "imap-ca.pem", security=security, context=context)
    with _Server(account) as server:
        account.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield account
        finally:
            server.shutdown()
            thread.join()


def _unquoted(word: re.Match[str]) -> str:
    quoted: str | None = word[1]
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else word[2]
