"""The plain text of a paper, for reading on the screen before it is signed; the printed form comes from the reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from rectiflow._desk import PaperView
    from rectiflow._views import TicketLine

    from ._context import Session

__all__ = ["paper_text"]

_INDENT = "\u3000\u3000"


def paper_text(made: Session, paper: PaperView, entry: TicketLine) -> str:
    """Return the paper as it would be read: heading, addressee, what was found, what is demanded, who signs."""
    number = paper.paper or "文号在签发时取"
    head = (f"【{paper.status_title}】{number}", "", f"{_INDENT * 2}{paper.level or ''}{paper.title}", "")
    body = _listing(made, paper, entry) if paper.kind == "listing_notice" else _letter(made, entry)
    paragraphs = (f"{_INDENT}{text}" for text in (_found(entry), *body))
    return "\n".join((*head, f"{paper.unit or '（责任单位未定）'}：", *paragraphs, "", *_foot(made, paper)))


def _found(entry: TicketLine) -> str:
    from rectiflow.engine.moments import chinese_date

    place = f"{entry.place}，" if entry.place else ""
    found = f"{chinese_date(entry.found_on)}排查发现，" if entry.found_on else ""
    return f"{found}你单位存在以下安全隐患：{place}{entry.description.rstrip('。')}（编号 {entry.number}，类别：{entry.category or '—'}）。"


def _listing(made: Session, paper: PaperView, entry: TicketLine) -> Iterator[str]:
    yield f"{_late(made, entry)}经批准，决定对该隐患实行{paper.level or ''}挂牌督办。请你单位："
    yield "一、立即采取临时管控措施，整改期间确保安全；"
    yield f"二、{_until(entry)}，明确责任人，落实整改措施和资金；"
    yield "三、整改完成后及时申请验收；未经挂牌单位验收合格并批准摘牌，不得销号。"


def _letter(made: Session, entry: TicketLine) -> Iterator[str]:
    yield f"{_late(made, entry)}现予督办。请你单位立即采取临时管控措施，查明原因，抓紧整改，整改完成后及时申请复查，并将进展情况报安全股。"
    yield "逾期仍不整改的，将按规定挂牌督办。"


def _late(made: Session, entry: TicketLine) -> str:
    from rectiflow.engine.moments import chinese_date

    if entry.due_on is None:
        return ""
    days = (made.flow.today() - entry.due_on).days
    overdue = f"，至今已逾期{days}天，尚未完成整改" if entry.overdue else ""
    return f"该隐患的整改时限为{chinese_date(entry.due_on)}{overdue}。"


def _until(entry: TicketLine) -> str:
    if entry.overdue or entry.due_on is None:
        return "抓紧整改"
    return "按原定整改时限完成整改"


def _foot(made: Session, paper: PaperView) -> Iterator[str]:
    yield f"{_INDENT * 6}{made.flow.directory().district.name}"
    if paper.signed_on is not None:
        yield f"{_INDENT * 6}{_date(paper.signed_on)}"
        yield f"签发：{paper.signed_by}"
    else:
        yield f"拟稿：{_date(paper.drafted_on)}"
        yield f"待签发：{'、'.join(paper.signers) or f'{paper.signer}（岗位空缺，请补人员）'}"


def _date(day: date) -> str:
    from rectiflow.engine.moments import chinese_date

    return chinese_date(day)
