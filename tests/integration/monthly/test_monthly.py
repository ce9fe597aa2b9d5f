"""The monthly report: on its day, once, into files and before the signatory; again by hand as a new edition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import delete

from rectiflow import Rectiflow
from rectiflow._monthly import KIND, LEASE, MadeReport, close_months, make_monthly
from rectiflow.engine.errors import InputUnusable
from rectiflow.reports import Period, PeriodUnknown
from rectiflow.storage import queries, reports
from rectiflow.storage.reports import MADE, MAKING, Edition
from rectiflow.storage.tables import table

GoTo = Callable[..., None]
KEEPER = "安全股股长"
FIRST_WORKDAY = date(2024, 10, 8)  # after the National Day holidays


@pytest.fixture
def hazards(flow: Rectiflow) -> Rectiflow:
    """The district with three hazards of 2 September."""
    return _with_hazards(flow)


def _with_hazards(flow: Rectiflow) -> Rectiflow:
    for index in range(3):
        _report(flow, f"第{index + 1}处通道堵塞")
    return flow


def _report(flow: Rectiflow, description: str) -> None:
    flow.report(
        "hazard", by=KEEPER, source="bureau", found_on=flow.today(), category="消防安全", unit="示例一镇第一小学",
        description=description,
    )  # fmt: skip


def _editions(flow: Rectiflow) -> list[Edition]:
    return reports.editions(flow.store.engine, flow.district, KIND)


def _told(flow: Rectiflow) -> list[dict[str, Any]]:
    messages = queries.messages(flow.store.engine, flow.district)
    return [m for m in messages if m["template"] == "report_ready"]


def _claimed(flow: Rectiflow, **changes: Any) -> Edition:
    """Claim September's report for a maker who then does nothing."""
    edition = Edition(
        district=flow.district, kind=KIND, period="2024-09", edition=1, status=MAKING, cutoff_at=flow.now(),
        owner="另一台机器", lease_until=flow.now() + LEASE,
    )  # fmt: skip
    assert reports.claim(flow.store.engine, replace(edition, **changes))
    return edition


