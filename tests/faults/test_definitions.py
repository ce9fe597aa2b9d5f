"""A definition is gone, a calendar or a length of time is wrong, a database is newer: it is named, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from rectiflow._flow import Rectiflow
from rectiflow._worker import beat
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import Refused
from rectiflow.storage import queries, schema
from rectiflow.storage.connect import writing
from rectiflow.storage.tables import table
from support.broken import KEEPER, Cli, everything, forward, standing, steps_taken
from support.stores import counts, reported
from support.workplaces import assigned as assigned_hazards
from support.workplaces import sample_workplace

SMALL = Path(__file__).parents[1] / "data" / "small.yaml"


# a definition is gone ---------------------------------------------------------------------------------------------


def reopened(place: Workplace) -> Workplace:
    """Open a workplace once more, as another process would, under the same clock."""
    return Workplace(place.folder, place.settings, place.clock, rehearsal=True)


def major(place: Workplace) -> str:
    """Put a hazard on record that lives by another definition than the rest; return its number."""
    flow = place.flow
    given: dict[str, Any] = {"source": "bureau", "category": "fire", "unit": "town1_school2", "description": "外墙开裂"}
    return flow.report(
        "major_hazard", by=flow.directory().find_person(KEEPER).id, found_on=flow.today(), **given
    ).number


def test_a_definition_that_is_gone_for_a_while(place: Workplace, cli: Cli) -> None:
    """Its timer becomes an incident and stops nobody; when the definition is back `incident retry` makes it fire, once."""
    engine, number, others = place.flow.store.engine, major(place), assigned_hazards(place, 2)
    row = _take_definition(engine, "major_hazard")
    worker = reopened(place)
    forward(place.flow, days=14)
    first = beat(worker)
    assert (first["fired"], first["failed"]) == (4, 2)  # of each hazard two clocks
    assert first["sent"] > 0
    for n in range(8):
        assert len(queries.incidents(engine, place.flow.district)) == (2 if n > 3 else 0)
        forward(place.flow, hours=3)
        assert beat(worker)["failed"] == (2 if n < 4 else 0)
    waiting = queries.incidents(engine, place.flow.district)
    assert [(i["kind"], i["number"]) for i in waiting] == [("timer", number)] * 2
    for incident in waiting:
        assert "试了 5 次都没有办成：NotFound: 没有流程 major_hazard 第 1 版" in incident["message"]
    assert {n for n, *_ in steps_taken(place.flow)} == set(others)
    with writing(engine) as connection:
        connection.execute(table("definition").insert(), [row])
    now = "2024-09-18T10:00"
    code, listed = cli(place, "incident", "list", now=now)
    for incident in waiting:
        assert incident["id"] in listed
        code, said = cli(place, "incident", "retry", incident["id"].lower(), now=now)
        assert (code, said.strip()) == (0, f"{incident['id']} 已重新排队并结束。")
    assert cli(place, "tick", now=now)[0] == 0
    worker.flow.close()
    taken = standing(place.flow).taken
    assert {n for n, *_ in taken} == {number, *others}
    assert queries.incidents(engine, place.flow.district) == []


def test_a_definition_that_is_still_gone(place: Workplace, cli: Cli) -> None:
    """Tried again too soon it fails anew: another incident is opened, the first one stays closed."""
    engine, number = place.flow.store.engine, major(place)
    _take_definition(engine, "major_hazard")
    ids = list[str]()
    for _ in range(2):
        for _ in range(5):
            forward(place.flow, days=1)
            worker = reopened(place)
            worker.flow.tick()
            worker.flow.close()
        waiting = queries.incidents(engine, place.flow.district)
        assert [i["number"] for i in waiting] == [number] * 2
        ids += [i["id"] for i in waiting]
        for incident in waiting:
            assert cli(place, "incident", "retry", incident["id"], now=f"{place.flow.today()}T09:30")[0] == 0
    assert len(set(ids)) == 4
    assert {i["status"] for i in queries.incidents(engine, place.flow.district, open_only=False)} == {"closed"}


def test_the_doctor_finds_a_definition_that_is_gone(place: Workplace, cli: Cli) -> None:
    """It names the version and how many hazards hang on it, and says no; lists send people to it."""
    number = major(place)
    assigned_hazards(place, 2)
    assert cli(place, "doctor")[0] == 0
    row = _take_definition(place.flow.store.engine, "major_hazard")
    code, said = cli(place, "doctor")
    assert code == 1
    plain = "".join(said.split())
    assert "流程定义有问题流程major_hazard第1版的定义不在数据库里" in plain, said
    assert "1条隐患" in plain
    code, said = cli(place, "ticket", "show", number)
    assert code != 0
    assert "rectiflow doctor" in said
    for listing in (("today",), ("ticket", "list"), ("ledger", "export", str(place.folder / "台账.xlsx"))):
        code, said = cli(place, *listing)
        assert code == 0, said
    assert number in cli(place, "ticket", "list")[1]
    with writing(place.flow.store.engine) as connection:
        connection.execute(table("definition").insert(), [row])
    assert cli(place, "doctor")[0] == 0


def _take_definition(engine: Engine, workflow: str) -> dict[str, Any]:
    """Remove a definition from the database; return its row."""
    d = table("definition")
    with writing(engine) as connection:
        row = connection.execute(d.select().where(d.c.workflow == workflow)).mappings().one()
        connection.execute(d.delete().where(d.c.workflow == workflow))
    return dict(row)


# files that are wrong ---------------------------------------------------------------------------------------------

CALENDARS = {
    "day of rest and of work": (
        "years:\n  2027: {holidays: [2027-02-05..2027-02-11], workdays: [2027-02-06, 2027-02-20]}\n",
        ["有 1 处问题", "2027-02-06 同时写在 holidays 和 workdays 里，请只留一处"],
    ),
    "years": (
        "years:\n  '2027': {}\n  明年: {}\n  2026: {holidays: [2027-01-01]}\n",
        [
            "有 3 处问题",
            "years.2027：年份请写四位数字",
            "years.明年：年份",
            "years.2026.holidays：2027-01-01 不在 2026 年",
        ],
    ),
    "a year twice": ("years:\n  2027: {}\n  2027: {}\n", ["第 3 行第 3 列附近"]),
    "broken": ("years:\n  2027: {holidays: [2027-01-01}\n", ["第 2 行第 31 列附近不合 YAML 写法"]),
    "tabs": ("years:\n\t2027: {}\n", ["第 2 行第 1 列附近不合 YAML 写法"]),
    "backwards": (
        "terms:\n  - {name: 秋, from: 2025-01-17, to: 2024-09-02}\nyears: {2027: {holidays: [2027-02-05..2027-02-01]}}\n",
        [
            "有 2 处问题",
            "秋 的结束日期早于开始日期",
            "years.2027.holidays 第 1 项：2027-02-05..2027-02-01 前后颠倒，请把早的写在前面",
        ],
    ),
}


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    """A workplace on a file in which nothing is changed."""
    made = sample_workplace(tmp_path_factory.mktemp("ordinary"))
    assigned_hazards(made, 1)
    yield made
    made.flow.close()


@pytest.mark.parametrize("wrong", CALENDARS)
def test_a_calendar_file_that_is_wrong(ordinary: Workplace, cli: Cli, wrong: str) -> None:
    """Nobody works by half a calendar: whatever is called names every problem with its place, and writes nothing."""
    written, parts = CALENDARS[wrong]
    file, before = ordinary.folder / "calendar.yaml", counts(ordinary.flow.store.engine)
    file.write_text(written, encoding="utf-8")
    try:
        for words in (("ticket", "list"), ("ticket", "do", "1", "签收"), ("tick",), ("run",)):
            code, said = cli(ordinary, *words, now="2024-09-30T10:00")
            unwrapped = "".join(said.split())
            assert code == 1
            assert "calendar.yaml" in unwrapped
            assert [p for p in parts if "".join(p.split()) not in unwrapped] == []
        assert cli(ordinary, "doctor")[0] == 1
    finally:
        file.unlink()
    assert counts(ordinary.flow.store.engine) == before
    assert cli(ordinary, "ticket", "list")[0] == 0


SPANS = (
    "-2 workdays",
    "0 days",
    "3651 days",
    "999999 hours",
    "99999999 days",
    "2.5 days",
    "1e3 days",
    "P3D",
    "三天",
    "'-'",
)


@pytest.mark.parametrize("span", SPANS)
def test_a_length_of_time_that_is_absurd(ordinary: Workplace, cli: Cli, span: str) -> None:
    """Negative, nothing, longer than ten years or no length at all: each place of it is named by line and column."""
    good, wrong = SMALL.read_text("utf-8"), ordinary.folder / "wrong.yaml"
    bad = good.replace("within: 2 workdays", f"within: {span}", 1).replace("every: 5 workdays", f"every: {span}", 1)
    wrong.write_text(bad.replace("decide_within: 2 workdays", f"decide_within: {span}", 1), encoding="utf-8")
    places = [
        f"wrong.yaml:{number}:{line.index(key) + len(key) + 1}"
        for number, line in enumerate(wrong.read_text("utf-8").splitlines(), 1)
        for key in (" within: ", "every: ", "decide_within: ")
        if key + span in line
    ]
    code, said = cli(ordinary, "workflow", "check", "wrong.yaml")
    assert code == 1
    assert len(places) > 1
    assert [p for p in places if p not in said.replace("\n", "")] == []
    assert said.count("S206") == len(places)


@pytest.mark.parametrize("days", ["-5", "0", "3651", "1000000000", "999999999999999999999999999", "2.5", "五天"])
def test_a_number_of_days_that_is_absurd(flow: Rectiflow, days: str) -> None:
    """A clock whose length stands in a field: the field is named with what fits, and nothing changes."""
    given: dict[str, Any] = {"source": "bureau", "found_on": flow.today(), "category": "fire", "unit": "school1"}
    number = flow.report("hard_to_rectify", by="chief", description="护坡开裂", **given).number
    before = counts(flow.store.engine)
    with pytest.raises(Refused, match=r"监测间隔（天）：“.*”(不合常理，应在|不是整数)"):
        flow.amend(number, by="chief", reason="写错了", monitor_every=days)
    assert counts(flow.store.engine) == before


@pytest.mark.parametrize("due", ["2024-08-30", "0001-01-01", "9999-12-31", "2024-02-30", "-3", "99999999999-01-01"])
def test_a_deadline_that_is_absurd(flow: Rectiflow, due: str) -> None:
    """In the past, thousands of years away, on no day at all: it is named and nothing changes."""
    number = reported(flow).number
    before = counts(flow.store.engine)
    with pytest.raises(Refused, match="整改时限"):
        flow.do(number, "assign", by="chief", responsible_person="officer", due_on=due)
    assert counts(flow.store.engine) == before


# a newer schema ---------------------------------------------------------------------------------------------------


def test_a_database_of_a_newer_version(place: Workplace, cli: Cli) -> None:
    """Whatever is called says so and what to do; nothing is changed, and a worker does not begin."""
    numbers = assigned_hazards(place, 1)
    engine, version = place.flow.store.engine, f"UPDATE {schema.VERSION_TABLE} SET version_num = :v"  # noqa: S608 our own name
    known = schema.current_revision(engine)
    with writing(engine) as connection:
        connection.execute(text(version), {"v": "9999"})
    before = everything(engine)
    calls = (("ticket", "list"), ("ticket", "do", numbers[0], "签收"), ("tick",), ("run",), ("init", "."), ("today",))
    for words in calls:
        code, said = cli(place, *words, now="2024-09-30T10:00")
        assert code == 1, words
        assert "由更新版本的程序建立（9999），请升级程序后再用；数据没有动过。" in "".join(said.split("\n"))
    assert everything(engine) == before
    with writing(engine) as connection:
        connection.execute(text(version), {"v": known})
    assert cli(place, "tick", now="2024-09-30T10:00")[0] == 0
    assert standing(place.flow).taken
