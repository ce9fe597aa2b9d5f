"""A worker on PostgreSQL leaves the server's connections to others while it has nothing to do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import psycopg

from rectiflow._worker import Worker
from support.workers import working
from support.workplaces import assigned, sample_workplace, wait_until

BEATS = 12  #: of each job; more than the scheduler has threads, which each come to have done some
MOST = 4  #: connections of a worker that is idle, as deploy/README.md says
OURS = b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rectiflow'"


def test_a_worker_keeps_few_connections(tmp_path: Path, fresh_postgres_url: str) -> None:
    """After many beats in many threads, with things fired and sent between them, no more stay open than are said."""
    made = sample_workplace(tmp_path / "place", db=fresh_postgres_url)
    assigned(made, 3)
    made.flow.close()
    often = made.settings.worker.model_copy(update={"tick_seconds": 0.1, "send_seconds": 0.1, "report_seconds": 0.1})
    place = dataclasses.replace(made, settings=made.settings.model_copy(update={"worker": often}))
    worker = Worker(place)

    def beaten() -> bool:
        beats = worker.tally.beats()
        return all(beats.get((job, "done"), 0) >= BEATS for job in ("beat", "tick", "send", "reports"))

    with psycopg.connect(fresh_postgres_url.replace("+psycopg", ""), autocommit=True) as admin, working(worker):
        wait_until(beaten)
        wait_until(lambda: (admin.execute(OURS).fetchone() or (0,))[0] <= MOST, seconds=20)
    assert worker.tally.counts()["sent"] >= 3
    assert not any(outcome == "error" for _, outcome in worker.tally.beats())
    place.flow.close()
