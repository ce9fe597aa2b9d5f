"""Scenario tests: what a story may say, what is wrong with one, and what was not met."""

from __future__ import annotations

import re

import pytest

from rectiflow.engine.scenario import ScenarioResult, run_scenario, untaken
from rectiflow.engine.story import EXPECTATIONS, SCENARIO_PROBLEMS
from support.district import calendar, directory, workflows

HEAD = (
    "scenario: 试\nworkflow: hazard\npeople: {校长: principal@一镇一小, 干事: 安全股干事}\n"
    "stories:\n  begun:\n    title: 开始\n    steps:\n"
)
REPORT = (
    "      - {at: 2024-09-02 09:00, who: 干事, report: {source: bureau, found_on: 2024-09-02, category: 消防安全, "
    "description: 通道堵塞, responsible_unit: 一镇一小}}\n"
)
ASSIGN = (
    "      - {who: 安全股股长, do: 交办, with: {responsible_person: 示例一镇第一小学安全副校长, due_on: 2024-09-20}}\n"
)
PLACE = re.compile(r"^s\.yaml:(\d+):(\d+): ")


def run(text: str) -> ScenarioResult:
    """Perform a text with the sample district."""
    return run_scenario(text, "s.yaml", workflows(), directory(), calendar())


def failed(*steps: str) -> list[str]:
    """Return the messages of what was not met after the report and the assignment."""
    return [f.message for f in run(HEAD + REPORT + ASSIGN + "".join(f"      - {s}\n" for s in steps)).failures]


def test_a_story_that_comes_out_as_told() -> None:
    """Titles and ids, roles and short names, days and hours are understood."""
    result = run(
        HEAD
        + REPORT
        + ASSIGN
        + "      - {at: 2024-09-02 15:00, who: principal, do: sign, "
        + "expect: {state: 整改中, due: 2024-09-20, timers: {rectify: 2024-09-14 09:00}}}\n"
    )
    assert (result.problems, result.failures, result.passed) == ((), (), True)
    (story,) = result.stories
    assert (story.id, story.title, story.steps, story.decisions) == ("begun", "开始", 3, 3)
    assert ("hazard", "assign") in story.taken
    assert "close" in untaken(workflows()["hazard"], [result])
    assert "assign" not in untaken(workflows()["hazard"], [result])


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("state: closed", "环节应为 closed，实际 assigned（待签收）"),
        ("workflow: major_hazard", "流程应为 major_hazard，实际 hazard（一般隐患整改）"),
        ("listed: district", "挂牌级别应为 district，实际 none"),
        ("messages: {assigned: 干事}", "应有提醒消息 assigned 给安全股干事，没有"),
        ("due: 2024-09-21", "整改时限应为 2024-09-21，实际 2024-09-20"),
        ("due: {sign: 2024-09-09}", "时限 sign应为 2024-09-09，实际 2024-09-03"),
        ("due: {verify: 2024-09-09}", "时限 verify应为 2024-09-09，实际 none"),
        ("overdue: [rectify]", "逾期的时限应为 rectify，实际 none"),
        ("timers: {sign: none}", "时限 sign 的下一次定时任务应为 none，实际 2024-09-03 09:00"),
        ("timers: {sign: 2024-09-03 10:00}", "时限 sign 的下一次定时任务应为 2024-09-03 10:00，实际 2024-09-03 09:00"),
        ("crossed: [sign/due-call]", "经过的督办步骤应为 sign/due-call，实际 none"),
        ("requests: {listing: pending}", "申请 listing应为 pending，实际 none"),
        ("documents: {listing_notice: [draft, signed]}", "文书 listing_notice应为 draft、signed，实际 none"),
        ("calls: [sign]", "待打的电话应为 sign，实际 none"),
        ("incidents: [nobody]", "待处理事项应为 nobody，实际 none"),
        ("marks: {due_on: none}", "里程碑 due_on 应为 none，实际 2024-09-20"),
        ("fields: {source: self}", "字段 source 应为 self，实际 bureau"),
    ],
)
def test_what_is_not_met_is_said_with_its_place(expect: str, said: str) -> None:
    """Expected and come, at the line and column of the expectation."""
    text = HEAD + REPORT + ASSIGN.replace("}}\n", f"}}, expect: {{{expect}}}}}\n")
    result = run(text)
    assert result.failures[0].message == said
    failure = result.failures[0]
    line = text.split("\n")[failure.line - 1]
    assert line[failure.column - 1 :].startswith((expect.split(":")[0], expect.split("{")[-1].split(":")[0]))
    assert str(failure) == f"s.yaml:{failure.line}:{failure.column}: “开始”{said}"
    assert not result.passed


def test_every_kind_of_expectation_is_tried_above() -> None:
    """No kind is without a case."""
    cases = next(m for m in test_what_is_not_met_is_said_with_its_place.pytestmark).args[1]  # type: ignore[attr-defined]
    assert {c[0].split(":")[0] for c in cases} | {"refused"} == set(EXPECTATIONS)


def test_messages_are_a_complete_list() -> None:
    """One more than expected is a failure too; none is written as an empty mapping."""
    text = HEAD + REPORT + ASSIGN.replace("}}\n", "}, expect: {messages: {}}}\n")
    assert [f.message for f in run(text).failures] == [
        "多出提醒消息：assigned 给示例一镇第一小学校长、assigned 给示例一镇第一小学安全副校长"
    ]


