"""PostgreSQL is lost in the middle of a statement, or away for a while. Everything is done once all the same."""

from __future__ import annotations

import itertools
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread

import pytest

from rectiflow._flow import Rectiflow
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import Refused, WorkplaceBusy
from rectiflow.storage import queries
from support.broken import Cli, Plan, complaint, deliver, faulty_engine, forward, standing, steps_behind
from support.postgres import RestartableServer, fresh_database, restartable_server
from support.stores import assigned, open_office, reported
from support.workplaces import assigned as assigned_hazards
from support.workplaces import rectiflow_process, sample_workplace, wait_until

LOST = "的连接断了；请稍后再试，先看看刚才那一步是否已经办成。"


# the server is lost in the middle of a statement ------------------------------------------------------------------


@pytest.fixture
def plan() -> Plan:
    """What is going to fail."""
    return Plan()


@pytest.fixture
def shaky(postgres: str, plan: Plan) -> Iterator[Rectiflow]:
    """An office on PostgreSQL whose driver fails as planned."""
    made = open_office(faulty_engine(postgres, plan))
    yield made
    made.close()


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_in_a_sweep(shaky: Rectiflow, untroubled: Rectiflow, plan: Plan, *, done: bool) -> None:
    """Each statement fails in turn, not done or done and the answer lost: every step and every message once."""
    for flow in (shaky, untroubled):
        for n in range(3):
            assigned(flow, days=4 + n)
    struck = list[str]()
    for _ in range(60):
        forward(shaky, untroubled, days=3)
        plan.arm(len(struck), done=done)
        assert (complaint(lambda: shaky.tick(limit=2)) or LOST).endswith(LOST)
        plan.disarm()
        struck += plan.struck
        forward(shaky, untroubled, minutes=3)
        shaky.tick(limit=2)
        fired = untroubled.tick().fired
        assert standing(shaky) == standing(untroubled)
        if fired > 1 and not plan.struck:
            break
    else:
        pytest.fail("there was no end of statements")
    assert any("SKIP LOCKED" in s for s in struck)
    assert "COMMIT" in struck
    assert queries.incidents(shaky.store.engine, shaky.district) == []


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_in_an_action(shaky: Rectiflow, plan: Plan, *, done: bool) -> None:
    """Each statement of reporting and assigning fails in turn: said so; done again it is there once, numbers without gaps."""
    due, struck = shaky.today() + timedelta(days=9), list[str]()
    for at in itertools.count():
        plan.arm(at, done=done)
        number = f"LZH-2024-{at + 1:06d}"
        _twice(plan, partial(reported, shaky, key=f"k{at}"))
        _twice(plan, partial(shaky.do, number, "assign", by="chief", responsible_person="officer", due_on=due))
        plan.disarm()
        assert [e.trigger for e in shaky.history(number)] == ["report", "assign"]
        if not plan.struck:
            break
        struck += plan.struck
    assert len(struck) > 3
    assert len(standing(shaky).states) == len(struck) + 1
    assert {m["number"] for m in queries.messages(shaky.store.engine, shaky.district)} == set(standing(shaky).states)


def _twice(plan: Plan, act: Callable[[], object]) -> None:
    """Do something; where the connection breaks, do it again as a person would, who sees when it was done already."""
    with suppress(WorkplaceBusy):
        act()
        return
    try:
        act()
    except Refused:
        assert plan.done


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_the_server_is_lost_while_sending(shaky: Rectiflow, plan: Plan, tmp_path: Path, *, done: bool) -> None:
    """Each statement of a delivery fails in turn: each message is sent; twice at most where what was lost is that it was."""
    sent, struck, again = tmp_path / "sent", list[str](), 0
    sent.touch()
    for at in itertools.count():
        assigned(shaky)
        plan.arm(at, done=done)
        assert (complaint(lambda: deliver(shaky, sent, limit=2)) or LOST).endswith(LOST)
        plan.disarm()
        again += not done and "sent_at" in "".join(plan.struck)
        struck += plan.struck
        forward(shaky, minutes=11)
        while deliver(shaky, sent).claimed:
            pass
        if not plan.struck:
            break
    found = queries.messages(shaky.store.engine, shaky.district)
    assert {m["status"] for m in found} == {"sent"}
    handed = Counter(sent.read_text().splitlines())
    assert set(handed) == {m["key"] for m in found}
    assert handed.total() == len(found) + again
    assert any("rendered_body" in s for s in struck)
    assert queries.incidents(shaky.store.engine, shaky.district) == []


# PostgreSQL is away -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[RestartableServer]:
    """Give a server that may be stopped."""
    with restartable_server() as made:
        yield made


@pytest.fixture
def far(server: RestartableServer, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace on a database of that server."""
    with fresh_database(server.url) as url:
        made = sample_workplace(tmp_path / "far", db=url)
        yield made
        made.flow.close()


def test_the_server_is_away_for_a_command(far: Workplace, server: RestartableServer, cli: Cli) -> None:
    """Each command says what is away and what to do, with exit code 1; when it is back everything goes on."""
    (number,) = assigned_hazards(far, 1)
    directory = far.flow.directory()
    (principal,) = directory.holders("principal", "town1_school2", far.flow.today())
    sign = ("--as", directory.person_name(principal), "ticket", "do", number, "签收")
    server.crash()
    try:
        for words in (("ticket", "list"), sign, ("tick",), ("doctor",), ("run",), ("today",), ("incident", "list")):
            code, said = cli(far, *words)
            assert code == 1, words
            assert re.search("数据库“.*”(连不上|的服务器正在停止或启动)", "".join(said.split("\n"))), said
    finally:
        server.start()
    assert cli(far, *sign)[0] == 0
    assert far.flow.ticket(number).state == "rectifying"
    assert [e.trigger for e in far.flow.history(number)] == ["report", "assign", "sign"]


def test_the_server_is_away_while_a_worker_runs(far: Workplace, server: RestartableServer) -> None:
    """It says so, stays, and goes on by itself: what came due meanwhile is fired once, every message goes out once."""

    def settled(numbers: set[str]) -> bool:
        waiting = queries.messages(far.flow.store.engine, far.flow.district, status="waiting")
        return {n for n, *_ in steps_behind(far.flow)} == numbers and not waiting

    before = assigned_hazards(far, 2)
    with rectiflow_process(far.folder, ["--now", "2024-09-16T09:30", "run"]) as process:
        lines = told(process)
        wait_until(lambda: settled(set(before)), seconds=30)
        server.crash()
        try:
            wait_until(lambda: any(re.search("数据库“.*”(连不上|的连接断了)", line) for line in lines), seconds=30)
        finally:
            server.start()
        after = assigned_hazards(far, 2)
        wait_until(lambda: settled({*before, *after}), seconds=30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert standing(far.flow).taken
    assert queries.incidents(far.flow.store.engine, far.flow.district) == []
    mails = list((far.folder / "outgoing" / "mail").iterdir())
    found = queries.messages(far.flow.store.engine, far.flow.district, status="sent")
    assert len(mails) == sum(m["rendered_channel"] == "mail" for m in found)


def told(process: subprocess.Popen[str]) -> list[str]:
    """Return the list into which what a process complains of is written, line by line."""
    lines = list[str]()

    def follow() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line)

    Thread(target=follow, daemon=True).start()
    return lines
