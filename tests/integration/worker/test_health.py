"""Whether the time is kept: what `rectiflow health` says to supervisors and to people."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rectiflow._clock import SetClock
from rectiflow._health import examine
from rectiflow._heart import Heart, real_now
from rectiflow._worker import beat
from rectiflow._workplace import Workplace, make_workplace
from rectiflow.engine.decision import IncidentDraft
from rectiflow.storage import workers
from support.workplaces import assigned, rectiflow_process, sample_workplace, stop, wait_until

DATABASES = ("sqlite",)  #: the queries behind are tested on both in tests/integration/storage/test_workers.py


def _asked(folder: Path, *words: str) -> tuple[int, str, str]:
    with rectiflow_process(folder, ["health", *words]) as process:
        out, errors = process.communicate(timeout=60)
    return process.returncode, out, errors


def test_a_worker_lives_and_leaves(place: Workplace) -> None:
    """Nobody at first; a running worker is healthy; stopped, the answer says when and what to do."""
    code, out, errors = _asked(place.folder)
    assert (code, errors) == (1, "")
    assert out.startswith("不正常：\n  · 没有 rectiflow run 在运行，一天内也没有运行过")
    with rectiflow_process(place.folder, ["run"]) as process:
        wait_until(lambda: examine(place).healthy)
        code, out, _ = _asked(place.folder, "--here", "--json")
        told = json.loads(out)
        assert (code, told["healthy"], told["problems"]) == (0, True, [])
        assert [w["pid"] for w in told["workers"]] == [process.pid]
        assert stop(process)[0] == 0
    code, out, _ = _asked(place.folder)
    assert code == 1
    assert "正常停止），提醒和督办都停着；请启动它（rectiflow run，或 systemctl start rectiflow）。" in out


def test_a_worker_is_dead_after_three_missed_beats(place: Workplace) -> None:
    """With a beat each 30 seconds it counts as alive for 90; with one each minute, for three."""
    flow = place.flow
    heart = Heart(flow)
    heart.beat()
    (worker,) = workers.workers(flow.store.engine, flow.district)
    _born(place, seconds=80)
    assert [w.seconds_ago in (80, 81, 82) for w in examine(place).workers] == [True]
    _born(place, seconds=100)
    found = examine(place)
    assert (found.healthy, found.workers) == (False, ())
    assert f"最近的一个在 {worker.host}，" in found.problems[0]
    assert "之后没有动静" in found.problems[0]
    slower = place.settings.worker.model_copy(update={"tick_seconds": 60.0})
    patient = dataclasses.replace(place, settings=place.settings.model_copy(update={"worker": slower}))
    assert examine(patient).healthy
    patient.flow.close()


def _born(place: Workplace, *, seconds: int, host: str | None = None) -> None:
    """Let the only worker have beaten some time ago."""
    flow = place.flow
    (worker,) = workers.workers(flow.store.engine, flow.district)
    beat = replace(worker, beat_at=real_now(flow) - timedelta(seconds=seconds), host=host or worker.host)
    workers.beat(flow.store.engine, beat)


def test_here_counts_this_host_alone(place: Workplace) -> None:
    """A worker elsewhere keeps the time, but is none of this container."""
    flow = place.flow
    now = real_now(flow)
    other = workers.Worker(
        owner=f"{flow.district}/1-x", host="别处", pid=1, version="0.1.0", started_at=now, beat_at=now
    )
    workers.beat(flow.store.engine, other)
    assert examine(place).healthy
    found = examine(place, here=True)
    assert not found.healthy
    assert found.problems[0].startswith("本机（")


def test_what_is_late_is_said(place: Workplace) -> None:
    """Timers due for more than five minutes make it unhealthy though a worker lives; the oldest is named."""
    assigned(place, 2)
    Heart(place.flow).beat()
    assert examine(place).healthy
    assert isinstance(place.clock, SetClock)
    place.clock.forward(days=14)
    found = examine(place)
    assert (found.healthy, found.timers_due, found.timers_late) == (False, 4, 4)
    assert found.problems[0].startswith("有 4 项定时任务过了 5 分钟还没有办，最早的一项 2024-09-0")
    place.flow.tick()
    found = examine(place)
    assert (found.healthy, found.timers_due, found.oldest_due_at) == (True, 0, None)
    assert found.outbox_waiting


def test_what_needs_a_person_is_a_note(place: Workplace) -> None:
    """Restarting mends neither a wrong address nor an empty post: both are told, neither is unhealthy."""
    flow = place.flow
    Heart(flow).beat()
    flow.store.raise_incident(flow.district, IncidentDraft(key="k", kind="nobody", message="岗位空缺"), now=flow.now())
    found = examine(place)
    assert (found.healthy, found.incidents_open) == (True, 1)
    assert found.notes == ("有 1 件待处理事项，请安全股看 rectiflow incident list。",)


def test_a_service_account_without_a_person_may_ask(tmp_path: Path) -> None:
    """In a workplace in earnest the account of the service stands in no list of persons; it is answered all the same."""
    make_workplace(tmp_path / "office", code="420702", prefix="LZH", name="某某区教育局")
    code, out, errors = _asked(tmp_path / "office", "--json")
    assert (code, errors, json.loads(out)["timers_due"]) == (1, "", 0)


@pytest.mark.parametrize("as_json", [False, True])
def test_a_database_that_is_away_is_unhealthy(tmp_path: Path, *, as_json: bool) -> None:
    """The sentence about the database is the problem; a program gets it as JSON too."""
    place = sample_workplace(tmp_path / "place")
    place.flow.close()
    away = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=2"
    with rectiflow_process(place.folder, ["--db", away, "health", *(["--json"] if as_json else [])]) as process:
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")
    said = json.loads(out)["problems"][0] if as_json else out
    assert "连不上；请核对地址" in said


def test_ticks_run_by_a_timer_count_too(place: Workplace) -> None:
    """Where cron runs `rectiflow tick`, that keeps the time: seen for as long as three of the intervals set."""
    code, out, _ = _asked(place.folder)
    assert code == 1
    beat(place)
    code, out, _ = _asked(place.folder)
    assert code == 0
    assert "定时的 rectiflow tick（" in out
    (row,) = workers.workers(place.flow.store.engine, place.flow.district)
    beat(place)
    assert len(workers.workers(place.flow.store.engine, place.flow.district)) == 1
    workers.beat(place.flow.store.engine, replace(row, beat_at=real_now(place.flow) - timedelta(seconds=1000)))
    assert not examine(place).healthy
    rare = place.settings.worker.model_copy(update={"tick_seconds": 600.0})
    patient = dataclasses.replace(place, settings=place.settings.model_copy(update={"worker": rare}))
    assert [w.timed for w in examine(patient).workers] == [True]
    patient.flow.close()


def test_a_neighbour_s_workers_are_no_help(place: Workplace) -> None:
    """Another district of the same database is served: its workers and its delays are its own."""
    flow, now = place.flow, real_now(place.flow)
    theirs = workers.Worker(owner="990000/1-x", host="别处", pid=1, version="0.1.0", started_at=now, beat_at=now)
    workers.beat(flow.store.engine, theirs)
    found = examine(place)
    assert (found.healthy, found.workers) == (False, ())
