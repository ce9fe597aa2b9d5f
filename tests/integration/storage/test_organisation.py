"""The organisation is written as a whole and read as one Directory; definitions stay as tickets began on them."""

from __future__ import annotations

from datetime import date
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from rectiflow._flow import Rectiflow
from rectiflow.engine.directory import Directory, District, Holding, Person
from rectiflow.engine.errors import NotFound, WorkplaceError
from rectiflow.storage import definitions, organisation
from rectiflow.storage.connect import writing
from rectiflow.storage.definitions import StoredDefinition
from rectiflow.storage.tables import table
from support.stores import (
    ELSEWHERE,
    HOLDINGS,
    HOME,
    NOW,
    PERSONS,
    POSTS,
    SUBSTITUTIONS,
    UNITS,
    assigned,
    office,
    reported,
    scalar,
)

DEFINITION = StoredDefinition(
    workflow="hazard",
    version=1,
    digest="d1",
    text="workflow: hazard\n# “整改”🧯\n",
    catalogues={"category": "id: 类别"},
)


@pytest.fixture
def office_engine(engine: Engine) -> Engine:
    """A database with the small office's organisation."""
    organisation.add_district(engine, HOME)
    write(engine)
    return engine


def write(engine: Engine, **parts: Any) -> int:
    """Write the small office's organisation, with some parts given anew."""
    given: dict[str, Any] = {
        "units": UNITS,
        "posts": POSTS,
        "persons": PERSONS,
        "holdings": HOLDINGS,
        "substitutions": SUBSTITUTIONS,
        **parts,
    }
    return organisation.write_organisation(engine, HOME.code, **given)


def holdings_of(directory: Directory, role: str, day: date) -> tuple[str, ...]:
    """Return who holds a role in the district on a day."""
    return directory.holders(role, None, day)


def test_it_is_read_as_it_was_written(office_engine: Engine) -> None:
    """Every unit, post and person with all it says; who sits where, and who stands in."""
    directory = organisation.read_directory(office_engine, HOME.code)
    assert directory.district == HOME
    assert dict(directory.units) == {u.id: u for u in UNITS}
    assert dict(directory.posts) == {p.id: p for p in POSTS}
    assert dict(directory.persons) == {p.id: p for p in PERSONS}
    assert holdings_of(directory, "principal", date(2024, 9, 2)) == ("head",)
    assert holdings_of(directory, "principal", date(2022, 7, 31)) == ()
    assert holdings_of(directory, "principal", date(2030, 8, 1)) == ()
    assert set(holdings_of(directory, "verifier", date(2000, 1, 1))) == {"chief"}
    assert directory.deputies("head", date(2024, 10, 7)) == ("officer",)
    assert directory.deputies("head", date(2024, 10, 8)) == ()
    account = directory.by_account("deputy")
    assert account is not None
    assert account.grants == {"see_restricted", "act_as"}


def test_the_revision_rises_with_every_change(office_engine: Engine) -> None:
    """The same again is a change too; each reader sees the revision it has read."""
    first = organisation.read_directory(office_engine, HOME.code).revision
    assert write(office_engine) == first + 1
    assert organisation.read_directory(office_engine, HOME.code).revision == first + 1


def test_entries_are_replaced_by_their_ids(office_engine: Engine) -> None:
    """One is written anew, the others stay; of two in one list the later counts."""
    changed = replace(UNITS[3], name="示例镇中心小学", aliases=("镇小",))
    write(office_engine, units=[replace(changed, name="写错的名称"), changed], posts=(), persons=())
    directory = organisation.read_directory(office_engine, HOME.code)
    assert directory.units["school1"] == changed
    assert (len(directory.units), len(directory.persons)) == (len(UNITS), len(PERSONS))


def test_a_handover_ends_one_holding_and_begins_another(office_engine: Engine) -> None:
    """The old one keeps its beginning and gets an end; both are read."""
    until = replace(HOLDINGS[2], until=date(2024, 8, 31))
    new = Holding(post="p-head", person="officer", since=date(2024, 9, 1))
    write(office_engine, holdings=[until, new])
    directory = organisation.read_directory(office_engine, HOME.code)
    assert holdings_of(directory, "principal", date(2024, 8, 31)) == ("head",)
    assert holdings_of(directory, "principal", date(2024, 9, 1)) == ("officer",)


def test_an_account_belongs_to_one_person(office_engine: Engine) -> None:
    """Taken by somebody on record, or twice in one list: every such account is named, nothing is written."""
    before = organisation.read_directory(office_engine, HOME.code).revision
    twice = [Person(id=f"new{n}", name=f"新来的{n}", account="shared") for n in (1, 2)]
    taker = Person(id="new3", name="新来的3", account="chief")
    with pytest.raises(WorkplaceError) as raised:
        write(office_engine, units=[replace(UNITS[0], name="别的名称")], persons=[*twice, taker])
    said = str(raised.value)
    assert "账号“chief”同时写给了安全股股长、新来的3" in said
    assert "账号“shared”同时写给了新来的1、新来的2" in said
    assert said.endswith("一个账号只能属于一个人，请改正后重新导入，什么也没有写入。")
    directory = organisation.read_directory(office_engine, HOME.code)
    assert (directory.revision, directory.units["bureau"].name) == (before, "区教育局")


def test_accounts_may_change_hands_in_one_list(office_engine: Engine) -> None:
    """Two persons swap theirs; another keeps none."""
    chief, deputy = PERSONS[0], PERSONS[1]
    write(office_engine, persons=[replace(chief, account="deputy"), replace(deputy, account="chief")])
    directory = organisation.read_directory(office_engine, HOME.code)
    holder = directory.by_account("deputy")
    assert holder is not None
    assert holder.id == "chief"


