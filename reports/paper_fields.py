"""What a template of a paper may name: every field with its meaning, and its value for one paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from . import paper_words as words
from .paper import FORM_KINDS, PAPER_KINDS, Paper, PaperItem
from .paper_title import title_lines
from .text import DASH, clean, cn_date, text_width

#: Field of a paper → what it says.
PAPER_FIELDS: Final[Mapping[str, str]] = {
    "种类": "文书种类，如 整改通知书",
    "标题": "标题，较长的已按词意分行",
    "机关": "发文机关",
    "机关字数": "发文机关名称的字数，用来选红头字号",
    "我局": "发文机关自称，如 我局、我校",
    "贵局": "回执中对发文机关的称呼，如 贵局、贵校",
    "正式文号": "发文字号；未签发时为空",
    "文号": "发文字号；未签发、作废的写明",
    "主送": "主送单位，审批表中为申请单位",
    "你单位": "对主送单位的称呼，如 你校、你园",
    "级别": "挂牌级别，如 区级",
    "项数": "隐患的项数",
    "检查经过": "何时、何人、以何种方式检查的句子",
    "检查日期": "检查（复查）日期",
    "检查方式": "检查方式",
    "检查人员": "检查（复查）人员",
    "会同单位": "会同检查的单位",
    "整改期限": "完成整改的期限：同一日期写日期，不同的写 表中所列时限内",
    "逾期情况": "有几项逾期、逾期几天的句子",
    "复查小结": "合格几项、不合格几项的句子",
    "不合格要求": "不合格项何时改完；全部合格时为空",
    "更正对象": "被更正的文书",
    "成文日期": "签发日期；未签发时留空待填",
    "拟稿日期": "拟稿日期",
    "签发人": "签发人；未签发时为空",
    "签发人职务": "签发人职务；未签发时为空",
    "联系方式": "联系人和电话",
    "抄送": "抄送单位，以逗号相连",
    "水印": "浅色标记：拟稿、撤稿、作废，或空",
    "有回执": "是否附签收回执",
}
ITEM_FIELDS: Final[Mapping[str, str]] = {
    "序号": "在文书中的序号",
    "编号": "隐患编号",
    "部位": "部位",
    "隐患描述": "隐患描述",
    "类别": "类别",
    "依据": "判定依据，可能为空",
    "整改措施": "整改要求、措施",
    "整改责任人": "整改责任人",
    "整改时限": "整改时限；复查不合格的为新的时限",
    "逾期天数": "到成文之日逾期的天数；不逾期为 —",
    "完成情况": "整改完成情况",
    "完成日期": "整改完成日期",
    "复查结论": "合格、不合格",
    "复查意见": "复查意见；不合格的带新的时限",
    "更正内容": "更正的是哪一栏",
    "原文": "更正前的文字",
    "更正为": "更正后的文字",
}
REQUEST_FIELDS: Final[Mapping[str, str]] = {"名称": "申请内容的名称", "内容": "申请内容"}
#: Fields that are lists, to be repeated over, with the fields of each entry.
PAPER_LISTS: Final[Mapping[str, Mapping[str, str]]] = {"隐患": ITEM_FIELDS, "申请": REQUEST_FIELDS}

_DEMANDING: Final = frozenset({"rectification_notice", "listing_notice"})
_NO_MEASURES: Final = "制定整改措施并落实到位"

Value = str | int | bool | list[dict[str, str]]


def field_values(paper: Paper) -> dict[str, Value]:
    """Return the value of every field of a paper, free of what XML cannot carry."""
    signed = paper.signed_on is not None
    return {
        **_head(paper),
        "项数": len(paper.items),
        "检查经过": clean(words.inspected(paper)),
        "检查日期": cn_date(paper.found_on),
        "检查方式": clean(paper.method),
        "检查人员": clean(paper.inspectors),
        "会同单位": clean(paper.partners),
        "整改期限": words.until(paper),
        "逾期情况": words.lateness(paper),
        "复查小结": words.summing_up(paper),
        "不合格要求": words.next_step(paper),
        "更正对象": clean(words.corrected(paper)),
        "成文日期": words.signing_day(paper),
        "拟稿日期": cn_date(paper.drafted_on),
        "签发人": clean(paper.signer) if signed else "",
        "签发人职务": clean(paper.signer_title) if signed else "",
        "联系方式": clean(paper.contact),
        "抄送": clean("，".join(paper.copies)),
        "水印": words.mark(paper),
        "有回执": paper.slip and paper.kind not in FORM_KINDS,
        "隐患": [_item(paper, item) for item in paper.items],
        "申请": [{"名称": clean(title), "内容": clean(text) or DASH} for title, text in paper.request],
    }


def _head(paper: Paper) -> dict[str, Value]:
    return {
        "种类": PAPER_KINDS[paper.kind],
        "标题": clean("\n".join(title_lines(paper.title))),
        "机关": clean(paper.issuer),
        "机关字数": math.ceil(text_width(paper.issuer)),
        "我局": words.ourselves(paper.issuer),
        "贵局": words.ourselves(paper.issuer).replace("我", "贵"),
        "正式文号": clean(paper.number or "") if paper.status in {"signed", "served", "void"} else "",
        "文号": clean(words.number_line(paper)),
        "主送": clean(paper.addressee),
        "你单位": words.yourselves(paper.addressee),
        "级别": clean(paper.level),
    }


def _item(paper: Paper, item: PaperItem) -> dict[str, str]:
    late = words.overdue_days(item, paper.signed_on or paper.drafted_on)
    shown = {
        "序号": str(item.ordinal),
        "编号": item.number,
        "部位": item.place,
        "隐患描述": item.description,
        "类别": item.category,
        "整改措施": item.measures or (_NO_MEASURES if paper.kind in _DEMANDING else ""),
        "整改责任人": item.responsible,
        "整改时限": cn_date(item.due_on) if item.due_on else "未定时限",
        "逾期天数": f"{late}天" if late else "",
        "完成情况": item.done,
        "完成日期": cn_date(item.completed_on) if item.completed_on else "",
        "复查结论": item.verdict,
        "复查意见": words.opinion(item),
        "更正内容": item.field,
        "原文": item.before or "（空）",
        "更正为": item.after or "（空）",
    }
    return {name: clean(text).strip() or DASH for name, text in shown.items()} | {"依据": clean(item.basis)}
