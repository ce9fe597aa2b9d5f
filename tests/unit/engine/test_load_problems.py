"""Definitions that are broken in one place each: the code, the line and the column of what is said about it.

Each case is the codes to be reported, then edits of the small definition (what was written, what is put in its place).
`¦` stands before a place that must be named and is taken out. Nothing else may be reported: no mistake drags others along.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rectiflow.engine.load import check_workflow
from rectiflow.engine.source import MAX_ALIASES, MAX_BYTES
from rectiflow.engine.vocabulary import PROBLEMS
from rectiflow.engine.workflow import Catalogue

SMALL = (Path(__file__).parents[2] / "data" / "small.yaml").read_text("utf-8")
CATALOGUES = {"category": Catalogue(id="category", version=1, title="隐患类别", items={})}
TEMPLATES = ("due_soon", "urge", "failed")
MARK = "¦"

CASES: list[tuple[str, ...]] = [
    # YAML ---------------------------------------------------------------------------------------------------------
    ("Y101", "  office: {title", "¦\toffice: {title"),
    ("Y101", "title: 小流程", "title: 小流程¦: 二"),
    ("Y101", "initial: reported\n", "initial: ¦@reported\n"),
    ("Y101", "initial: reported\n", "initial: ¦*nowhere\n"),
    ("Y101", "title: 小流程", 'title: ¦"小\\q流程"'.replace('¦"小\\', '"小\\¦')),
    ("Y103", "version: 1\n", "version: 1\n¦version: 2\n"),
    ("Y103", "office: {title: 安全股}", "office: {title: 安全股, ¦title: 安全科}"),
    ("Y105", "initial: reported\n", "initial: ¦!!python/name:os.system reported\n"),
    ("Y105", "title: 小流程", "title: ¦!mine 小流程"),
    ("Y105", "office: {title: 安全股}", "office: ¦!!omap {title: 安全股}"),
    ("Y105", "keepers: [office]", "keepers: ¦!!set [office]"),
    ("Y105", "office: {title: 安全股}", "office: {title: 安全股, ¦<<: {title: 安全科}}"),
    ("Y105", "# A small", "¦%YAML 1.1\n# A small"),
    ("Y105", "note: 只作测试", "? ¦[a, b]\n: 只作测试"),
    # shape --------------------------------------------------------------------------------------------------------
    ("S201", "ladder_hour: 8", "¦ladder_hours: 8"),
    ("S201", "{title: 分管局领导}", "{title: 分管局领导, ¦upp: town}"),
    ("S201", "ask: [evidence], tell", "¦asks: [evidence], tell"),
    ("S201", "{at: due, call: office}", "{at: due, call: office, ¦evry: 2 days}"),
    ("S201", "max: 1,", "¦maximum: 1,"),
    ("S201", "{field: monitor_every, unit: days}", "{field: monitor_every, unit: days, ¦per: 1}"),
    ("S201", "{title: 安全股}", "{title: 安全股, ¦else:office}"),
    ("S202", "title: 小流程\n", "title: 小流程\n¦enters_at:\n"),
    ("S202", "  office: {title: 安全股}", "  ¦office: {}"),
    ("S202", "{trigger: fail, title: 复查不合格, ", "¦{trigger: fail, "),
    ("S202", "by: office, ask: [reason, due_on]", "by: ¦[], ask: [reason, due_on]"),
    ("S202", "assign: {title: 交办时限, within: 2 workdays", "¦assign: {title: 交办时限"),
    ("S202", "choices: [self, bureau]", "choices: [self, ¦zebra]"),
    ("S202", "choices: [self, bureau]", "choices: ¦[]"),
    ("S202", "{high: 紧急, low: 一般}", "{high: 紧急, ¦low: }"),
    ("S202", "source: {title: 来源, type: choice, choices: [self, bureau]}", "¦source: {title: 来源, type: choice}"),
    ("S202", "due_on: {title: 整改时限, type: date}", "¦due_on: {title: 整改时限}"),
    ("S203", "title: 小流程", "title: ¦[小, 流程]"),
    ("S203", "leader: {title: 分管局领导}", "leader: ¦分管局领导"),
    ("S203", "type: catalogue, required: true", "type: catalogue, required: ¦yes"),
    ("S203", "title: 小流程", 'title: ¦"小\\n流程"'),
    ("S203", "steps: [{at: due, remind: rectifier}]", "steps: ¦{at: due, remind: rectifier}"),
    ("S203", "runs_in: reported, again", "runs_in: [reported, ¦{a: b}], again"),
    ("S204", "checking: {title: 待复查, stage: rectifying", "checking: {title: 待复查, stage: ¦rectifing"),
    ("S204", "type: decimal", "type: ¦number"),
    ("S204", "again: restart, steps", "again: ¦repeat, steps"),
    ("S204", "unit: days}", "unit: ¦hours}"),
    ("S204", "up: town", "up: ¦county"),
    ("S204", "decided_by: leader}", "decided_by: leader, effect: ¦papers}"),
    ("S204", "version: 1\n", "version: 1\nseverity: ¦grave\n"),
    ("S204", "into: major_hazard", "into: [major_hazard, ¦small]"),
    ("S205", "workflow: small", "workflow: ¦Small-1"),
    ("S205", "{trigger: fail", "{trigger: ¦_fail"),
    ("S205", "  principal: {title", "  ¦2nd: {title: 二}\n  principal: {title", "tell: leader", "tell: [leader, 2nd]"),
    ("S205", "into: major_hazard", "into: ¦major/hazard"),
    ("S205", "final: rectified", "final: ¦已销号"),
    ("S206", "within: 2 workdays", "within: ¦2 weeks"),
    ("S206", "within: 2 workdays", "within: ¦-2 workdays"),
    ("S206", "within: 2 workdays", "within: ¦0 days"),
    ("S206", "within: 2 workdays", "within: ¦3651 days"),
    ("S206", "every: 5 workdays", "every: ¦0 workdays"),
    ("S206", "at: +3 workdays", "at: ¦3 workdays"),
    ("S206", "at: +3 workdays", "at: ¦three days"),
    ("S206", "before_due: 1 workdays", "before_due: ¦+1 workdays"),
    ("S207", "from: closed, to: rectifying", "from: closed, to: rectifying, ¦into: major_hazard"),
    ("S207", "{at: due, call: office}", "{at: due, call: office, ¦catch_up: all}"),
    ("S204", "every: 5 workdays, remind", "every: 5 workdays, catch_up: ¦often, remind"),
    ("S207", "within: 2 workdays", "within: 2 workdays, ¦until: due_on"),
    ("S207", "decided_by: issuer", "decided_by: issuer, ¦levels: {town: leader}"),
    ("S207", "{at: due, call: office}", "¦{at: due, call: office, remind: office}"),
    ("S207", "{at: due, call: office}", "¦{at: due}"),
    ("S207", "{at: due, call: office}", "{at: due, call: office, ¦level: town}"),
    ("S207", "type: decimal", "type: decimal, ¦choices: [self]"),
    ("S207", "type: decimal", "type: decimal, ¦catalogue: category"),
    ("S208", "version: 1\n", "version: ¦0\n"),
    ("S208", "version: 1\n", "version: ¦true\n"),
    ("S208", "version: 1\n", "version: ¦1.5\n"),
    ("S208", "ladder_hour: 8", "ladder_hour: ¦24"),
    ("S208", "ladder_hour: 8", "ladder_hour: ¦0x8"),
    ("S208", "version: 1\n", "version: ¦" + "9" * 5000 + "\n"),
    ("S209", "by: [lead, town]", "by: [lead, town, ¦lead]"),
    ("S210", "  leader: {title", "  ¦place: {title: 部位}\n  leader: {title", "tell: leader", "tell: [leader, place]"),
    ("S210", "  leader: {title", "  ¦timer: {title: 定时}\n  leader: {title", "tell: leader", "tell: [leader, timer]"),
    ("S210", "  funds: {title", "  ¦severity: {title: 等级, type: text}\n  funds: {title"),
    ("S210", "  funds: {title", "  ¦class: {title: 班级, type: text}\n  funds: {title"),
    ("S210", "  closed: {title: 已销号", "  ¦voided: {title: 作废, stage: closed, final: void}\n  closed: {title: 已销号",
        "  - {trigger: reclassify", ("  - {trigger: void, title: 作废, from: reported, to: voided, by: office}\n"
        "  - {trigger: reclassify")),
    ("S210", "{at: due, call: office}", "{at: due, call: office, ¦id: never-silent}"),
    ("S210", "  upward: {", "  ¦decide_extension: {"),
    # names --------------------------------------------------------------------------------------------------------
    ("N301", "initial: reported\n", "initial: ¦reportd\n"),
    ("N301", "initial: reported\n", "initial: reported\nenters_at: ¦middle\n"),
    ("N301", "from: rectifying, to: checking", "from: ¦rectify, to: checking"),
    ("N301", "from: rectifying, to: checking", "from: [rectifying, ¦voided], to: checking"),
    ("N301", "runs_in: [rectifying]\n", "runs_in: [rectifying, ¦chekcing]\n"),
    ("N301", "paused_in: [checking]", "paused_in: [¦open]"),
    ("N302", "task: rectifier}", "task: ¦rectifer}"),
    ("N302", "by: [principal, rectifier]", "by: [principal, ¦boss]"),
    ("N302", "tell: leader", "tell: ¦leaders"),
    ("N302", "else: office", "else: ¦ofice"),
    ("N302", "of: category", "of: ¦catagory"),
    ("N302", "keepers: [office]", "keepers: [office, ¦nobody]"),
    ("N302", "remind: [leader, town]", "remind: [leader, ¦twon]"),
    ("N302", "call: office}", "call: ¦offices}"),
    ("N302", "by: principal, decided_by", "by: ¦timr, decided_by"),
    ("N302", "decided_by: issuer", "decided_by: ¦isuer"),
    ("N302", "district: leader}", "district: ¦lead3r}"),
    ("N303", "require: [due_on]", "require: [¦due_date]"),
    ("N303", "ask: [evidence], tell", "ask: [¦evidences], tell"),
    ("N303", "until: due_on", "until: ¦due"),
    ("N303", "is: responsible_person", "is: ¦responsible_man"),
    ("N303", "not_of: inspecting_unit", "not_of: ¦inspection_unit"),
    ("N303", "field: monitor_every", "field: ¦monitor"),
    ("N303", "ask: [reason, new_due_on]}", "ask: [reason, new_due_on, ¦why]}"),
    ("N304", "not_by_actor_of: [submit]", "not_by_actor_of: [¦sumbit]"),
    ("N304", "met_by: submit", "met_by: ¦submitted"),
    ("N305", "propose: supervision_letter", "propose: ¦supervision"),
    ("N306", "type: catalogue, required: true", "type: catalogue, catalogue: ¦kinds"),
    ("N307", "template: due_soon", "template: ¦duesoon"),
    ("N307", "template: failed", "template: ¦fail"),
    ("N308", "calendar: cn-workdays", "calendar: ¦cn_workdays"),
    ("N309", "level: district", "level: ¦county"),
    ("N309", "levels: {town: town, district", "levels: {¦county: town, district"),
    ("N310", "is: responsible_person", "is: ¦responsible_unit"),
    ("N310", "not_of: inspecting_unit", "not_of: ¦place"),
    ("N310", "of: category", "of: ¦source"),
    ("N310", "until: due_on", "until: ¦source"),
    ("N310", "field: monitor_every", "field: ¦funds"),
    ("N310", "  funds: {title", "  place: {title: 部位, type: ¦list}\n  funds: {title"),
    # roles --------------------------------------------------------------------------------------------------------
    ("R401", "  office: {title: 安全股}", "  office: {title: 安全股, else: ¦lead}"),
    ("R401", "  leader: {title: 分管局领导}", "  leader: {title: 分管局领导, of: [responsible_unit, ¦leader]}"),
    ("R402", "is: responsible_person}", "is: responsible_person, ¦of: responsible_unit}"),
    ("R402", "is: responsible_person}", "is: responsible_person, ¦up: town}"),
    ("R402", "{title: 分管局领导}", "{title: 分管局领导, ¦up: town}"),
    ("R402", "{title: 分管局领导}", "{title: 分管局领导, ¦not_of: responsible_unit}"),
    ("W901", "  leader: {title", "  ¦idle: {title: 闲岗}\n  leader: {title"),
    # flow ---------------------------------------------------------------------------------------------------------
    ("F501", "  closed: {title: 已销号", "  ¦island: {title: 孤岛, stage: rectifying, task: office}\n  closed: {title: 已销号"),
    ("F502", "  closed: {title: 已销号", "  ¦trap: {title: 泥潭, stage: rectifying, task: office}\n  closed: {title: 已销号",
        "  - {trigger: fail", "  - {trigger: sink, title: 搁置, from: checking, to: trap, by: office}\n  - {trigger: fail",
        "from: any_open", "from: reported"),
    ("F503", "checking: {title: 待复查, stage: rectifying, task: office}", "¦checking: {title: 待复查, stage: rectifying}"),
    ("F504", "stage: closed, final: rectified", "stage: closed, final: rectified, task: ¦office"),
    ("F505", "  - {trigger: reopen", ("  - {trigger: ¦fail, title: 不合格, from: [rectifying, checking], to: closed, "
        "by: office}\n  - {trigger: reopen")),
    ("F505", "into: major_hazard, by: office, ask: [reason]}", ("into: major_hazard, by: office, ask: [reason]}\n"
        "  - {trigger: ¦reclassify, title: 转办, from: checking, to: reported, by: office}")),
    ("F506", "  - {trigger: reopen", ("  - {trigger: ¦fail, title: 不合格, from: checking, to: closed, by: office, "
        "when: failures > 3}\n  - {trigger: reopen")),
    ("F507", "initial: reported\n", "initial: ¦rectifying\n"),
    ("F507", "initial: reported\n", "initial: reported\nenters_at: ¦closed\n"),
    ("F508", "{title: 已销号, stage: closed", "{title: 已销号, stage: ¦verified"),
    ("F509", "by: office, not_by_actor_of", "by: rectifier, ¦not_by_actor_of", "by: [principal, rectifier]", "by: rectifier",
        "of: responsible_unit}", "of: responsible_unit}", "tell: leader", "tell: [leader, principal]"),
    ("F510", "final: rectified", "final: finished", "keepers: [office]\n", "", "states:", "¦states:"),
    ("F511", "title: 待复查", "title: ¦整改中"),
    ("F511", "title: 监测间隔", "title: ¦整改资金"),
    ("F511", "title: 整改资金", "title: ¦隐患部位"),
    ("F511", "trigger: fail, title: 复查不合格", "trigger: fail, title: ¦复查合格"),
    ("W902", "{title: 待复查, stage: rectifying", "{title: 待复查, stage: ¦closed"),
    # time ---------------------------------------------------------------------------------------------------------
    ("T601", "at: +7 workdays", "at: ¦+2 workdays"),
    ("T601", "at: +7 workdays", "at: ¦+4 days"),
    ("T602", "at: -4 hours", "at: ¦-25 hours"),
    ("T602", "within: 2 workdays, runs_in: reported", ("within: 2 workdays, runs_in: reported, "
        "steps: [{at: ¦-3 workdays, remind: lead}]")),
    ("T603", "{at: due, call: office}\n", "{at: due, call: office}\n      - ¦{at: due, call: town}\n"),
    ("T604", "runs_in: reported, again", "runs_in: [reported, ¦closed], again"),
    ("T604", "paused_in: [checking]", "paused_in: [checking, ¦closed]"),
    ("T605", "paused_in: [checking]", "paused_in: [checking, ¦rectifying]"),
    ("T606", "at: +7 workdays", "at: ¦+170 hours"),
    ("T606", "every: 5 workdays", "every: ¦5 hours"),
    ("T606", "before_due: 1 workdays", "before_due: ¦8 hours"),
    ("T607", "met_by: submit", "met_by: ¦reopen"),
    # requests -----------------------------------------------------------------------------------------------------
    ("Q701", "by: [timer, office], decided_by", "by: [office], decided_by",
        "propose: supervision_letter", "propose: ¦supervision_letter"),
    ("Q701", "propose: listing, level: district", "propose: ¦listing"),
    ("Q701", "propose: supervision_letter}", "propose: supervision_letter, level: ¦town}"),
    ("Q702", "ask: [reason, new_due_on]}", "¦ask: [reason]}"),
    ("Q701 Q702", "levels: {town: town, district: leader}", "¦levels: {}", "level: district", "level: ¦district"),
    ("Q702", "  supervision_letter: {title", "  ¦supervision_letter: {title", "decided_by: leader}",
        "decided_by: leader, effect: extend}"),
    ("Q702", "  listing: {title: 挂牌督办", "  listing: {title: 挂牌督办, effect: none",
        "decided_by: level_that", "decided_by: ¦level_that"),
    ("N311", "states:\n", "papers: {¦letter_to_all: {signed_by: leader}}\nstates:\n"),
    ("N302", "states:\n", "papers: {rectification_notice: {signed_by: ¦nobody}}\nstates:\n"),
    ("N309", "levels: {town: town, district: leader}", "levels: {town: town, district: leader}, accepted_by: {¦village: town}"),
    ("N302", "levels: {town: town, district: leader}", "levels: {town: town, district: leader}, accepted_by: {town: ¦nobody}"),
    ("S204", "  assign: {title: 交办时限,", "  assign: {title: 交办时限, while: ¦paused,"),
    (
        "Q702 N305 Q702",
        "  listing: {title: 挂牌督办, by: [timer, office], levels: {town: town, district: leader}, ",
        "  other: {title: 其他, by: [timer, office], decided_by: leader, ",
        "decided_by: level_that", "decided_by: ¦level_that",
        "  assign: {title: 交办时限,", "  assign: {title: 交办时限, while: ¦listed,",
        "propose: listing", "propose: ¦listing",
    ),
    ("W903", "  delisting: {", "  ¦letter: {title: 函告, by: timer, decided_by: leader}\n  delisting: {"),
    # guards -------------------------------------------------------------------------------------------------------
    ("G801", 'funds <= 10.0 || severity == "general"', "funds <= 10.0 || ¦== 3"),
    ("G801", 'funds <= 10.0 || severity == "general"', "funds <= 10.0 ||¦"),
    ("G801", 'funds <= 10.0 || severity == "general"', "funds <= 10.0 && ¦整改资金 > 1"),
    ("G802", 'funds <= 10.0 || severity == "general"', "funds <= 10.0 || ¦severty == 'general'"),
    ("G802", 'funds <= 10.0 || severity == "general"', "'¦fund <= 10.0'"),
    ("G802", 'funds <= 10.0 || severity == "general"', "'[1, 2].exists(¦n, n > funds)'"),
    ("G802", 'funds <= 10.0 || severity == "general"', "¦_x > funds"),
    ("G802", 'funds <= 10.0 || severity == "general"', '¦"fund\\x20> 1"'),
    ("G803", 'funds <= 10.0 || severity == "general"', "funds > ¦now()"),
    ("G803", 'funds <= 10.0 || severity == "general"', "'¦[1].all(_a, [1].all(_b, [1].all(_c, true)))'"),
    ("G803", 'funds <= 10.0 || severity == "general"', "¦" + "funds > 1 && " * 80 + "true"),
]  # fmt: skip


def broken(edits: tuple[str, ...]) -> tuple[str, list[tuple[int, int]]]:
    """Return the edited text without marks, and the places that were marked."""
    text, places = SMALL, list[tuple[int, int]]()
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert old in text, f"{old!r} is not in the small definition"
        text = text.replace(old, new, 1)
    while MARK in text:
        index = text.index(MARK)
        places.append((text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)))
        text = text[:index] + text[index + 1 :]
    return text, places


def found(text: str) -> list[tuple[str, int, int]]:
    """Return what is reported, as code, line and column."""
    _, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    return [(p.code, p.line, p.column) for p in problems]


@pytest.mark.parametrize("case", CASES, ids=[f"{i}-{c[0].replace(' ', '-')}" for i, c in enumerate(CASES)])
def test_one_mistake_one_problem(case: tuple[str, ...]) -> None:
    """A mistake is reported once, with its code and where it stands, and nothing beside it."""
    text, places = broken(case[1:])
    assert found(text) == [(code, *place) for code, place in zip(case[0].split(), places, strict=True)]


def test_all_problems_at_once() -> None:
    """Every mistake of a text is reported in one go, in the order of the text."""
    chosen = [c for c in CASES if c[0] in ("S201", "S204", "S206", "N302", "N303", "N310", "T605", "G802")]
    text, expected = SMALL, set[str]()
    for code, *edits in chosen:
        if all(old in text for old in edits[::2]):
            expected.add(code)
            for old, new in zip(edits[::2], edits[1::2], strict=True):
                text = text.replace(old, new.replace(MARK, ""), 1)
    _, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    assert {p.code for p in problems} >= expected == {c[0] for c in chosen}
    assert len(problems) > 15
    assert [(p.line, p.column) for p in problems] == sorted((p.line, p.column) for p in problems)


def test_every_code_has_a_case() -> None:
    """No kind of problem is without a test; those of whole texts have tests of their own below."""
    tested = {code for case in CASES for code in case[0].split()} | {"Y102", "Y104", "Y106"}
    assert tested == set(PROBLEMS)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "Y106", (1, 1)),
        ("# nothing\n", "Y106", (1, 1)),
        ("- a\n- b\n", "Y106", (1, 1)),
        ("just words\n", "Y106", (1, 1)),
        ("a: 1\n---\nb: 2\n", "Y101", (2, 1)),
        ("a: [1, 2\n", "Y101", (2, 1)),
        ("a: {b: 1\nc: 2\n", "Y101", (2, 2)),
        ("a: 'x\n", "Y101", (2, 1)),
        ("a: \x01\n", "Y101", (1, 4)),
        ("a: 1\n b: 2\n", "Y101", (2, 3)),
        ("a: &x [*x]\n", "Y104", (1, 1)),
        ("[" * 5000, "Y104", (1, 1)),
        ("a: " + "{a: " * 5000, "Y104", (1, 1)),
        ("a: &a [1]\n" + "b: [" + "*a, " * (MAX_ALIASES + 1) + "]\n", "Y104", (1, 1)),
        ("a: " + "x" * MAX_BYTES, "Y102", (1, 1)),
    ],
    ids=range(15),
)
def test_texts_that_are_no_definition(text: str, code: str, place: tuple[int, int]) -> None:
    """What is no YAML, or too much of it, is one problem."""
    assert found(text) == [(code, *place)]


def test_alias_bomb_is_refused_quickly() -> None:
    """Anchors that multiply are refused before they are written out."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    assert found("\n".join(lines)) == [("Y104", 1, 1)]


