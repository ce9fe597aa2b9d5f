"""The one message about a ledger that was taken over: to the Safety Section, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rectiflow.engine.decision import Decision, MessageDraft
from rectiflow.engine.values import as_date

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.intake import LedgerFile

__all__ = ["summary"]

ROLE = "safety_section"
TEMPLATE = "import_summary"


def summary(flow: Rectiflow, file: LedgerFile, entered: Sequence[Decision], key: str) -> list[MessageDraft]:
    """Write the summary to each holder of the Safety Section; single hazards are not described."""
    directory = flow.directory()
    lines = "\n".join((f"台账：{file.path.name}", *_lines(flow, entered)))
    params = {"district_name": directory.district.name, "count": len(entered), "lines": lines}
    return [
        MessageDraft(
            key=f"{key}:{person}",
            recipient=person,
            template=TEMPLATE,
            params={**params, "recipient": directory.person_name(person)},
        )
        for person in directory.holders(ROLE, None, flow.today())
    ]


def _lines(flow: Rectiflow, entered: Sequence[Decision]) -> Iterator[str]:
    tickets, today = [d.ticket for d in entered], flow.today()
    library = flow.library.latest
    states = Counter(library[t.workflow].states[t.state].title for t in tickets)
    yield "、".join(f"{title}{count}条" for title, count in states.most_common())
    working = [
        t for t in tickets if library[t.workflow].states[t.state].stage in ("reported", "assigned", "rectifying")
    ]
    dates = [as_date(t.marks.get("due_on")) for t in working if not t.marks.get("applied_on")]
    notable = {
        "已过整改时限": sum(day is not None and day < today for day in dates),
        "未定整改时限": sum(day is None for day in dates),
        "没有整改责任人": sum(not t.fields.get("responsible_person") for t in working),
        "重大隐患": sum(t.severity == "major" for t in tickets),
        "挂牌督办": sum(t.listed is not None for t in tickets),
        "受限类别": sum(t.restricted for t in tickets),
    }
    said = [f"{name}{count}条" for name, count in notable.items() if count]
    if said:
        yield f"其中：{'、'.join(said)}"