def test_on_the_first_working_day_and_once(anywhere: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """September's report is made on 8 October, after the holidays; asked again it is made, and on either database."""
    flow = _with_hazards(anywhere)
    for day in (date(2024, 9, 30), date(2024, 10, 7)):
        go_to(flow, day)
        assert close_months(flow, folder) == []
    go_to(flow, FIRST_WORKDAY)
    (made,) = close_months(flow, folder)
    assert (made.period, made.edition, made.late, made.problems) == ("2024-09", 1, False, ())
    assert [p.name for p in made.paths] == ["LZH-月报-2024-09.docx", "LZH-月报-2024-09.html"]
    assert (made.figures.base, made.figures.new) == (3, 3)
    assert "（2024年9月）" in made.paths[1].read_text("utf-8")
    assert made.paths[0].read_bytes().startswith(b"PK")
    assert close_months(flow, folder) == []
    (kept,) = _editions(flow)
    assert (kept.status, kept.owner, kept.made_at, kept.paths) == (MADE, None, flow.now(), tuple(map(str, made.paths)))


def test_put_before_the_signatory(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """The leader gets one message with the period and the figures."""
    go_to(hazards, FIRST_WORKDAY)
    close_months(hazards, folder)
    (message,) = _told(hazards)
    assert message["recipient"] in hazards.directory().holders("bureau_leader", None, hazards.today())
    assert message["params"]["period"] == "2024年9月"
    assert "新增校园安全隐患3项" in message["params"]["lines"]
    assert "文件：LZH-月报-2024-09.docx、LZH-月报-2024-09.html" in message["params"]["lines"]


def test_nobody_to_sign(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """Where nobody is the leader the report is made, and an incident says that nobody signs it."""
    holding = table("holding")
    leader = hazards.directory().holders("bureau_leader", None, hazards.today())
    with hazards.store.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(delete(holding).where(holding.c.person.in_(leader)))
    hazards.refresh()
    go_to(hazards, FIRST_WORKDAY)
    assert len(close_months(hazards, folder)) == 1
    (incident,) = queries.incidents(hazards.store.engine, hazards.district)
    assert "无人签发" in incident["message"]


def test_a_missed_month_is_made_late_and_says_so(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """After downtime every month is made in order; those past their day say 补报, the last one is in time."""
    go_to(hazards, date(2024, 12, 2))
    made = close_months(hazards, folder)
    assert [(m.period, m.late) for m in made] == [("2024-09", True), ("2024-10", True), ("2024-11", False)]
    assert "（2024年9月，补报）" in made[0].title
    assert "未按时生成" in made[0].paths[1].read_text("utf-8")
    assert [m.figures.carried_over for m in made] == [0, 3, 3]


def test_months_before_the_first_hazard_are_not_made(flow: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """Before anything is on record there is nothing to report."""
    go_to(flow, FIRST_WORKDAY)
    assert close_months(flow, folder) == []
    _report(flow, "配电箱无门")
    go_to(flow, date(2024, 11, 1))
    assert [m.period for m in close_months(flow, folder)] == ["2024-10"]


def test_the_office_closes_on_the_25th(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """With a closing day the month ends there: September's report is due on the 26th."""
    go_to(hazards, date(2024, 9, 26))
    (made,) = close_months(hazards, folder, closing_day=25)
    assert (made.period, made.late, made.figures.base) == ("2024-09", False, 3)


def test_two_workers_make_it_once(anywhere: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """Two workers at the same moment: one makes it, the other finds it taken."""
    flow = _with_hazards(anywhere)
    go_to(flow, FIRST_WORKDAY)
    url = flow.store.engine.url.render_as_string(hide_password=False)
    made, start = list[MadeReport](), Barrier(2)

    def work() -> None:
        with Rectiflow.open(url, clock=flow.clock) as other:
            start.wait()
            made.extend(close_months(other, folder))

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [m.period for m in made] == ["2024-09"]
    assert [(e.period, e.status) for e in _editions(flow)] == [("2024-09", MADE)]
    assert len(_told(flow)) == 1


def test_a_crashed_maker_is_taken_over(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """While its lease holds nobody touches the claim; afterwards somebody else makes the same edition."""
    go_to(hazards, FIRST_WORKDAY)
    _claimed(hazards)
    assert close_months(hazards, folder) == []
    go_to(hazards, FIRST_WORKDAY, 10)
    (made,) = close_months(hazards, folder)
    assert made.edition == 1
    (kept,) = _editions(hazards)
    assert (kept.status, kept.owner) == (MADE, None)


def test_who_lost_the_claim_finishes_nothing(hazards: Rectiflow) -> None:
    """A maker who was only slow, not dead, cannot finish or drop what was taken over."""
    edition = _claimed(hazards)
    engine, later = hazards.store.engine, hazards.now() + LEASE + timedelta(seconds=1)
    assert reports.take_over(engine, edition, owner="我", now=later, lease=LEASE)
    assert not reports.take_over(engine, edition, owner="他", now=later, lease=LEASE)
    assert not reports.finish(engine, edition, owner="另一台机器", made_at=later, paths=[])
    reports.drop(engine, edition, owner="另一台机器")
    assert [e.owner for e in _editions(hazards)] == ["我"]


def test_what_fails_becomes_an_incident_and_is_tried_again(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """A folder that cannot be written stops neither the worker nor the next attempt."""
    go_to(hazards, FIRST_WORKDAY)
    folder.write_text("不是文件夹")
    assert close_months(hazards, folder) == []
    (incident,) = queries.incidents(hazards.store.engine, hazards.district)
    assert incident["message"].startswith("2024年9月月报没有做成，下次再试：不能")
    assert _editions(hazards) == []
    folder.unlink()
    assert [m.edition for m in close_months(hazards, folder)] == [1]


def test_by_hand_each_time_a_new_edition(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """A preview, the report of the day, a correction: three editions, three files, none overwritten."""
    preview = make_monthly(hazards, "2024-09", folder=folder, by=KEEPER, formats=("html",))
    assert (preview.edition, preview.period, _told(hazards)) == (1, "2024-09", [])
    before = preview.paths[0].read_bytes()
    go_to(hazards, FIRST_WORKDAY)
    (made,) = close_months(hazards, folder, formats=("html",))
    again = make_monthly(hazards, Period.parse("2024-09"), folder=folder, by=KEEPER, formats=("html",))
    assert [m.paths[0].name for m in (preview, made, again)] == [
        "LZH-月报-2024-09.html", "LZH-月报-2024-09-第2版.html", "LZH-月报-2024-09-第3版.html",
    ]  # fmt: skip
    assert "（2024年9月，第3版）" in again.title
    assert preview.paths[0].read_bytes() == before
    assert len(_told(hazards)) == 2
    assert close_months(hazards, folder) == []


def test_made_by_hand_on_the_day_it_is_made(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """Somebody was faster than the machine: the closed month has its report and gets no second one."""
    go_to(hazards, FIRST_WORKDAY)
    make_monthly(hazards, "2024-09", folder=folder, by=KEEPER)
    assert close_months(hazards, folder) == []
    assert len(_told(hazards)) == 1


def test_figures_as_of_a_cut_off(hazards: Rectiflow, go_to: GoTo, folder: Path) -> None:
    """What was recorded after the cut-off is not in the figures, however much later the report is made."""
    cutoff = hazards.now()
    go_to(hazards, date(2024, 9, 20))
    _report(hazards, "围栏破损")
    made = make_monthly(hazards, "2024-09", folder=folder, cutoff=cutoff)
    assert (made.figures.base, make_monthly(hazards, "2024-09", folder=folder).figures.base) == (3, 4)


def test_into_a_file_of_ones_own(hazards: Rectiflow, folder: Path) -> None:
    """A file may be named; its ending chooses the format, and an existing one is never overwritten."""
    out = folder / "九月.html"
    made = make_monthly(hazards, "2024-09", folder=folder, out=out)
    assert made.paths == (out,)
    with pytest.raises(InputUnusable, match="已经有了，不覆盖"):
        make_monthly(hazards, "2024-09", folder=folder, out=out)
    with pytest.raises(InputUnusable, match=r"只能写成 \.docx 或 \.html"):
        make_monthly(hazards, "2024-09", folder=folder, out=folder / "九月.pdf")
    assert len(_editions(hazards)) == 1


def test_what_cannot_be_made_leaves_nothing(hazards: Rectiflow, folder: Path) -> None:
    """A cut-off in the future, or before the period, is refused; no edition is used up."""
    with pytest.raises(InputUnusable, match="截止时间在将来"):
        make_monthly(hazards, "2024-09", folder=folder, cutoff=hazards.now() + timedelta(days=1))
    with pytest.raises(PeriodUnknown):
        make_monthly(hazards, "2024-12", folder=folder)
    with pytest.raises(PeriodUnknown):
        make_monthly(hazards, "九月", folder=folder)
    assert (_editions(hazards), folder.exists()) == ([], False)
