"""What an ordinary run says of itself: short lines for people, JSON for programs."""

from __future__ import annotations

import json
import re

from rich.cells import cell_len

from rectiflow._messages import outbox
from rectiflow._workplace import Workplace
from support.stores import rows
from support.workplaces import assigned, rectiflow_process, stop, wait_until

LATER = "2024-09-16T09:30"  # the tickets were due on 12 September


def _lines(place: Workplace, *words: str) -> list[str]:
    """Run until what is due is done and sent; return what was logged."""
    assigned(place, 2)
    engine = place.flow.store.engine
    with rectiflow_process(place.folder, ["--now", LATER, "run", *words]) as process:
        wait_until(lambda: len(rows(engine, "SELECT 1 FROM rectiflow_timer WHERE status = 'fired'")) >= 4)
        wait_until(lambda: not outbox(place.flow, status="waiting"))
        code, errors = stop(process)
    assert code == 0
    return errors.splitlines()


def test_lines_for_people(place: Workplace) -> None:
    """Local time first, Chinese after it, no level and no logger, at most 80 columns but for the database's address."""
    lines = _lines(place)
    assert all(re.match(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [一-鿿]", line) for line in lines)
    assert not [line for line in lines if "[" in line or "rectiflow." in line.replace("rectiflow.db", "")]
    assert not [line for line in lines if cell_len(line) > 80 and "数据库“" not in line]
    assert any("到期 " in line and "逐级督办" in line for line in lines)
    assert any("消息：发出 " in line for line in lines)
    assert lines[-1].endswith("已停止，手头的事都办完了")


def test_lines_for_programs(place: Workplace) -> None:
    """The same as JSON, each with level, logger and an instant in UTC."""
    told = [json.loads(line) for line in _lines(place, "--json-log")]
    assert {frozenset(line) for line in told} == {frozenset({"event", "level", "logger", "timestamp"})}
    assert all(line["timestamp"].endswith("Z") for line in told)
