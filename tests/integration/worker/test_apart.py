"""What takes its time keeps nothing else waiting: each kind of work has a thread of its own."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from rectiflow import _worker
from rectiflow._clock import SetClock
from rectiflow._persons import set_reach
from rectiflow._worker import Worker
from rectiflow._workplace import Workplace
from rectiflow.storage import queries
from support.smsc import PASSWORD, SYSTEM_ID, RunningCentre, running_centre
from support.workers import working
from support.workplaces import assigned, wait_until

LOOPBACK = "127.0.0.1"
PHONE = "13911112222"


class HangingServer:
    """A mail server that takes connections and says nothing, until it hangs up on everybody."""

    def __init__(self, listener: socket.socket) -> None:
        self.port = int(listener.getsockname()[1])
        self.asked = threading.Event()  #: somebody has connected
        self._listener, self._clients = listener, list[socket.socket]()
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    @property
    def waited_on(self) -> bool:
        """Whether the first client still waits for a word."""
        try:
            return bool(self._clients[0].recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK))
        except BlockingIOError:
            return True

    def hang_up(self) -> None:
        """End; once more does nothing."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for client in self._clients:
            client.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            self.asked.set()


@pytest.fixture
def hanging() -> Iterator[HangingServer]:
    """Run the server."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        server = HangingServer(listener)
        yield server
        server.hang_up()


@pytest.fixture
def centre() -> Iterator[RunningCentre]:
    """Run a message centre."""
    with running_centre() as running:
        yield running


def told(place: Workplace, *, often: dict[str, float], **settings: Any) -> Workplace:
    """Return the workplace with other settings, sending in earnest; it opens the database anew."""
    outgoing = place.settings.outgoing.model_copy(update={"files": False, "digest": ""})
    worker = place.settings.worker.model_copy(update=often)
    update = {"outgoing": outgoing, "worker": worker, **settings}
    return dataclasses.replace(place, settings=place.settings.model_copy(update=update))


def fired(place: Workplace, number: str) -> int:
    """Count the timers of a hazard that have fired."""
    flow = place.flow
    return sum(r["status"] in ("fired", "crossed") for r in queries.timers_of(flow.store.engine, flow.district, number))


def test_timers_fire_while_the_mail_server_hangs(place: Workplace, hanging: HangingServer) -> None:
    """What fired first is being sent, and gets no answer: what comes due meanwhile fires nevertheless."""
    (number,) = assigned(place, 1)
    mail = place.settings.mail.model_copy(
        update={"host": LOOPBACK, "port": hanging.port, "security": "none", "sender": "safety@bureau.example"}
    )
    seldom = {"tick_seconds": 0.1, "send_seconds": 3600.0, "report_seconds": 3600.0}
    made = told(place, often=seldom, mail=mail)
    assert isinstance(place.clock, SetClock)
    place.deliver()  # so that the first to be sent is what the worker itself has fired
    with working(Worker(made)):
        place.clock.forward(days=14)
        assert hanging.asked.wait(60)
        first = fired(place, number)
        assert first > 0
        place.clock.forward(days=14)
        wait_until(lambda: fired(place, number) > first)
        assert hanging.waited_on
        hanging.hang_up()
    made.flow.close()


def test_answers_by_sms_arrive_with_nothing_to_send(
    place: Workplace, centre: RunningCentre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator keeps an answer until we log in: the worker does so now and then, and what it was told goes out."""
    monkeypatch.setattr(_worker, "LISTEN_SECONDS", 0.2)
    principal = place.flow.directory().holders("principal", "town1_school2", place.flow.today())[0]
    set_reach(place.flow, principal, channels=("sms",), phone=PHONE, email="")
    smpp = {
        "kind": "smpp", "host": LOOPBACK, "port": centre.centre.port, "system_id": SYSTEM_ID, "password": PASSWORD,
        "source": "10690001", "linger": 0, "receipts": False,
    }  # fmt: skip
    seldom = {"tick_seconds": 3600.0, "send_seconds": 3600.0, "report_seconds": 3600.0, "inbox_seconds": 0.1}
    made = told(place, often=seldom, channels={"sms": smpp})
    (number,) = assigned(place, 1)
    made.deliver()
    sent = len(centre.centre.submitted)
    assert sent > 0
    with working(Worker(made)):
        centre.centre.kept.append((PHONE, "1"))
        wait_until(lambda: place.flow.ticket(number).state == "rectifying")
        wait_until(lambda: any("签收已办理" in words for words in centre.centre.texts()))
    assert centre.centre.most_open <= 1
    made.flow.close()


def test_a_gateway_that_is_away_is_said(
    place: Workplace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is heard, the log says why, and the worker goes on."""
    monkeypatch.setattr(_worker, "LISTEN_SECONDS", 0.2)
    with socket.socket() as closed:
        closed.bind((LOOPBACK, 0))
        smpp = {
            "kind": "smpp", "host": LOOPBACK, "port": closed.getsockname()[1], "system_id": SYSTEM_ID,
            "password": PASSWORD, "source": "10690001",
        }  # fmt: skip
        made = told(place, often={"inbox_seconds": 0.1}, channels={"sms": smpp})
        worker = Worker(made)
        with working(worker):
            wait_until(lambda: worker.tally.beats().get(("listen", "error"), 0) > 1)
    assert any("收短信：连接不上短信网关" in r.getMessage() for r in caplog.records)
    made.flow.close()