def test_refusals_are_expected_by_their_codes() -> None:
    """Not expected, expected in vain, and for other reasons: each is said."""
    refused = "{who: 校长, do: submit}"
    assert failed(refused)[0].startswith("被退回：wrong_state")
    assert failed("{who: 校长, do: submit, expect: {refused: [wrong_state]}}") == []
    assert failed("{who: 校长, do: sign, expect: {refused: [role_missing]}}") == [
        "应当被退回（role_missing），却办成了"
    ]
    assert failed("{who: 干事, do: sign, expect: {refused: [same_person]}}")[0].startswith(
        "退回的理由应为 same_person，实际 role_missing"
    )


def test_a_step_that_cannot_be_done_at_all_says_why() -> None:
    """A paper, a request, a verdict or a ticket that is not there."""
    assert "没有文书“listing_notice”" in failed("{who: 校长, sign_off: listing_notice}")[0]
    assert "没有可审批的申请" in failed("{who: 校长, rule: approve}")[0]
    assert "还没有隐患“LZH-2024-000009”" in failed("{who: 校长, do: sign, ticket: LZH-2024-000009}")[0]
    assert (
        "批准" in failed("{who: 校长, ask: funding, with: {funds: 1}}", "{who: 区教育局分管副局长, rule: perhaps}")[0]
    )
    assert "没有人" in failed("{who: verifier@housing, do: sign}")[0]


def test_a_story_begins_where_another_ends() -> None:
    """Its own failures are its own; when what goes before fails, that is said once."""
    text = (
        HEAD
        + REPORT
        + "  then:\n    title: 然后\n    after: begun\n    steps:\n"
        + ASSIGN.replace("who: ", "at: 2024-09-03, who: ")
    )
    assert run(text).passed
    broken = text.replace("category: 消防安全", "category: 无")
    assert [f.story for f in run(broken).failures] == ["开始", "然后"]
    assert "前情没有办成" in run(broken).failures[1].message


def test_nobody_looked_meanwhile() -> None:
    """`skip to` is downtime: what came due is crossed at once, in order."""
    crossed = "[assign/due-remind, assign/due-remind]"
    text = (
        HEAD
        + REPORT
        + "      - {skip to: 2024-09-07 10:00, expect: {crossed: %s, messages: {reminder: lead_section}}}\n"
    )
    assert run(text % crossed).passed
    assert run((text % crossed).replace("skip to: 2024-09-07 10:00", "at: 2024-09-07 10:00")).passed


def test_what_stands_for_an_hour_of_the_clock() -> None:
    """Clocks in hours are compared by the minute."""
    text = HEAD.replace("workflow: hazard", "workflow: major_hazard") + REPORT.replace(
        "}}\n", "}, expect: {due: {control: 2024-09-02 13:00}, overdue: []}}\n"
    )
    assert run(text).passed
    late = text + "      - {at: 2024-09-02 13:00, expect: {overdue: control}}\n"
    assert run(late).passed


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("workflow: hazard", "workflow: hazzard"), "C101"),
        (("who: 干事", "who: 无名氏"), "C102"),
        (("who: 干事", "who: emperor@一镇一小"), "C102"),
        (("who: 干事", "who: principal@三中"), "C102"),
        (("at: 2024-09-02 09:00", "at: 明天"), "C103"),
        (("at: 2024-09-02 09:00, ", ""), "C103"),
        (("who: 安全股股长", "at: 2024-09-01, who: 安全股股长"), "C104"),
        (("do: 交办", "do: 交办, ask: funding"), "C105"),
        (("at: 2024-09-02 09:00", "at: 2024-09-02 09:00, skip to: 2024-09-03"), "C105"),
        (("who: 安全股股长, do: 交办, with", "with"), "C105"),
        (("who: 安全股股长, do: 交办", "do: 交办"), "C105"),
        (("title: 开始", "title: 开始\n    after: nowhere"), "C106"),
        (("title: 开始", "title: 开始\n    after: begun"), "C106"),
        (("title: 开始\n    ", ""), "S202"),
        (("do: 交办", "does: 交办"), "S201"),
        (("report: {", "report: [{"), "Y101"),
        (("scenario: 试", "scenario: 试\nscenario: 再试"), "Y103"),
    ],
)
def test_a_scenario_with_a_mistake_is_not_performed(edit: tuple[str, str], code: str) -> None:
    """The mistake is named with its place, and nothing runs."""
    text = HEAD + REPORT + ASSIGN
    assert edit[0] in text
    result = run(text.replace(edit[0], edit[1], 1))
    assert code in {p.code for p in result.problems}
    assert result.stories == ()
    assert all(PLACE.match(str(p)) for p in result.problems)


def test_no_stories_at_all() -> None:
    """An empty table of stories is said so."""
    result = run("scenario: 试\nworkflow: hazard\nstories: {}\n")
    assert {p.code for p in result.problems} == {"C107"}
    assert set(SCENARIO_PROBLEMS) == {f"C10{i}" for i in range(1, 8)}
