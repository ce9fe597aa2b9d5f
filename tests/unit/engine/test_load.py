"""Definitions that load, and what the loader adds to them."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import pytest

from rectiflow.engine.errors import WorkflowInvalid
from rectiflow.engine.load import check_workflow, load_workflow
from rectiflow.engine.vocabulary import BUILTIN_FIELDS, default_template
from rectiflow.engine.workflow import Catalogue, CatalogueItem, FieldSpan, Span, Workflow

DATA = Path(__file__).parents[2] / "data"
CATALOGUES = {
    "category": Catalogue(
        id="category",
        version=1,
        title="隐患类别",
        items={"fire": CatalogueItem(id="fire", title="消防安全", lead="安全股")},
    )
}
TEMPLATES = ("due_soon", "urge", "failed")


def load(text: str) -> Workflow:
    """Load a text with the catalogue and templates of these tests."""
    return load_workflow(text, source="test.yaml", catalogues=CATALOGUES, templates=TEMPLATES)


@pytest.fixture(scope="module")
def example() -> Workflow:
    """The example of the language, as its authors read it."""
    return load((DATA / "design_example.yaml").read_text("utf-8"))


@pytest.fixture(scope="module")
def small() -> Workflow:
    """A small definition that uses most of the language."""
    return load((DATA / "small.yaml").read_text("utf-8"))


def edited(old: str, new: str) -> Workflow:
    """Load the small definition with one edit."""
    text = (DATA / "small.yaml").read_text("utf-8")
    assert text.count(old) == 1
    return load(text.replace(old, new))


def test_example_has_no_warnings() -> None:
    """The example of the language loads without a word."""
    text = (DATA / "design_example.yaml").read_text("utf-8")
    workflow, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    assert workflow is not None
    assert problems == ()
    assert (workflow.text, workflow.digest) == (text, sha256(text.encode()).hexdigest())


def test_example_top(example: Workflow) -> None:
    """What stands at the top of a definition, and what is taken where it says nothing."""
    assert (example.id, example.version, example.title) == ("hazard", 1, "一般隐患整改")
    assert (example.calendar, example.initial, example.enters_at) == ("cn-workdays", "reported", "reported")
    assert (example.severity, example.ladder_hour, example.keepers) == ("general", 9, ("safety_section",))


def test_example_roles(example: Workflow) -> None:
    """Each way to find who holds a role."""
    verifier, town = example.roles["verifier"], example.roles["town_supervisor"]
    assert verifier.of == ("inspecting_unit", "parent_unit", "safety_section")
    assert verifier.not_of == "responsible_unit"
    assert (town.of, town.up) == (("responsible_unit",), "town")
    assert example.roles["lead_section"].otherwise == "safety_section"
    assert example.roles["rectifier"].holder_field == "responsible_person"
    assert example.roles["bureau_leader"].of == ()


def test_example_fields(example: Workflow) -> None:
    """The author's fields come first, then the built-in ones; known choices have their titles."""
    assert list(example.fields)[:3] == ["source", "found_on", "category"]
    assert set(BUILTIN_FIELDS) <= set(example.fields)
    assert example.fields["source"].choices["superior"] == "上级交办"
    assert list(example.fields["source"].choices) == "self town bureau joint expert superior complaint".split()  # noqa: SIM905
    assert example.fields["found_on"].required
    assert not example.fields["found_on"].builtin
    assert example.fields["listed_level"].choices["district"] == "区级"
    assert example.catalogues["category"].items["fire"].lead == "安全股"


def test_example_states(example: Workflow) -> None:
    """States as written, and the voided state every workflow has."""
    assert example.states["pending_verification"].task == "verifier"
    assert example.states["pending_verification"].stage == "rectifying"
    assert example.states["closed"].final == "rectified"
    assert list(example.states)[-1] == "voided"
    assert (example.states["voided"].final, example.states["voided"].title) == ("void", "已作废")
    assert example.by_state["voided"] == {}


