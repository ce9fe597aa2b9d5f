"""The sentences of a paper that depend on its data; what does not stands in the template."""

from __future__ import annotations

from datetime import date

from .paper import FAILED, FORM_KINDS, PASSED, Paper, PaperItem
from .text import cn_date

#: Ends of an issuer's name, and how it speaks of itself in a letter.
_OURSELVES = (
    ("局", "我局"),
    ("股", "我股"),
    ("校", "我校"),
    ("学", "我校"),
    ("室", "我室"),
    ("办", "我办"),
    ("委会", "我会"),
)
_YOURSELVES = (
    ("幼儿园", "你园"),
    ("学校", "你校"),
    ("小学", "你校"),
    ("中学", "你校"),
    ("高中", "你校"),
    ("初中", "你校"),
)
_NO_DATE = "　　　　年　　月　　日"
_STANDINGS = {"draft": "拟稿，未签发", "withdrawn": "已撤稿"}


def number_line(paper: Paper) -> str:
    """Return the number as printed; a paper that is none, or no longer counts, says so in its place."""
    if paper.status == "void":
        return f"{paper.number}（作废）" if paper.number else "（作废）"
    if paper.status in _STANDINGS:
        return (
            "（未签批）" if paper.kind in FORM_KINDS and paper.status == "draft" else f"（{_STANDINGS[paper.status]}）"
        )
    return paper.number or ""


def mark(paper: Paper) -> str:
    """Return what stands in light grey across each page: 拟稿, 撤稿, 作废 or nothing.

    A form is printed to be signed by hand: unsigned, it is not marked.
    """
    marks = {"withdrawn": "撤稿", "void": "作废", "draft": "" if paper.kind in FORM_KINDS else "拟稿"}
    return marks.get(paper.status, "")


def ourselves(issuer: str) -> str:
    """Return how the issuer speaks of itself: 我局, 我校, …"""
    return next((word for end, word in _OURSELVES if issuer.endswith(end)), "我单位")


def yourselves(addressee: str) -> str:
    """Return how the unit is addressed: 你校, 你园, 你单位."""
    return next((word for end, word in _YOURSELVES if addressee.endswith(end)), "你单位")


def inspected(paper: Paper) -> str:
    """Tell when, by whom and how it was inspected: a sentence that goes on with what was found."""
    day = f"{cn_date(paper.found_on)}，" if paper.found_on else ""
    you, method = yourselves(paper.addressee), paper.method
    if paper.kind == "verification_opinion":
        listed = f"{paper.about}文书所列{you}隐患" if paper.about else f"{you}隐患"
        return f"{day}{_who(paper)}对{listed}的整改情况进行了复查"
    if "自查" in method:
        return f"{day}{you}自查"
    if not (paper.inspectors or paper.partners):
        return f"{day}经{_checked(method)}"
    return f"{day}{_who(paper)}对{you}开展了{_checked(method)}"


def _checked(method: str) -> str:
    if not method:
        return "安全检查"
    return method if method.endswith(("检查", "排查", "督查", "抽查", "暗访", "评估", "巡查")) else f"{method}检查"


def _who(paper: Paper) -> str:
    """Name the inspectors, and who came along."""
    us = ourselves(paper.issuer)
    own = f"{us}{paper.inspectors}" if paper.inspectors else us
    return f"{own}会同{paper.partners}" if paper.partners else own


def corrected(paper: Paper) -> str:
    """Name the paper that a correction corrects."""
    return f"{paper.about}文书" if paper.about else "此前发出的文书"


def until(paper: Paper) -> str:
    """Tell until when all must be done: one date, or the dates in the table."""
    days = {item.due_on for item in paper.items}
    only = next(iter(days)) if len(days) == 1 else None
    return f"{cn_date(only)}前" if only else "表中所列时限内"


def overdue_days(item: PaperItem, day: date) -> int:
    """Return by how many days the item is overdue on `day`; 0 if it is not, or has no deadline."""
    return max((day - item.due_on).days, 0) if item.due_on else 0


def lateness(paper: Paper) -> str:
    """Tell how many items are past their deadline on the paper's day."""
    day = paper.signed_on or paper.drafted_on
    late = [days for days in (overdue_days(item, day) for item in paper.items) if days]
    if not late:
        return "尚未完成整改"
    span = f"{min(late)}天" if min(late) == max(late) else f"{min(late)}天至{max(late)}天"
    if len(late) == len(paper.items):
        return f"已超过整改时限{span}，至今尚未完成整改"
    return f"尚未完成整改，其中{len(late)}项已超过整改时限{span}"


def summing_up(paper: Paper) -> str:
    """Sum up a re-inspection: how many passed, how many failed and which, how many were not looked at."""
    if len(paper.items) == 1:
        verdict = paper.items[0].verdict
        return f"经复查，该项隐患整改{verdict}" if verdict else "该项隐患本次未复查"
    groups = ((verdict or "未复查", _with_verdict(paper, verdict)) for verdict in (PASSED, FAILED, ""))
    told = [f"{title}{len(items)}项{_which(paper, items)}" for title, items in groups if items]
    return f"经复查，{len(paper.items)}项隐患中，{'，'.join(told)}"


def next_step(paper: Paper) -> str:
    """Tell what has to be done about the items that failed."""
    failed = _with_verdict(paper, FAILED)
    if not failed:
        return ""
    days = {item.due_on for item in failed}
    if len(days) == 1 and (only := next(iter(days))):
        return f"于{cn_date(only)}前完成整改"
    return "按表中所列时限完成整改"


def _with_verdict(paper: Paper, verdict: str) -> list[PaperItem]:
    return [item for item in paper.items if item.verdict == verdict]


def _which(paper: Paper, items: list[PaperItem]) -> str:
    if len(items) == len(paper.items):
        return ""
    return f"（第{'、'.join(str(item.ordinal) for item in items)}项）"


def opinion(item: PaperItem) -> str:
    """Return the inspector's opinion on an item, with the new deadline of one that failed."""
    if item.verdict == FAILED:
        again = f"须于{cn_date(item.due_on)}前完成整改。" if item.due_on else "须继续整改。"
        return f"{item.opinion.rstrip('。')}。\n{again}" if item.opinion else again
    return item.opinion or ("整改到位。" if item.verdict == PASSED else "")


def signing_day(paper: Paper) -> str:
    """Return the date under the paper; a blank to fill in while it is not signed."""
    return cn_date(paper.signed_on) if paper.signed_on else _NO_DATE