def test_the_same_account_in_two_districts(office_engine: Engine) -> None:
    """An account is one person's in each district."""
    organisation.add_district(office_engine, ELSEWHERE)
    organisation.write_organisation(office_engine, ELSEWHERE.code, persons=[PERSONS[0]])
    assert scalar(office_engine, "SELECT count(*) FROM rectiflow_person WHERE account = 'chief'") == 2


def test_writers_take_turns(office_engine: Engine) -> None:
    """Four imports of the same workbook at once: none fails, each is a revision."""
    before = organisation.read_directory(office_engine, HOME.code).revision
    revisions: list[int] = []
    threads = [Thread(target=lambda: revisions.append(write(office_engine))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(revisions) == [before + n for n in range(1, 5)]


def test_a_change_reaches_who_has_it_open(flow: Rectiflow) -> None:
    """Another process changes the organisation: the next decision sees it without being told."""
    number = assigned(flow).number
    other = [replace(HOLDINGS[2], until=date(2024, 8, 31)), Holding(post="p-head", person="town")]
    organisation.write_organisation(flow.store.engine, HOME.code, holdings=other)
    assert flow.do(number, "sign", by="town").state == "rectifying"


def test_districts_and_prefixes_are_registered_once(office_engine: Engine) -> None:
    """The same again is nothing new; another use of the code or of the prefix is refused and says by whom."""
    organisation.add_district(office_engine, HOME)
    assert organisation.districts(office_engine) == {HOME.code: (HOME, False)}
    for clash in (District(code=HOME.code, prefix="NEW", name="x"), District(code="111111", prefix="LZH", name="x")):
        with pytest.raises(WorkplaceError, match="区划代码 420702 已用编号前缀 LZH，不能再登记"):
            organisation.add_district(office_engine, clash)
    with pytest.raises(WorkplaceError, match="有正式工作的区（420702），演练的请另建一个数据库"):
        organisation.add_district(office_engine, ELSEWHERE, rehearsal=True)
    organisation.add_district(office_engine, ELSEWHERE)
    assert organisation.districts(office_engine)[ELSEWHERE.code] == (ELSEWHERE, False)


def test_registering_at_once(engine: Engine) -> None:
    """Four processes set up the same workplace: one row, nobody fails."""
    faults: list[Exception] = []

    def register() -> None:
        try:
            organisation.add_district(engine, HOME)
        except Exception as exc:  # noqa: BLE001 it is the answer
            faults.append(exc)

    threads = [Thread(target=register) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(organisation.districts(engine)) == 1


def test_an_unknown_district(engine: Engine) -> None:
    """Reading or writing its organisation says what to do."""
    with pytest.raises(NotFound, match="没有登记区划代码为“420702”的区，请先运行 rectiflow init"):
        organisation.read_directory(engine, HOME.code)
    with pytest.raises(NotFound, match="没有登记区划代码为“420702”的区"):
        organisation.write_organisation(engine, HOME.code, units=UNITS)
    assert scalar(engine, "SELECT count(*) FROM rectiflow_unit") == 0


# definitions ------------------------------------------------------------------------------------------------------


def test_a_definition_is_kept_as_it_was(office_engine: Engine) -> None:
    """Text and catalogues come back; keeping the same again changes nothing."""
    for _ in range(2):
        definitions.keep_definition(office_engine, HOME.code, DEFINITION, now=NOW)
    assert definitions.read_definition(office_engine, HOME.code, "hazard", 1) == DEFINITION
    assert definitions.stored_versions(office_engine, HOME.code) == [("hazard", 1)]


def test_another_text_under_the_same_version_is_refused(office_engine: Engine) -> None:
    """The author is told to raise the version; the kept text stays."""
    definitions.keep_definition(office_engine, HOME.code, DEFINITION, now=NOW)
    other = replace(DEFINITION, digest="d2", text="workflow: hazard\n# 改过\n")
    with pytest.raises(WorkplaceError, match="流程 hazard 第 1 版的内容与已在使用的不同；修改流程后请把 version 加 1"):
        definitions.keep_definition(office_engine, HOME.code, other, now=NOW)
    assert definitions.read_definition(office_engine, HOME.code, "hazard", 1) == DEFINITION
    definitions.keep_definition(office_engine, HOME.code, replace(other, version=2), now=NOW)
    definitions.keep_definition(office_engine, ELSEWHERE.code, other, now=NOW)
    assert definitions.stored_versions(office_engine, HOME.code) == [("hazard", 1), ("hazard", 2)]


def test_an_unknown_definition(office_engine: Engine) -> None:
    """It is named with its version."""
    with pytest.raises(NotFound, match="没有流程 hazard 第 9 版"):
        definitions.read_definition(office_engine, HOME.code, "hazard", 9)


def test_a_ticket_stays_on_the_text_it_began_with(flow: Rectiflow) -> None:
    """The file was changed without a new version: older tickets go on by the kept text, new ones are refused."""
    number = assigned(flow).number
    kept = definitions.read_definition(flow.store.engine, HOME.code, "hazard", 1)
    older = kept.text.replace("title: 签收,", "title: 收到,")
    with writing(flow.store.engine) as connection:
        kept_text = table("definition")
        connection.execute(kept_text.update().values(text=older, digest="older"))
    later = office(flow.store.engine)
    assert later.workflow_of(later.ticket(number)).triggers["sign"] == "收到"
    assert later.do(number, "收到", by="head").state == "rectifying"
    with pytest.raises(WorkplaceError, match="请把 version 加 1"):
        reported(later)
    later.store.close()