def test_example_transitions(example: Workflow) -> None:
    """Transitions keep the author's order and are found by state and trigger."""
    assign = example.leaving("reported", "assign")[0]
    assert assign.by == ("lead_section", "town_supervisor")
    assert assign.require == ("responsible_unit", "responsible_person", "due_on")
    assert (assign.paper, assign.position) == ("rectification_notice", 0)
    assert [t.position for t in example.transitions] == list(range(14))
    assert example.leaving("pending_verification", "pass")[0].not_by_actor_of == ("sign", "submit", "self_fix")
    assert example.leaving("closed", "assign") == ()
    assert example.triggers["reclassify"] == "改判"


def test_any_open_is_every_state_without_an_end(example: Workflow) -> None:
    """`any_open` stands for the states that are not final."""
    reclassify = example.leaving("verified", "reclassify")[0]
    assert reclassify.sources == ("reported", "assigned", "rectifying", "pending_verification", "verified")
    assert (reclassify.target, reclassify.into) == (None, ("major_hazard", "hard_to_rectify"))


def test_example_clocks(example: Workflow) -> None:
    """A fixed date with its ladder, and lengths of time."""
    rectify = example.clocks["rectify"]
    assert (rectify.until, rectify.within, rectify.met_by, rectify.again) == ("due_on", None, "submit", "continue")
    assert (rectify.runs_in, rectify.paused_in) == (("assigned", "rectifying"), ("pending_verification",))
    assert [s.id for s in rectify.steps] == [
        "m3w-remind", "p1w-remind", "p3w-propose-supervision_letter", "p7w-propose-listing", "p10w-remind",
    ]  # fmt: skip
    assert [s.at for s in rectify.steps] == [Span(n, "workdays") for n in (-3, 1, 3, 7, 10)]
    assert (rectify.steps[0].template, rectify.steps[3].level) == ("due_soon", "district")
    assert rectify.steps[4].every == Span(5, "workdays")
    assert example.clocks["sign"].within == Span(1, "workdays")
    assert [(s.id, s.act, s.at) for s in example.clocks["sign"].steps] == [("due-call", "call", Span(0, "workdays"))]


def test_example_requests(example: Workflow) -> None:
    """Requests with their deciders, limits and effects."""
    requests = example.requests
    assert {k: r.effect for k, r in requests.items()} == {
        "extension": "extend",
        "funding": "none",
        "supervision_letter": "paper",
        "listing": "list",
        "delisting": "delist",
    }
    assert (requests["extension"].limit, requests["extension"].before_due) == (1, Span(1, "workdays"))
    assert requests["extension"].decider(None) == "issuer"
    assert requests["listing"].decider("village") == "town_leader"
    assert requests["listing"].decided_by is None


def test_request_that_must_be_decided_gets_a_clock(example: Workflow, small: Workflow) -> None:
    """`decide_within` becomes a clock that reminds whoever decides, every working day."""
    clock = example.clocks["decide_extension"]
    assert (clock.title, clock.for_request, clock.again) == ("延期审批时限", "extension", "restart")
    assert (clock.runs_in, clock.within) == ((), Span(3, "workdays"))
    assert [(s.id, s.roles, s.every) for s in clock.steps] == [("due-remind", ("issuer",), Span(1, "workdays"))]
    assert small.clocks["decide_listing"].steps[0].roles == ("town", "leader")
    assert small.clocks["decide_listing"].steps[0].at == Span(0, "days")
    assert "decide_funding" not in example.clocks


@pytest.mark.parametrize(
    ("clock", "at", "roles"),
    [
        ("assign", Span(5, "workdays"), ("lead",)),
        ("monitor", Span(7, "days"), ("rectifier",)),
        ("upward", Span(1, "days"), ("lead",)),
    ],
)
def test_overdue_never_goes_silent(small: Workflow, clock: str, at: Span, roles: tuple[str, ...]) -> None:
    """A ladder without a repeating reminder gets one that widens, for those who have the task."""
    step = small.clocks[clock].steps[-1]
    assert (step.id, step.act, step.at, step.roles) == ("never-silent", "remind", at, roles)
    assert (step.every, step.widen) == (Span(5, "workdays"), True)