def test_too_many_entries() -> None:
    """The number of states and transitions is bounded."""
    many = "".join(f"  s{i}: {{title: 第{i}环节, stage: rectifying, task: office}}\n" for i in range(600))
    text = SMALL.replace("states:\n", "states:\n" + many)
    assert ("S208", 25, 3) in found(text)


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("initial: reported\n", "initial: reportd\n", "是不是 reported？"),
        ("ladder_hour: 8", "ladder_hours: 8", "是不是 ladder_hour？"),
        ("stage: reported, task: lead", "stage: reproted, task: lead", "是不是 reported？"),
        ("by: [lead, town]", "by: [lead，town]", "“，”是全角标点，请改成半角，后面空一格"),
        ("{title: 安全股}", "{title: 安全股, up：town}", "“：”是全角标点，请改成半角，后面空一格"),
        ("{title: 安全股}", "{title: 安全股, up:town}", "冒号后面要空一格"),
        ("title: 小流程", "title：小流程", "第 4 行有全角标点 ：，标点要用半角，冒号和逗号后空一格"),
        (
            "tell: leader",
            "tell: 分管局领导",
            "有：office、lead、principal、rectifier、town、leader、issuer、level_that_listed、level_acceptor",
        ),
        (
            "within: 2 workdays",
            "within: 2 weeks",
            "数字加 workdays（工作日）、days（自然日）、workhours（工作小时）或 hours（小时），如 3 workdays",
        ),
        ("propose: listing, level: district", "propose: listing", "有：town、district"),
    ],
)
def test_hints(old: str, new: str, hint: str) -> None:
    """A problem says what was probably meant, or what may be written."""
    text, _ = broken((old, new))
    _, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    assert hint in [p.hint for p in problems]


