"""A mail server in a process of its own that fails now and then, and a worker that sends: for tests that kill the worker.

`python -m support.postoffice serve FOLDER` writes its port to FOLDER/port and the Message-ID of every mail it takes to
FOLDER/taken, a line each, before it answers; of a hundred mails five are put off at their first try and one is refused for
good. `python -m support.postoffice send FOLDER BASE` sends the outbox of the workplace in FOLDER, an hour a second from
BASE on, until nothing waits.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOURS_PER_SECOND = 1.0


def fate(message_id: str) -> str:
    """Say what the server does with a mail: take, later (at the first try), or never."""
    place = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:4]) % 100
    return "later" if place < 5 else "never" if place == 99 else "take"


class Moody:
    """Takes mails, but for those whose fate is another."""

    def __init__(self, taken: Path) -> None:
        self._taken = taken.open("ab", buffering=0)
        self._put_off: set[str] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        """Answer as it is fated; what is taken is written down first."""
        message_id = str(message_from_bytes(envelope.original_content or b"", policy=default)["Message-ID"])
        found = fate(message_id)
        if found == "never":
            return "550 5.7.1 refused by policy"
        if found == "later" and message_id not in self._put_off:
            self._put_off.add(message_id)
            return "451 4.3.0 try again later"
        self._taken.write(f"{message_id}\n".encode())
        return "250 2.0.0 kept"


class Posted(Controller):
    """Serves on a port the system chooses, and writes it down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(Moody(folder / "taken"), hostname="127.0.0.1", port=0)

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        (self.folder / "port").write_text(str(self.port))
        super()._trigger_server()  # type: ignore[no-untyped-call]  # so in aiosmtpd


def serve(folder: Path) -> None:
    """Serve until the process is ended."""
    controller = Posted(folder)
    controller.start()
    while True:
        time.sleep(60)


def send(folder: Path, base: datetime) -> None:
    """Send until nothing waits any more."""
    from rectiflow._settings import read_settings
    from rectiflow._workplace import Workplace
    from rectiflow.storage import workers

    from .herd import RunningClock

    clock = RunningClock(base, time.monotonic(), HOURS_PER_SECOND * 3600)
    place = Workplace(folder, read_settings(folder / "rectiflow.toml"), clock, rehearsal=True)
    flow = place.flow
    while workers.figures(flow.store.engine, flow.district, now=flow.now() + timedelta(days=9)).waiting:
        place.deliver(at_any_hour=True)
        time.sleep(0.05)
    flow.close()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        send(Path(sys.argv[2]), datetime.fromisoformat(sys.argv[3]))
