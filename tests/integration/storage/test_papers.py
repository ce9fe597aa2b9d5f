"""Papers over several hazards, visits, and taking back: on every database, all or nothing."""

from __future__ import annotations

import re
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._papers import draft_paper, find_paper, items_of, paper_line, paper_lines, take_step
from rectiflow._print import paper_of, paragraphs
from rectiflow._undo import keep, take_back
from rectiflow._visits import Found, find_visit, inspect, suggestions, visit, visits
from rectiflow.commands._notices import short_id
from rectiflow.engine.errors import Ambiguous, NotFound, Refused
from rectiflow.engine.paper import Order
from rectiflow.engine.stimulus import Act, Amend, Hand, Stimulus
from rectiflow.engine.visiting import Visit
from rectiflow.storage import paperwork
from rectiflow.storage.connect import writing
from support.stores import HOME, NOW, PHOTO, assigned, counts, reported, rows, scalar

DEMAND: dict[str, Any] = {"due_on": "2024-09-20", "responsible_person": "officer"}


def order(by: str, **given: Any) -> Order:
    """Return what somebody wants of a paper."""
    return Order(hand=Hand(actor=by), **given)


def drafted(flow: Rectiflow, count: int = 3) -> tuple[str, list[str]]:
    """Draft a notice over some hazards; return its id and their numbers."""
    numbers = [reported(flow, description=f"第 {k} 处隐患").number for k in range(1, count + 1)]
    taken = draft_paper(flow, "rectification_notice", numbers, order("chief", data=DEMAND))
    return taken.paper.id, numbers


def on_its_way(flow: Rectiflow, *steps: str) -> tuple[str, list[str]]:
    """Bring a notice as far as the steps say."""
    paper, numbers = drafted(flow)
    finished = {"measures": "已整改", "completed_on": "2024-09-02"}
    given: dict[str, tuple[str, dict[str, Any]]] = {
        "sign": ("leader", {}),
        "serve": ("chief", {}),
        "acknowledge": ("head", {}),
        "reply": ("officer", {"data": finished, "evidence": dict.fromkeys(numbers, (PHOTO,))}),
    }
    for name in steps:
        by, said = given[name]
        take_step(flow, name, paper, order(by, **said))
    return paper, numbers


# papers -----------------------------------------------------------------------------------------------------------


def test_one_paper_takes_one_number(flow: Rectiflow) -> None:
    """However many hazards it covers; the next one the next; a draft has none."""
    first, numbers = on_its_way(flow, "sign")
    second, _ = on_its_way(flow, "sign")
    assert [p.number for p in paper_lines(flow, by="chief")] == ["整改通知书〔2024〕2号", "整改通知书〔2024〕1号"]
    assert (first, second) == ("LZH-W2024-0001", "LZH-W2024-0002")
    assert {flow.snapshot(n).documents[0].number for n in numbers} == {"整改通知书〔2024〕1号"}
    assert scalar(flow.store.engine, "SELECT count(*) FROM rectiflow_document") == 2
    third, _ = drafted(flow)
    assert paper_line(flow, third, by="chief").number is None


def test_the_whole_way_of_a_notice(flow: Rectiflow) -> None:
    """Served, signed for, answered and re-inspected in one transaction each; the audit finds nothing."""
    paper, numbers = on_its_way(flow, "sign", "serve", "acknowledge", "reply")
    one, two, three = numbers
    failed = {three: {"reason": "未整改到位", "due_on": "2024-10-10"}}
    taken = take_step(flow, "verify", paper, order("deputy", items=(one, two), failed=(three,), each=failed))
    assert [t.state for t in taken.tickets] == ["verified", "verified", "rectifying"]
    assert taken.paper.kind == "verification_opinion"
    line = paper_line(flow, paper, by="chief")
    assert (line.status, line.answered, line.passed, line.closed) == ("acknowledged", 2, 2, 0)
    assert [breaks for _, _, breaks in flow.audit()] == [(), (), ()]
    said = paper_of(flow, taken.paper.id, "chief")
    assert [(i.verdict, i.opinion, i.due_on) for i in said.items] == [
        ("合格", "", date(2024, 9, 20)), ("合格", "", date(2024, 9, 20)), ("不合格", "未整改到位", date(2024, 10, 10)),
    ]  # fmt: skip