def test_hints_are_bounded() -> None:
    """A text full of unknown names is answered soon: near matches are looked for a limited number of times."""
    names = ", ".join(f"unknown_role_number_{i}" for i in range(2000))
    text = SMALL.replace("tell: leader", f"tell: [{names}]")
    _, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    assert sum(p.code == "N302" for p in problems) == 2000


def test_messages_are_chinese() -> None:
    """Every message is Chinese and a single line."""
    for case in CASES:
        text, _ = broken(case[1:])
        for problem in check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)[1]:
            assert any("\u4e00" <= c <= "\u9fff" for c in problem.message), problem
            assert "\n" not in problem.message + problem.hint


def test_noise_never_escapes() -> None:
    """Whatever is done to a text, the answer is a workflow or a list of problems, never another error."""
    chance = random.Random(20241231)
    for _ in range(150):
        letters = list(SMALL)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 4)] = chance.choices(
                "{}[]:,-&*!%#'\"|>@`\t\n 0az重：\x00", k=chance.randint(0, 3)
            )
        workflow, problems = check_workflow("".join(letters), source="x", catalogues=CATALOGUES, templates=TEMPLATES)
        assert workflow is not None or problems


def test_a_word_where_lines_belong() -> None:
    """A section that is a single word is one problem, and an empty definition misses what it must have."""
    problems = found("roles: nobody\nwithin: [1]\n")
    assert problems[0] == ("S202", 1, 1)
    assert ("S203", 1, 8) in problems
    assert ("S201", 2, 1) in problems
