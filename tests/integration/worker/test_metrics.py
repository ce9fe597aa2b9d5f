"""What a worker shows to Prometheus, and what it counts of its own beats."""

from __future__ import annotations

import dataclasses
import socket
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rectiflow._clock import SetClock
from rectiflow._metrics import shown
from rectiflow._tally import Tally
from rectiflow._worker import Worker
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from support.workers import working
from support.workplaces import assigned, rectiflow_process, sample_workplace, stop, wait_until

LATER = "2024-09-16T09:30"  # the tickets were due on 12 September


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _scraped(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as page:
        families = text_string_to_metric_families(page.read().decode())
    return {_name(sample): sample.value for family in families for sample in family.samples}


def _name(sample: Any) -> str:
    labels = ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else str(sample.name)


def _with(place: Workplace, **settings: float) -> Workplace:
    """Return the workplace with other settings of the worker; it opens the database anew."""
    worker = place.settings.worker.model_copy(update=settings)
    return dataclasses.replace(place, settings=place.settings.model_copy(update={"worker": worker}))


def test_the_page_shows_the_database_and_the_worker(place: Workplace) -> None:
    """A running worker's page: what waits now, who lives, what it has done, each beat by job and outcome."""
    assigned(place, 3)
    port = _free_port()
    variables = {"RECTIFLOW_WORKER__METRICS_PORT": str(port)}
    with rectiflow_process(place.folder, ["--now", LATER, "run"], variables=variables) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(lambda: _scraped(port)["rectiflow_fired_total"] >= 6)
        wait_until(lambda: _scraped(port)["rectiflow_outbox_waiting"] == 0)
        wait_until(lambda: _scraped(port)["rectiflow_sent_total"] > 0)  # counted when the pass that sent them ends
        page = _scraped(port)
        code, errors = stop(process)
    assert (code, f"监控指标：http://127.0.0.1:{port}/metrics" in errors) == (0, True)
    assert page["rectiflow_database_up"] == page["rectiflow_workers_alive"] == 1
    assert page["rectiflow_timers_due"] == page["rectiflow_timers_late"] == page["rectiflow_oldest_due_seconds"] == 0
    assert page["rectiflow_outbox_dead"] == page["rectiflow_failed_total"] == page["rectiflow_dead_total"] == 0
    assert page["rectiflow_steps_total"] >= 6
    assert page["rectiflow_beats_total{job=tick,outcome=done}"] >= 1
    assert "rectiflow_incidents_open" in page


def test_what_waits_is_read_when_asked(tmp_path: Path) -> None:
    """No worker fires here: the page shows how much is due, how late, and for how long."""
    place = _with(sample_workplace(tmp_path / "place"), metrics_port=_free_port())
    assigned(place, 2)
    assert isinstance(place.clock, SetClock)
    with shown(place, Tally()):
        place.clock.forward(days=14)
        page = _scraped(place.settings.worker.metrics_port)
        assert (page["rectiflow_timers_due"], page["rectiflow_timers_late"]) == (4, 4)
        assert page["rectiflow_oldest_due_seconds"] > 86400
        assert (page["rectiflow_outbox_waiting"] > 0, page["rectiflow_workers_alive"]) == (True, 0)
    place.flow.close()


def test_a_database_that_is_away_is_a_figure(tmp_path: Path) -> None:
    """The page is served all the same: the database is down, what the worker counted is there."""
    place = _with(sample_workplace(tmp_path / "place"), metrics_port=_free_port())
    tally = Tally()
    tally.add(fired=2)
    place.flow.directory()
    with shown(place, tally):
        (tmp_path / "place" / "rectiflow.db").rename(tmp_path / "away.db")
        place.flow.store.engine.dispose()
        (tmp_path / "place" / "rectiflow.db").mkdir()
        page = _scraped(place.settings.worker.metrics_port)
    assert (page["rectiflow_database_up"], page["rectiflow_fired_total"]) == (0, 2)
    assert "rectiflow_timers_due" not in page
    place.flow.close()


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    """Two workers with one port: the second says which setting to change."""
    place = sample_workplace(tmp_path / "place")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with (
            pytest.raises(
                WorkplaceError, match=rf"127.0.0.1:{port} 用不了：已被别的程序占用；请改 \[worker\] metrics_port"
            ),
            shown(_with(place, metrics_port=port), Tally()),
        ):
            pass
    place.flow.close()


def test_without_the_package_one_sentence(tmp_path: Path) -> None:
    """A port is set and the package is not there: what to install, exit code 1; without a port nobody asks for it."""
    place = sample_workplace(tmp_path / "place")
    place.flow.close()
    program = "import sys\nsys.modules['prometheus_client'] = None\nfrom rectiflow.cli import main\nmain()\n"
    variables = {"RECTIFLOW_WORKER__METRICS_PORT": str(_free_port())}
    with rectiflow_process(place.folder, ["run"], program=program, variables=variables) as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "没有安装 prometheus-client；请运行 pip install 'rectiflow[metrics]'，或把 metrics_port 改为 0。" in errors
    assert "Traceback" not in errors
    with rectiflow_process(place.folder, ["run"], program=program) as process:
        assert process.stdout is not None
        assert "已开始运行" in process.stdout.readline()
        assert stop(process)[0] == 0


# beats ------------------------------------------------------------------------------------------------------------


class _Odd(Worker):
    """A worker whose look for what is due takes until it is let go, and whose sending ends its thread."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(place)
        self.let_go = threading.Event()

    def tick(self) -> None:
        """Wait."""
        self.let_go.wait(30)

    def send(self) -> None:
        """End the thread, which is more than an error."""
        raise SystemExit(3)

    def reports(self) -> None:
        """Fail."""
        raise ValueError("kaputt")


def test_beats_that_go_wrong_are_counted_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What overlaps, fails or breaks off reaches the counters and the log, and the worker goes on."""
    often = {"tick_seconds": 0.05, "send_seconds": 0.05, "report_seconds": 0.05}
    place = _with(sample_workplace(tmp_path / "place"), **often)
    worker = _Odd(place)

    wanted = {("tick", "overlapped"), ("send", "error"), ("reports", "error"), ("beat", "done")}
    with working(worker):
        wait_until(lambda: wanted <= worker.tally.beats().keys())
        worker.let_go.set()
    said = {(r.levelname, r.getMessage()) for r in caplog.records if r.name == "rectiflow.worker"}
    assert ("WARNING", "到期检查：上一次还没有办完，这一次略过") in said
    assert ("ERROR", "发消息出错，下一次再试：SystemExit(3)") in said
    assert ("ERROR", "月报出错，下一次再试") in said
    worker.note("tick", "missed")
    assert worker.tally.beats()["tick", "missed"] == 1
    place.flow.close()