def test_nothing_is_half_done(flow: Rectiflow) -> None:
    """One hazard refuses the reply: none is handed in, no file is named, no message written."""
    paper, numbers = on_its_way(flow, "sign", "serve", "acknowledge")
    before = counts(flow.store.engine)
    some = dict.fromkeys(numbers[:2], (PHOTO,))
    with pytest.raises(Refused, match="第 3 项"):
        take_step(
            flow, "reply", paper, order("officer", data={"measures": "x", "completed_on": "2024-09-02"}, evidence=some)
        )
    assert counts(flow.store.engine) == before


def test_trying_writes_nothing(flow: Rectiflow) -> None:
    """Neither a row nor a number is taken by a draft or a step that is only tried."""
    numbers = [reported(flow).number, reported(flow).number]
    before = counts(flow.store.engine)
    taken = draft_paper(flow, "rectification_notice", numbers, order("chief", data=DEMAND), dry_run=True)
    assert (taken.dry, taken.paper.id, counts(flow.store.engine)) == (True, "", before)


def test_what_was_signed_is_printed_as_it_was(flow: Rectiflow) -> None:
    """A correction afterwards changes the hazard, not the paper; the notice of correction says both."""
    paper, numbers = on_its_way(flow, "sign", "serve")
    flow.amend(numbers[0], by="chief", reason="写错", description="第 1 处隐患（东侧）")
    assert paper_of(flow, paper, "chief").items[0].description == "第 1 处隐患"
    assert flow.ticket(numbers[0]).fields["description"] == "第 1 处隐患（东侧）"
    correction = flow.snapshot(numbers[0]).documents[-1]
    said = paper_of(flow, correction.id, "chief")
    (item,) = said.items
    assert (said.about, item.field, item.before, item.after) == (
        "整改通知书〔2024〕1号", "隐患描述", "第 1 处隐患", "第 1 处隐患（东侧）",
    )  # fmt: skip


@pytest.mark.parametrize("table", ["document_text", "inspection", "finding"])
def test_what_was_signed_and_found_cannot_be_rewritten(flow: Rectiflow, table: str) -> None:
    """The database itself refuses it."""
    on_its_way(flow, "sign")
    inspect(flow, a_visit(flow), [Found(data=finding())])
    for statement in (f"UPDATE rectiflow_{table} SET district = 'x'", f"DELETE FROM rectiflow_{table}"):  # noqa: S608
        with pytest.raises(DatabaseError, match="append-only"), writing(flow.store.engine) as connection:
            connection.exec_driver_sql(statement)


