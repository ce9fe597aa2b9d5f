"""Any small sound definition loads and means what it says; any one wrong name in it is found where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rectiflow.engine.load import check_workflow
from rectiflow.engine.workflow import Catalogue, Workflow

CATALOGUES = {"kind": Catalogue(id="kind", version=1, title="类别", items={})}
TEMPLATES = frozenset({"urge", "due_soon"})
CODES = {
    "state": "N301", "role": "N302", "field": "N303", "trigger": "N304", "request": "N305", "catalogue": "N306",
    "template": "N307", "calendar": "N308", "level": "N309", "guard": "G802",
}  # fmt: skip
UNKNOWN = "zz_unknown"
loads = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Mention(NamedTuple):
    """A name in a text: what it is the name of, and where it begins."""

    kind: str
    name: str
    offset: int


@dataclass
class Sheet:
    """A definition while it is written, with every name it mentions and every name it defines."""

    text: str = ""
    mentions: list[Mention] = field(default_factory=list[Mention])
    defined: list[Mention] = field(default_factory=list[Mention])

    def write(self, template: str, **names: tuple[str, str]) -> None:
        """Add text; `{x}` is replaced by the name given for x as (kind, name) and remembered."""
        for i, part in enumerate(template.split("«")):
            slot, _, rest = part.partition("»") if i else ("", "", part)
            if slot:
                kind, name = names[slot]
                self.mentions.append(Mention(kind, name, len(self.text)))
                self.text += name
            self.text += rest

    def define(self, kind: str, name: str, rest: str, **names: tuple[str, str]) -> None:
        """Add a line that defines a name."""
        self.text += "  "
        self.defined.append(Mention(kind, name, len(self.text)))
        self.text += name
        self.write(": " + rest + "\n", **names)

    def without(self, mention: Mention, name: str) -> str:
        """Return the text with one name replaced."""
        return self.text[: mention.offset] + name + self.text[mention.offset + len(mention.name) :]

    def place(self, mention: Mention) -> tuple[int, int]:
        """Return line and column of a name."""
        before = self.text[: mention.offset]
        return before.count("\n") + 1, mention.offset - before.rfind("\n")


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    """Write a small sound definition."""
    sheet = Sheet()
    roles = [f"role_{i}" for i in range(draw(st.integers(1, 4)))]
    days = [f"day_{i}" for i in range(draw(st.integers(1, 2)))]
    counts = [f"count_{i}" for i in range(draw(st.integers(1, 2)))]
    open_states = [f"state_{i}" for i in range(draw(st.integers(1, 5)))]
    role, state, number = st.sampled_from(roles), st.sampled_from(open_states), st.sampled_from(counts)
    _top(sheet, draw(state))
    _roles(draw, sheet, roles)
    _fields(sheet, days, counts)
    _states(draw, sheet, open_states, role)
    triggers = _transitions(draw, sheet, open_states, role, state, number)
    requests = _requests(draw, sheet, role) if draw(st.integers(0, 1)) else []
    _clocks(draw, sheet, open_states, days, role, triggers, requests, number)
    return sheet


def _top(sheet: Sheet, entry: str) -> None:
    sheet.write("workflow: drawn\nversion: 1\ntitle: 抽样流程\ncalendar: «c»\n", c=("calendar", "cn-workdays"))
    sheet.write("initial: «s»\nenters_at: «e»\n", s=("state", "state_0"), e=("state", entry))


def _roles(draw: st.DrawFn, sheet: Sheet, roles: list[str]) -> None:
    sheet.write("roles:\n")
    for i, name in enumerate(roles):
        shape = draw(st.integers(0, 3))
        if shape == 0 or i == 0:
            sheet.define("role", name, "{title: 岗位}")
        elif shape == 1:
            sheet.define("role", name, "{title: 岗位, is: «p»}", p=("field", "responsible_person"))
        elif shape == 2:
            sheet.define("role", name, "{title: 岗位, of: [responsible_unit, «r»], up: town}", r=("role", roles[i - 1]))
        else:
            sheet.define(
                "role", name, "{title: 岗位, of: kind, not_of: «u», else: «r»}",
                u=("field", "inspecting_unit"), r=("role", roles[i - 1]),
            )  # fmt: skip


def _fields(sheet: Sheet, days: list[str], counts: list[str]) -> None:
    sheet.write("fields:\n")
    sheet.define("field", "kind", "{title: 类别, type: catalogue, catalogue: «c»}", c=("catalogue", "kind"))
    for name in days:
        sheet.define("field", name, f"{{title: 日期 {name}, type: date}}")
    for name in counts:
        sheet.define("field", name, f"{{title: 数目 {name}, type: integer, required: true}}")


def _states(draw: st.DrawFn, sheet: Sheet, names: list[str], role: st.SearchStrategy[str]) -> None:
    sheet.write("states:\n")
    for i, name in enumerate(names):
        stage = "reported" if i == 0 else draw(st.sampled_from(["assigned", "rectifying", "verified"]))
        sheet.define("state", name, f"{{title: 环节 {i}, stage: {stage}, task: «r»}}", r=("role", draw(role)))
    sheet.define("state", "done", "{title: 已销号, stage: closed, final: rectified}")


def _transitions(
    draw: st.DrawFn, sheet: Sheet, names: list[str], role: st.SearchStrategy[str], state: st.SearchStrategy[str],
    number: st.SearchStrategy[str],
) -> list[str]:  # fmt: skip
    sheet.write("transitions:\n")
    pairs = list(zip(names, [*names[1:], "done"], strict=True))
    pairs += [(draw(state), draw(state)) for _ in range(draw(st.integers(0, 3)))]
    pairs += [("done", names[0])] if draw(st.booleans()) else []
    triggers: list[str] = []
    for i, (source, target) in enumerate(pairs):
        sheet.write(f"  - {{trigger: go_{i}, title: 办理 {i}, from: [«s»], to: «t», by: [«r»]",
                    s=("state", source), t=("state", target), r=("role", draw(role)))  # fmt: skip
        if draw(st.booleans()):
            sheet.write(", ask: [reason, «f»]", f=("field", draw(number)))
        if draw(st.booleans()):
            sheet.write(", require: «f», tell: «r»", f=("field", "place"), r=("role", draw(role)))
        if draw(st.integers(0, 3)) == 0:
            sheet.write(", when: «f» > 3 || today > '2024'", f=("guard", draw(number)))
        if i and draw(st.booleans()):
            sheet.write(", template: «m»", m=("template", "urge"))
        sheet.write("}\n")
        triggers.append(f"go_{i}")
    sheet.write("  - {trigger: turn, title: 改判, from: any_open, into: other, by: «r», not_by_actor_of: [«t»]}\n",
                r=("role", draw(role)), t=("trigger", draw(st.sampled_from(triggers))))  # fmt: skip
    return triggers


def _requests(draw: st.DrawFn, sheet: Sheet, role: st.SearchStrategy[str]) -> list[str]:
    sheet.write("requests:\n")
    sheet.define("request", "letter", "{title: 督办, by: [timer, «r»], decided_by: «d»}",
                 r=("role", draw(role)), d=("role", draw(role)))  # fmt: skip
    sheet.define("request", "extension", "{title: 延期, by: «r», decided_by: issuer, decide_within: 2 workdays, "
                 "ask: [new_due_on, «f»]}", r=("role", draw(role)), f=("field", "reason"))  # fmt: skip
    return ["letter"]


def _clocks(
    draw: st.DrawFn, sheet: Sheet, names: list[str], days: list[str], role: st.SearchStrategy[str], triggers: list[str],
    requests: list[str], number: st.SearchStrategy[str],
) -> None:  # fmt: skip
    sheet.write("clocks:\n")
    sheet.define("clock", "main", "{title: 时限, until: «d», runs_in: [«s»], met_by: «t», steps: [",
                 d=("field", days[0]), s=("state", names[0]), t=("trigger", "go_0"))  # fmt: skip
    sheet.text = sheet.text.rstrip("\n")
    offsets = sorted(draw(st.sets(st.integers(-9, 9).filter(bool), max_size=4)))
    for offset in offsets:
        sheet.write(f"{{at: {offset:+d} workdays, remind: [«r»], template: «m»}}, ",
                    r=("role", draw(role)), m=("template", "due_soon"))  # fmt: skip
    for request in requests:
        sheet.write("{at: +20 days, propose: «q»}, ", q=("request", request))
    sheet.write("]}\n")
    sheet.define("clock", "watch", "{title: 监测, within: {field: «f», unit: days}, runs_in: [«s»], again: restart}",
                 f=("field", draw(number)), s=("state", names[-1]))  # fmt: skip


def load(text: str) -> tuple[Workflow | None, set[tuple[str, int, int]]]:
    """Check a text; return the workflow and the code, line and column of every problem."""
    workflow, problems = check_workflow(text, source="x", catalogues=CATALOGUES, templates=TEMPLATES)
    return workflow, {(p.code, p.line, p.column) for p in problems}


@loads
@given(sheet=sheets())
def test_sound_definitions_load(sheet: Sheet) -> None:
    """A sound definition loads, its machine goes where it says, and no clock ever falls silent."""
    workflow, problems = load(sheet.text)
    assert workflow is not None, problems
    assert {code for code, _, _ in problems} <= {"W901"}
    for t in workflow.transitions:
        for source in t.sources:
            assert t in workflow.leaving(source, t.trigger)
            if t.target is not None:
                assert workflow.machine.move(source, t.position) == t.target
    for clock in workflow.clocks.values():
        assert any(s.every and s.act in ("remind", "call") for s in clock.steps)
        assert len({s.id for s in clock.steps}) == len(clock.steps)


@loads
@given(data=st.data())
def test_a_wrong_name_is_found_where_it_stands(data: st.DataObject) -> None:
    """Whichever name is written wrong, that place is named with the code of its kind."""
    sheet = data.draw(sheets())
    mention = data.draw(st.sampled_from(sheet.mentions))
    workflow, problems = load(sheet.without(mention, UNKNOWN))
    assert workflow is None
    assert (CODES[mention.kind], *sheet.place(mention)) in problems


@loads
@given(data=st.data())
def test_a_renamed_thing_is_missed_wherever_it_is_meant(data: st.DataObject) -> None:
    """Where a definition is renamed, every mention of the old name is reported."""
    sheet = data.draw(sheets())
    defined = data.draw(st.sampled_from([d for d in sheet.defined if d.kind != "clock"]))
    _, problems = load(sheet.without(defined, "q" + defined.name[1:]))
    meant = [m for m in sheet.mentions if m.name == defined.name and m.kind in (defined.kind, "guard")]
    for mention in meant:
        if mention.kind == defined.kind or defined.kind == "field":
            assert (CODES[mention.kind], *sheet.place(mention)) in problems
