"""Whatever is on record: a ledger nobody touched does nothing, and a filled-in one does exactly what was filled in."""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rectiflow import Rectiflow
from rectiflow._ledger import apply_ledger, export_ledger
from support.sheets import fill_in
from support.workplaces import sample_workplace

KEEPER, SCHOOL = "安全股股长", "示例一镇第一小学"
PRINCIPAL = f"{SCHOOL}校长"
#: Texts that spreadsheets and readers of tables are tempted to take for something else.
ODD = st.sampled_from(
    [
        "同上",
        "〃",
        "无",
        "—",
        "/",
        "合计",
        "备注：见附件",
        "=1+1",
        "'=1",
        "-",
        "2024.9.1",
        "1",
        "１２",
        "是",
        "多行\n文字",
    ]
)
TEXT = st.one_of(ODD, st.text(st.sampled_from(string.ascii_letters + "甲乙丙，。；=+@'\"　 \n０9"), max_size=12))
#: What is done at each stage, and what is filled in for it.
STEPS: tuple[tuple[str, Mapping[str, object], str], ...] = (
    ("交办", {"整改责任人": PRINCIPAL, "整改时限": "9月20日"}, "assigned"),
    ("签收", {"代谁办理": SCHOOL, "办理方式": "电话"}, "rectifying"),
    (
        "申请复查",
        {
            "代谁办理": PRINCIPAL,
            "办理方式": "微信",
            "整改措施": "清走",
            "完成时间": date(2024, 9, 2),
            "佐证文件": "后.jpg",
        },
        "pending_verification",
    ),
)
AMEND: Mapping[str, object] = {"督办（包保）领导": "分管副局长", "理由": "漏写"}
CASES = st.lists(
    st.fixed_dictionaries(
        {
            "stage": st.integers(0, 2),
            "texts": st.fixed_dictionaries(dict.fromkeys(("place", "measures", "interim", "remarks"), TEXT)),
            "description": TEXT.map(lambda text: f"隐患{text}"),
            "fill": st.sampled_from(["nothing", "step", "amend"]),
        }
    ),
    min_size=1,
    max_size=4,
)


def _put_on_record(flow: Rectiflow, case: Mapping[str, Any]) -> str:
    said: dict[str, Any] = {name: text for name, text in case["texts"].items() if text.strip()}
    number = flow.report(
        "hazard",
        by=KEEPER,
        unit=SCHOOL,
        source="bureau",
        found_on=flow.today(),
        category="fire",
        description=case["description"],
        **said,
    ).number
    if case["stage"] > 0:
        due_on = flow.today() + timedelta(days=20)
        flow.do(number, "assign", by=KEEPER, responsible_person=PRINCIPAL, due_on=due_on)
    if case["stage"] > 1:
        flow.do(number, "sign", by=PRINCIPAL)
    return number


def _filled(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, object]]:
    steps = {n: STEPS[int(case["stage"])] for n, case in cases.items() if case["fill"] == "step"}
    filled = {n: {**cells, "操作": action} for n, (action, cells, _) in steps.items()}
    return filled | {n: {**AMEND, "操作": "更正"} for n, case in cases.items() if case["fill"] == "amend"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn=CASES, ending=st.sampled_from([".xlsx", ".csv"]))
def test_nothing_or_exactly_that(drawn: list[dict[str, Any]], ending: str) -> None:
    """Untouched: no row does anything. Filled in: those rows and no others, each once, however often it is applied."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        flow = sample_workplace(home).flow
        try:
            _check(flow, home, drawn, ending)
        finally:
            flow.close()


def _check(flow: Rectiflow, home: Path, drawn: list[dict[str, Any]], ending: str) -> None:
    cases = {_put_on_record(flow, case): case for case in drawn}
    before = {t.number: t for t in flow.tickets()}
    path = home / f"台账{ending}"
    export_ledger(flow, path, by=KEEPER)
    idle = apply_ledger(flow, path, by=KEEPER)
    assert (idle.applied, idle.problems, idle.untouched) == ((), (), len(cases))
    assert {t.number: t for t in flow.tickets()} == before
    (home / "后.jpg").write_bytes(b"photo")
    filled = _filled(cases)
    done = apply_ledger(flow, fill_in(path, filled), by=KEEPER)
    assert (done.problems, done.untouched) == ((), len(cases) - len(filled))
    assert {a.number: a.action for a in done.applied} == {n: cells["操作"] for n, cells in filled.items()}
    after = {t.number: t for t in flow.tickets()}
    for number, case in cases.items():
        assert after[number].rev == before[number].rev + (number in filled)
        state = STEPS[int(case["stage"])][2] if case["fill"] == "step" else before[number].state
        assert after[number].state == state
        untold = {"responsible_person", "due_on", "measures", "completed_on", "supervising_leader", "issuing_unit"}
        kept = {k: v for k, v in before[number].fields.items() if k not in untold}
        assert kept == {k: v for k, v in after[number].fields.items() if k not in untold}
    again = apply_ledger(flow, path, by=KEEPER)
    assert (again.applied, again.refused, again.untouched) == ((), len(filled), len(cases) - len(filled))
    assert {t.number: t for t in flow.tickets()} == after