def test_never_silent_counts_from_the_last_step() -> None:
    """Five working days, a week, or the day after, beyond the author's last step."""
    steps = "steps: [{at: due, remind: rectifier}]"
    day = edited(steps, "steps: [{at: due, remind: rectifier}, {at: +9 days, call: office}]").clocks["monitor"]
    assert day.steps[-1].at == Span(16, "days")
    work = edited(steps, "steps: [{at: +2 workdays, remind: rectifier}]").clocks["monitor"]
    assert work.steps[-1].at == Span(7, "workdays")
    hour = edited("{at: due, call: leader}]", "{at: +25 hours, call: leader}]").clocks["upward"]
    assert hour.steps[-1].at == Span(3, "days")
    early = edited(steps, "steps: [{at: -2 days, remind: rectifier}]").clocks["monitor"]
    assert early.steps[-1].at == Span(7, "days")


def test_repeating_reminder_needs_nothing_more(example: Workflow) -> None:
    """A ladder that repeats a reminder or a call is left as written; a repeated proposal reminds nobody."""
    assert all(s.id != "never-silent" for c in example.clocks.values() for s in c.steps)
    old = "{at: +10 workdays, every: 5 workdays, remind: [leader, town]}"
    new = "{at: +10 workdays, every: 5 workdays, propose: supervision_letter}"
    assert edited(old, new).clocks["rectify"].steps[-1].id == "never-silent"


def test_never_silent_names_each_task_once() -> None:
    """The roles of the states a clock runs in, each once and in order."""
    clock = edited("runs_in: reported, again: restart", "runs_in: [checking, reported, rectifying]").clocks["assign"]
    assert clock.steps[-1].roles == ("office", "lead", "rectifier")


def test_growths_of_the_language(small: Workflow) -> None:
    """What a definition may say beside the example."""
    assert (small.keepers, small.ladder_hour) == (("office",), 8)
    assert small.clocks["monitor"].within == FieldSpan(field="monitor_every", unit="days")
    assert small.fields["urgency"].choices == {"high": "紧急", "low": "一般"}
    assert small.transitions[1].tell == ("leader",)
    assert small.transitions[3].template == "failed"
    assert small.clocks["upward"].steps[0].at == Span(-4, "hours")


def test_entry_and_severity_can_be_set() -> None:
    """Where a reclassified ticket begins, and how grave the hazards of a workflow are."""
    workflow = edited("ladder_hour: 8", "ladder_hour: 0\nseverity: major\nenters_at: rectifying")
    assert (workflow.severity, workflow.enters_at, workflow.initial) == ("major", "rectifying", "reported")
    assert workflow.ladder_hour == 0


def test_keepers_default_to_who_closes() -> None:
    """Where nobody is named, those keep the record who may bring a ticket to its rectified end."""
    assert edited("keepers: [office]\n", "").keepers == ("office",)


def test_builtin_field_can_be_redeclared() -> None:
    """A built-in field takes an author's title and duty, and keeps its type and choices."""
    workflow = edited(
        "fields:\n", "fields:\n  place: {title: 具体部位, required: true}\n  listed_level: {title: 级别}\n"
    )
    place = workflow.fields["place"]
    assert (place.title, place.type, place.required, place.builtin) == ("具体部位", "text", True, True)
    assert workflow.fields["listed_level"].choices == {"village": "村级", "town": "镇级", "district": "区级"}
    assert list(workflow.fields).count("place") == 1


def test_catalogue_of_another_name() -> None:
    """A field may use a catalogue of another name; the workflow holds it under the field."""
    text = (DATA / "small.yaml").read_text("utf-8")
    text = text.replace("type: catalogue, required: true", "type: catalogue, catalogue: local")
    own = Catalogue(id="local", version=2, title="本地目录", items={})
    workflow = load_workflow(text, source="x", catalogues={"local": own})
    assert workflow.catalogues == {"category": own}


