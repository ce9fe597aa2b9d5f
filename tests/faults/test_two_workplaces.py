"""Two workplaces share one database. Neither touches what is the other's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rectiflow._workplace import Workplace
from rectiflow.engine.decision import IncidentDraft
from rectiflow.storage import queries
from support.broken import Cli, everything, standing
from support.workplaces import assigned as assigned_hazards
from support.workplaces import sample_workplace


def test_two_workplaces_on_one_database(postgres: str, tmp_path: Path, cli: Cli) -> None:
    """No command in one folder touches the other's hazards, and a sweep serves its own district alone."""
    with (
        opened(tmp_path / "ours", db=postgres) as ours,
        opened(tmp_path / "theirs", db=postgres, code="420703", prefix="HRQ") as theirs,
    ):
        _keep_apart(ours, theirs, cli)


@contextmanager
def opened(folder: Path, **more: Any) -> Generator[Workplace]:
    """Give a workplace, closed whatever becomes of the test."""
    place = sample_workplace(folder, **more)
    try:
        yield place
    finally:
        place.flow.close()


def _keep_apart(ours: Workplace, theirs: Workplace, cli: Cli) -> None:
    engine = ours.flow.store.engine
    (number,), (other,) = assigned_hazards(ours, 1), assigned_hazards(theirs, 1)
    assert (number, other) == ("LZH-2024-000001", "HRQ-2024-000001")
    message = queries.messages(engine, "420703")[0]["key"]
    theirs.flow.store.raise_incident("420703", IncidentDraft(key="x", kind="timer", message="x"), now=theirs.flow.now())
    (incident,) = queries.incidents(engine, "420703")
    before = everything(engine, "420703")
    calls = (
        *(("ticket", "do", other, action) for action in ("签收", "recall")),
        ("ticket", "show", other),
        ("ticket", "history", other),
        ("ticket", "actions", other),
        ("ticket", "amend", other, "--reason", "x", "隐患描述=乙"),
        ("ticket", "void", other, "--reason", "x"),
        ("ticket", "undo", other),
        ("request", "new", other, "延期"),
        ("request", "approve", other),
        ("notice", "draft", other),
        ("call", "done", other, "--result", "x"),
        ("outbox", "cancel", message),
        ("outbox", "show", message),
        ("outbox", "retry", message),
        ("incident", "show", incident["id"]),
        ("incident", "retry", incident["id"]),
        ("incident", "close", incident["id"]),
    )
    for words in calls:
        code, said = cli(ours, *words)
        assert code != 0, (words, said)
    for words in (("ticket", "list"), ("outbox", "list"), ("incident", "list"), ("today",), ("audit", "verify")):
        code, said = cli(ours, *words)
        assert (code, "HRQ" in said) == (0, False), words
    assert everything(engine, "420703") == before
    assert cli(ours, "ticket", "do", number, other, "签收")[1].startswith(f"没有编号为 {other} 的隐患")
    assert ours.flow.ticket(number).state == "assigned"
    for place, mine in ((ours, number), (theirs, other)):
        assert standing(place.flow).taken == Counter()  # the other district's worker leaves it alone
        assert cli(place, "tick", now="2024-09-16T10:00")[0] == 0
        assert {n for n, *_ in standing(place.flow).taken} == {mine}
        assert {m["status"] for m in queries.messages(engine, place.flow.district)} == {"sent", "held"}
