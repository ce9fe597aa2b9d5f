"""What is wrong with the workplace itself and lasts: one open incident for each thing, which tells the present cause."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rectiflow.engine.decision import IncidentDraft
from rectiflow.engine.errors import RectiflowError
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace

__all__ = ["INBOX", "TEMPLATES", "over", "stand", "standing", "tell_templates", "watched_inbox"]

TEMPLATES, INBOX = "templates", "inbox"
_MOST_PROBLEMS = 5  #: of templates, told in the incident; all of them are told by `template check`

log = logging.getLogger(__name__)


def stand(flow: Rectiflow, key: str, said: str) -> bool:
    """Open the incident of a lasting fault, or let the open one tell the present cause; False when it does already."""
    if standing(flow, key) == said:
        return False
    flow.store.raise_incident(flow.district, IncidentDraft(key=key, kind="setup", message=said), now=flow.now())
    queries.retell(flow.store.engine, flow.district, f":{key}", said)
    return True


def over(flow: Rectiflow, key: str) -> None:
    """Close the incident of a fault that is mended."""
    queries.settle_incidents(flow.store.engine, flow.district, [f":{key}"], now=flow.now())


def standing(flow: Rectiflow, key: str) -> str | None:
    """Return what the open incident of a lasting fault says; None when there is none."""
    return queries.told(flow.store.engine, flow.district, f":{key}")


@contextmanager
def watched_inbox(flow: Rectiflow) -> Generator[None]:
    """Have an incident stand open while mails cannot be collected, and close it with the next collection that works."""
    try:
        yield
    except RectiflowError as exc:
        stand(flow, INBOX, f"收不到信，学校的答复和退信没有人看到：{exc}")
        raise
    over(flow, INBOX)


def tell_templates(place: Workplace) -> None:
    """Say which of the district's templates are set aside, in the log and as an incident; close it when none is."""
    problems = place.template_problems
    if not problems:
        over(place.flow, TEMPLATES)
        return
    told = "；".join(map(str, problems[:_MOST_PROBLEMS]))
    more = "" if len(problems) <= _MOST_PROBLEMS else "；其余见 rectiflow template check"
    said = f"消息模板有 {len(problems)} 处错误，这些场合先用内置的文字：{told}{more}。请改正后重新启动 rectiflow run。"
    if stand(place.flow, TEMPLATES, said):
        log.warning("%s", said)
