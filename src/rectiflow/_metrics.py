"""What a worker shows to Prometheus: figures read from the database when asked, and what it has counted itself."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rectiflow._health import alive, patience
from rectiflow._heart import real_now
from rectiflow.engine.errors import RectiflowError, WorkplaceError, os_reason
from rectiflow.storage import workers

if TYPE_CHECKING:
    from prometheus_client import Metric

    from rectiflow._tally import Tally
    from rectiflow._workplace import Workplace

__all__ = ["shown"]

log = logging.getLogger("rectiflow.metrics")

_REASONS = {errno.EADDRINUSE: "已被别的程序占用", errno.EADDRNOTAVAIL: "本机没有这个地址"}
_COUNTERS = {
    "fired": "Timers fired by this worker.",
    "steps": "Ladder steps crossed by the timers this worker fired.",
    "failed": "Timers that could not be carried out.",
    "sent": "Messages sent by this worker.",
    "dead": "Messages given up by this worker.",
}


@contextmanager
def shown(place: Workplace, tally: Tally) -> Generator[None]:
    """Serve the page while the block runs, where the settings name a port.

    Raises:
        WorkplaceError: the package is not installed, or the port cannot be had.
    """
    worker = place.settings.worker
    if not worker.metrics_port:
        yield
        return
    stop = _serve(place, tally, worker.metrics_host, worker.metrics_port)
    log.info("监控指标：http://%s:%s/metrics", worker.metrics_host, worker.metrics_port)
    try:
        yield
    finally:
        stop()


class _Page:
    """Collects everything anew for each request; a database that is away is a figure too."""

    def __init__(self, place: Workplace, tally: Tally) -> None:
        self._place = place
        self._tally = tally

    def describe(self) -> Iterable[Metric]:
        """Promise nothing beforehand, so that registering does not ask the database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Return what the page shows."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for name, said in _COUNTERS.items():
            yield CounterMetricFamily(f"rectiflow_{name}", said, value=self._tally.counts()[name])
        beats = CounterMetricFamily(
            "rectiflow_beats",
            "Beats of this worker's jobs: done, error, missed, overlapped.",
            labels=["job", "outcome"],
        )
        for labels, count in sorted(self._tally.beats().items()):
            beats.add_metric(labels, count)
        yield beats
        found = self._figures()
        yield GaugeMetricFamily("rectiflow_database_up", "Whether the database answers.", value=bool(found))
        for name, (said, value) in found.items():
            yield GaugeMetricFamily(f"rectiflow_{name}", said, value=value)

    def _figures(self) -> dict[str, tuple[str, float]]:
        flow = self._place.flow
        try:
            now = flow.now()
            figures = workers.figures(flow.store.engine, flow.district, now=now)
            present, limit = real_now(flow), patience(self._place)
            living = sum(alive(w, present, limit) for w in workers.workers(flow.store.engine, flow.district))
        except RectiflowError as exc:
            log.warning("监控指标读不了数据库：%s", exc)
            return {}
        oldest = (now - figures.oldest).total_seconds() if figures.oldest else 0.0
        return {
            "timers_due": ("Timers that are due.", figures.due),
            "timers_late": ("Timers that have been due for more than 5 minutes.", figures.late),
            "oldest_due_seconds": ("For how long the oldest due timer has been due.", oldest),
            "outbox_waiting": ("Messages that wait in the outbox.", figures.waiting),
            "outbox_dead": ("Messages that were not delivered.", figures.dead),
            "incidents_open": ("Incidents that wait for a person.", figures.incidents),
            "workers_alive": ("Workers that have beaten lately.", living),
        }


def _serve(place: Workplace, tally: Tally, host: str, port: int) -> Callable[[], None]:
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as exc:
        raise WorkplaceError(
            "设置了 [worker] metrics_port，但没有安装 prometheus-client；"
            "请运行 pip install 'rectiflow[metrics]'，或把 metrics_port 改为 0。"
        ) from exc
    registry = CollectorRegistry(auto_describe=False)
    page: Any = _Page(place, tally)
    registry.register(page)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as exc:
        reason = _REASONS.get(exc.errno or 0) or os_reason(exc)
        raise WorkplaceError(f"监控指标的地址 {host}:{port} 用不了：{reason}；请改 [worker] metrics_port。") from exc

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
