"""The figures in words, as the paragraphs of a report.

A clause about nothing is left out; a rate is given only together with what it is a rate of.
"""

from __future__ import annotations

from datetime import date

from .figures import Figures
from .period import Period
from .text import cn_date, listing, money, percent, tenth


def overall(figures: Figures, period: Period, district: str) -> str:
    """Tell what was to be put right and what was."""
    if not figures.base + figures.unfounded + figures.merged:
        return f"{_span(period)}，{district}无新增隐患，期初无结转隐患。"
    found = listing(
        [
            f"{_span(period)}，{district}新增校园安全隐患{figures.new}项",
            f"上期结转{figures.carried_over}项",
            _counted("核查不属实", figures.unfounded),
            _counted("重复并入", figures.merged),
            f"应整改{figures.base}项",
        ]
    )
    done = listing([f"已整改{figures.rectified}项", f"整改率{percent(figures.rectification_rate)}"], end="")
    return found + listing([done, _of_these(figures)], between="；")


def remaining(figures: Figures, day: date) -> str:
    """Tell where the rest stands."""
    if not figures.base:
        return ""
    if not figures.open:
        return f"截至{cn_date(day)}，应整改的隐患已全部办结。"
    late = f"（其中复查逾期{figures.verify_late}项）" if figures.verify_late else ""
    places = [
        _counted("整改期限内", figures.running),
        _counted("待复查", figures.waiting, late),
        _counted("待销号", figures.to_close),
        _counted("逾期", figures.overdue),
        _counted("未定时限", figures.undated),
    ]
    return f"截至{cn_date(day)}，未整改{figures.open}项，其中" + listing(places, between="、")


def punctuality(figures: Figures) -> str:
    """Tell what fell due, what was in time, and how long it took."""
    due = f"本期按原定时限到期{figures.due}项，按期整改{figures.due_met}项" if figures.due else "本期没有到期的隐患"
    current = f"（按现行时限为{percent(figures.on_time_now_rate)}）" if figures.due_now else ""
    rate = f"按期整改率{percent(figures.on_time_rate)}{current}" if figures.due else ""
    waiting = f"到期的隐患中有{figures.due_waiting}项已申请复查、尚未复查" if figures.due_waiting else ""
    return listing([due, rate, waiting]) + listing(_lengths(figures))


def quality(figures: Figures) -> str:
    """Tell how well it was done, and who found it."""
    checked = f"一次复查合格率{percent(figures.first_pass_rate)}" if figures.checked else ""
    found = f"新增隐患中单位自查发现{figures.self_found}项，自查发现率{percent(figures.self_found_rate)}"
    again = f"反弹{figures.reopened}项，反弹率{percent(figures.relapse_rate)}" if figures.reopened else ""
    return listing([checked, found if figures.new else "", again], between="；")


def measures(figures: Figures) -> str:
    """Tell of listings, referrals, money and records made for others."""
    levels = (("区级", figures.listed_district), ("镇级", figures.listed_town), ("村级", figures.listed_village))
    named = "、".join(f"{level}{count}项" for level, count in levels if count)
    listed = f"挂牌督办{figures.listed}项" + (f"（{named}）" if named else "") if figures.listed else ""
    done = f"，已反馈{figures.referred_done}项"
    referred = f"移送其他部门{figures.referred}项{done}" if figures.referred else ""
    funds = f"已整改隐患使用资金{money(figures.funds)}万元" if figures.funds else ""
    entries = [_counted("代录", figures.on_behalf, unit="条"), _counted("补录", figures.late_entries, unit="条")]
    records = listing(entries, between="、", end="")
    return listing([listed, referred, funds, f"办理记录中{records}" if records else ""], between="；")


def to_date(figures: Figures, period: Period) -> str:
    """Tell the year's figures up to the end of the period."""
    if not figures.base:
        return ""
    on_time = f"按期整改率{percent(figures.on_time_rate)}" if figures.due else ""
    span = "当年" + period.title.partition("年")[2] if period.kind == "to_date" else period.title
    return listing(
        [
            f"{span}累计应整改{figures.base}项",
            f"已整改{figures.rectified}项",
            f"整改率{percent(figures.rectification_rate)}",
            on_time,
        ]
    )


def _span(period: Period) -> str:
    if period.closing_day is None:
        return period.title
    return f"{period.title}（{cn_date(period.start)}至{cn_date(period.end)}）"


def _of_these(figures: Figures) -> str:
    major = f"重大隐患应整改{figures.major}项、已销号{figures.major_rectified}项" if figures.major else ""
    spot = _counted("当场整改", figures.on_the_spot)
    stock = f"存量隐患应整改{figures.stock}项、已整改{figures.stock_rectified}项" if figures.stock else ""
    parts = listing([spot, major, stock, _counted("其他办结", figures.ended)], end="")
    return f"其中{parts}" if parts else ""


def _lengths(figures: Figures) -> list[str]:
    worked = f"平均整改时长{tenth(figures.mean_days)}天（中位{tenth(figures.median_days)}天）"
    waited = f"平均复查用时{tenth(figures.mean_verify_days)}天"
    return [worked if figures.rectify_days else "", waited if figures.verify_days else ""]


def _counted(name: str, count: int, more: str = "", *, unit: str = "项") -> str:
    return f"{name}{count}{unit}{more}" if count else ""