def test_choices_in_chinese_are_their_own_titles() -> None:
    """A list of Chinese words needs no second title."""
    workflow = edited("choices: [self, bureau]", "choices: [self, 其他]")
    assert workflow.fields["source"].choices == {"self": "自查", "其他": "其他"}


def test_several_ways_are_tried_in_order() -> None:
    """One trigger may lead two ways when the first has a condition; both are kept in the author's order."""
    line = "  - {trigger: pass, title: 复查合格"
    extra = "  - {trigger: pass, title: 复查合格, from: checking, to: rectifying, by: office, when: failures > 3}\n"
    workflow = edited(line, extra + line)
    assert [t.target for t in workflow.leaving("checking", "pass")] == ["rectifying", "closed"]


def test_explicit_step_ids() -> None:
    """An author's id is taken as it is."""
    assert (
        edited("{at: due, call: office}", "{at: due, call: office, id: ring}").clocks["rectify"].steps[1].id == "ring"
    )


def test_guard_speaks_chinese(small: Workflow) -> None:
    """A guard of a loaded workflow knows what its names and values are called, and reads decimals kept as text."""
    guard = small.transitions[2].when
    assert guard is not None
    assert guard.describe() == "整改资金 ≤ 10.0 或 隐患等级 ＝ 一般隐患"
    assert guard.refusal({"funds": "9.5", "severity": "major"}) is None
    assert guard.refusal({"funds": "12", "severity": "major"}) == "不满足条件“整改资金 ≤ 10.0 或 隐患等级 ＝ 一般隐患”"


def test_yaml_12_words_stay_words() -> None:
    """`on`, `no` and times of day are no booleans and numbers."""
    workflow = edited("{high: 紧急, low: 一般}", "{on: 开, no: 否, yes: 12:30, 010: 十}")
    assert workflow.fields["urgency"].choices == {"on": "开", "no": "否", "yes": "12:30", "010": "十"}


def test_anchors_work() -> None:
    """A list written once may be used again."""
    workflow = edited("choices: [self, bureau]}", "choices: &c [self, bureau]}")
    assert "bureau" in workflow.fields["source"].choices


def test_frozen(example: Workflow) -> None:
    """Nobody changes a workflow that everybody shares."""
    with pytest.raises(TypeError):
        example.states["x"] = example.states["closed"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(AttributeError):
        example.title = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_default_templates() -> None:
    """A trigger without a template of its own has a usual one, or the generic one."""
    assert (default_template("assign"), default_template("self_fix")) == ("assigned", "submitted")
    assert default_template("on_spot") == "generic"


def test_invalid_carries_every_problem() -> None:
    """The error of a definition that does not load prints place, code, message and hint, a line each."""
    text = (DATA / "small.yaml").read_text("utf-8")
    text = text.replace("task: lead}", "task: leed}").replace("to: checking", "to: chekcing")
    with pytest.raises(WorkflowInvalid) as caught:
        load(text)
    assert str(caught.value).splitlines() == [
        "test.yaml:25:49: N302 没有角色“leed”（是不是 lead？）",
        "test.yaml:31:58: N301 没有环节“chekcing”（是不是 checking？）",
    ]


def test_templates_may_be_unknown() -> None:
    """Where the templates are not known their names are not checked."""
    text = (DATA / "small.yaml").read_text("utf-8")
    assert load_workflow(text, source="x", catalogues=CATALOGUES).transitions[3].template == "failed"


def test_libraries_are_imported_when_used() -> None:
    """Importing the loader imports neither the YAML reader, nor CEL, nor the machine, nor pydantic."""
    import subprocess

    code = (
        "import sys, rectiflow.engine.load, rectiflow.engine.machine, rectiflow.engine.guards\n"
        "print([m for m in ('cel', 'ruamel.yaml', 'pydantic', 'transitions') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