def test_two_sign_at_once(flow: Rectiflow) -> None:
    """One number is taken, the other is told that it is signed."""
    paper, _ = drafted(flow)
    answers: list[object] = []
    barrier = Barrier(2)

    def sign() -> None:
        barrier.wait()
        try:
            answers.append(take_step(flow, "sign", paper, order("leader")).paper.number)
        except Refused as exc:
            answers.append({r.code for r in exc.reasons})

    threads = [Thread(target=sign) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["{'document_done'}", "整改通知书〔2024〕1号"]
    assert (
        scalar(flow.store.engine, "SELECT last FROM rectiflow_counter WHERE series = 'paper:rectification_notice'") == 1
    )


def test_papers_by_their_names(flow: Rectiflow) -> None:
    """W1, 文1, in full, or by the number; what fits nothing or several is said."""
    paper, _ = on_its_way(flow, "sign")
    for said in ("W1", "w1", "文1", "LZH-W2024-0001", "w2024-1", "整改通知书〔2024〕1号", "整改通知书[2024]1号"):
        assert find_paper(flow, said) == paper
    with pytest.raises(NotFound, match="没有文书“W9”"):
        find_paper(flow, "W9")
    with writing(flow.store.engine) as connection:
        for old in ("LZH-W2023-0001", "LZH-W2023-0008", "LZH-W2022-0008"):
            row = "INSERT INTO rectiflow_document (district, id, kind, status, drafted_on, reason)"
            row += " VALUES ('420702', :id, 'rectification_notice', 'void', '2022-09-01', '')"
            connection.execute(text(row), {"id": old})
    assert find_paper(flow, "W1") == paper  # this year's
    assert find_paper(flow, "W2023-1") == "LZH-W2023-0001"
    assert [short_id(p, date(2024, 9, 2)) for p in (paper, "LZH-W2023-0001")] == ["W1", "W2023-1"]
    with pytest.raises(Ambiguous, match="“W8”不止一件"):
        find_paper(flow, "W8")


def test_a_restricted_paper_is_for_those_concerned(flow: Rectiflow) -> None:
    """Others neither see it in the list nor its items."""
    number = reported(flow, category="dispute", by="deputy").number
    paper = draft_paper(flow, "rectification_notice", [number], order("deputy", data=DEMAND)).paper.id
    assert [p.id for p in paper_lines(flow, by="deputy")] == [paper]
    assert paper_lines(flow, by="town") == []
    with pytest.raises(Refused):
        items_of(flow, paper, "town")


def test_nothing_of_a_restricted_hazard_is_printed(flow: Rectiflow) -> None:
    """Neither place nor measures stand on a paper that may be passed on, also when it became restricted after signing."""
    number = reported(flow, category="dispute", by="deputy", place="高一3班").number
    demand = {**DEMAND, "measures": "调解学生甲与学生乙"}
    paper = draft_paper(flow, "rectification_notice", [number], order("deputy", data=demand)).paper.id
    printed = "".join(paragraphs(flow, paper, "deputy"))
    assert "限制类，另行说明" in printed
    assert not re.search("高一3班|学生甲", printed)
    signed, numbers = on_its_way(flow, "sign")
    assert "限制类" not in "".join(paragraphs(flow, signed, "chief"))
    for n in numbers:
        flow.amend(n, by="deputy", reason="更正", category="dispute")
    frozen = "".join(paragraphs(flow, signed, "deputy"))
    assert "限制类，另行说明" in frozen
    assert "处隐患" not in frozen


# visits -----------------------------------------------------------------------------------------------------------


def a_visit(flow: Rectiflow, **changes: Any) -> Visit:
    """Return a visit of the Safety Section to the first school today."""
    usual = Visit(
        district=HOME.code,
        unit="school1",
        on=flow.today(),
        method="district",
        inspectors=("chief", "消防专家"),
        hand=Hand(actor="chief", on=flow.today()),
        entered_at=flow.now(),
    )
    return replace(usual, **changes)


def finding(**changes: Any) -> dict[str, Any]:
    """Return the fields of a finding."""
    return {"description": "二楼疏散通道堆放课桌椅", "place": "教学楼", "category": "fire", **changes}


def test_a_visit_is_one_record_with_its_hazards(flow: Rectiflow) -> None:
    """Opened, put right on the spot, all with the visit's number; who has to do with them hears once."""
    found = [
        Found(data=finding()),
        Found(
            data=finding(description="灭火器过期"), outcome="on_spot", given={"measures": "已更换"}, evidence=(PHOTO,)
        ),
    ]
    came = inspect(flow, a_visit(flow), found)
    assert (came.number, [t.state for t in came.tickets]) == ("LZH-J2024-0001", ["reported", "verified"])
    line, views = visit(flow, find_visit(flow, "J1"), by="chief")
    assert (line.findings, line.inspectors) == (2, "安全股股长、消防专家")
    assert [(v.number, v.outcome) for v in views] == [
        (came.tickets[0].number, "登记"),
        (came.tickets[1].number, "当场整改"),
    ]
    assert {t.fields["inspection"] for t in came.tickets} == {"LZH-J2024-0001"}
    told = rows(flow.store.engine, "SELECT recipient FROM rectiflow_message")
    assert len(told) == len({m["recipient"] for m in told})
    assert [breaks for _, _, breaks in flow.audit()] == [(), ()]


def test_a_visit_that_found_nothing_is_on_record(flow: Rectiflow) -> None:
    """Signed for by the unit; without a signature it is refused."""
    with pytest.raises(Refused, match="零报告"):
        inspect(flow, a_visit(flow), [])
    came = inspect(flow, a_visit(flow, signed_by="head"), [])
    assert (came.number, came.tickets) == ("LZH-J2024-0001", ())
    (line,) = visits(flow)
    assert (line.findings, line.signed_by) == (0, "第一小学校长")


def test_one_bad_finding_leaves_nothing(flow: Rectiflow) -> None:
    """Neither the visit nor the good findings; every mistake is named with its finding; no number is taken."""
    before = counts(flow.store.engine)
    bad = [Found(data=finding()), Found(data=finding(category="外星人")), Found(data=finding(description=""))]
    with pytest.raises(Refused) as raised:
        inspect(flow, a_visit(flow, method="joint"), bad)
    said = str(raised.value)
    assert "联合检查须写明联合单位" in said
    assert "第 2 条：类别" in said
    assert "第 3 条：缺“隐患描述”" in said
    assert counts(flow.store.engine) == before
    assert visits(flow) == []
    inspect(flow, a_visit(flow), [Found(data=finding())])
    assert visits(flow)[0].number == "LZH-J2024-0001"


def test_the_same_visit_again_brings_nothing(flow: Rectiflow) -> None:
    """Known by its key."""
    first = inspect(flow, a_visit(flow, key="k"), [Found(data=finding())])
    again = inspect(flow, a_visit(flow, key="k"), [Found(data=finding())])
    assert (again.known, again.number, len(visits(flow))) == (True, first.number, 1)


def test_what_a_finding_repeats_is_linked_by_a_person(flow: Rectiflow) -> None:
    """Merged into an open one, or opened with a link to the closed one that has come back."""
    old = inspect(flow, a_visit(flow), [Found(data=finding())]).tickets[0].number
    (like,) = suggestions(flow, "school1", "二楼疏散通道又堆放课桌椅", "教学楼", by="chief")
    assert (like.number, like.open) == (old, True)
    merged = inspect(flow, a_visit(flow), [Found(data=finding(), outcome="merged", linked_to=old)]).tickets[0]
    assert (merged.state, merged.fields["merged_into"]) == ("merged", old)
    with pytest.raises(Refused, match="还在办"):
        inspect(flow, a_visit(flow), [Found(data=finding(), linked_to=old)])
    flow.do(old, "dismiss", by="chief", reason="核查不属实")
    with pytest.raises(Refused, match="不能并入"):
        inspect(flow, a_visit(flow), [Found(data=finding(), outcome="merged", linked_to=old)])
    back = inspect(flow, a_visit(flow), [Found(data=finding(), linked_to=old)]).tickets[0]
    assert (back.state, back.fields["recurs_from"]) == ("reported", old)
    findings = paperwork.findings_of(flow.store.engine, HOME.code, "LZH-J2024-0003")
    assert [(f["outcome"], f["linked_to"]) for f in findings] == [("opened", old)]


def test_visits_are_found_by_unit_and_day(flow: Rectiflow) -> None:
    """Between two days, of some units, the latest first."""
    for day in (date(2024, 8, 30), date(2024, 9, 2)):
        inspect(flow, a_visit(flow, on=day, signed_by="head", note="补录"), [])
    assert [v.on for v in visits(flow)] == [date(2024, 9, 2), date(2024, 8, 30)]
    assert [v.on for v in visits(flow, since=date(2024, 9, 1))] == [date(2024, 9, 2)]
    assert visits(flow, units=("town1",)) == []


# taking back ------------------------------------------------------------------------------------------------------


def did(flow: Rectiflow, number: str, stimulus: Stimulus) -> None:
    """Carry something out as the command line does."""
    before = flow.snapshot(number)
    flow.handle(number, stimulus)
    keep(flow, before)


def test_the_last_own_action_is_taken_back(flow: Rectiflow) -> None:
    """State, fields, deadlines and steps are as before, both lines stay, what was to be told is not told."""
    number = assigned(flow).number
    before = flow.snapshot(number)
    did(flow, number, Act(trigger="recall", hand=Hand(actor="chief"), data={"reason": "点错"}))
    take_back(flow, number, by="chief")
    after = flow.snapshot(number)
    assert (after.case.state, after.case.fields, after.case.marks) == (
        before.case.state, before.case.fields, {**before.case.marks, **{k: None for k in after.case.marks if k not in before.case.marks}},
    )  # fmt: skip
    live = {k: (r.due_on, r.status, r.next_at) for k, r in after.clocks.items() if r.live}
    assert live == {k: (r.due_on, r.status, r.next_at) for k, r in before.clocks.items() if r.live}
    assert [e.kind for e in flow.history(number)] == ["reported", "acted", "acted", "undone"]
    waiting = rows(flow.store.engine, "SELECT template FROM rectiflow_message WHERE status = 'waiting'")
    assert "recalled" not in {m["template"] for m in waiting}
    assert [breaks for _, _, breaks in flow.audit()] == [()]
    flow.do(number, "sign", by="head")


def test_what_cannot_be_taken_back(flow: Rectiflow) -> None:
    """Another's, an overtaken, an old one, one that somebody was told of, and where nothing is kept."""
    number = assigned(flow).number
    with pytest.raises(Refused, match="没有可撤销的操作"):
        take_back(flow, number, by="chief")
    did(flow, number, Amend(hand=Hand(actor="chief"), data={"place": "东侧"}, reason="补记"))
    with pytest.raises(Refused, match="只能由本人撤销"):
        take_back(flow, number, by="deputy")
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(NOW + timedelta(minutes=61))
    with pytest.raises(Refused, match="已超过一小时"):
        take_back(flow, number, by="chief")
    flow.clock.set(NOW)
    flow.do(number, "sign", by="head")
    with pytest.raises(Refused, match="之后又有办理记录"):
        take_back(flow, number, by="chief")


def test_what_was_told_is_not_taken_back(flow: Rectiflow) -> None:
    """One message has left: the action stands, and nothing is cancelled."""
    number = assigned(flow).number
    did(flow, number, Act(trigger="recall", hand=Hand(actor="chief"), data={"reason": "点错"}))
    with writing(flow.store.engine) as connection:
        connection.exec_driver_sql(
            "UPDATE rectiflow_message SET status = 'sent' WHERE template = 'recalled' AND recipient = 'head'"
        )
    with pytest.raises(Refused, match="已有 1 条提醒消息发出"):
        take_back(flow, number, by="chief")
    left = rows(flow.store.engine, "SELECT status FROM rectiflow_message WHERE template = 'recalled'")
    assert sorted(m["status"] for m in left) == ["sent", "waiting", "waiting"]


def test_a_clock_begun_anew_meanwhile_goes_on_where_it_was(flow: Rectiflow) -> None:
    """改派 restarts the time for signing; taken back, the old deadline holds again."""
    number = assigned(flow).number
    due = flow.snapshot(number).clocks["sign"].due_on
    assert isinstance(flow.clock, SetClock)
    flow.clock.set(NOW + timedelta(days=1))
    did(
        flow,
        number,
        Act(trigger="reassign", hand=Hand(actor="chief"), data={"reason": "换人", "responsible_person": "head"}),
    )
    assert flow.snapshot(number).clocks["sign"].due_on != due
    take_back(flow, number, by="chief")
    run = flow.snapshot(number).clocks["sign"]
    assert (run.due_on, run.live, run.armed is not None) == (due, True, True)
