"""The names a message template may use, and the occasions there must be a template for."""

from __future__ import annotations

from collections.abc import Mapping

from rectiflow.engine.days import left

from .message import Contact, Message, Param
from .plaintext import clean_lines, one_line

__all__ = [
    "ABOUT_MANY",
    "ANSWERS",
    "EXTENSION",
    "OCCASIONS",
    "PARAMETERS",
    "RESTRICTED",
    "RESTRICTED_PARAMETERS",
    "SIGNABLE",
    "SMS_ANSWER",
    "fill",
    "how_to_answer",
]

RESTRICTED = "restricted"  #: the occasion of every message about a restricted category

PARAMETERS: Mapping[str, str] = {
    "district_name": "落款单位名称",
    "number": "隐患编号",
    "workflow": "流程名",
    "unit": "责任单位",
    "place": "隐患部位",
    "description": "隐患描述",
    "category": "隐患类别",
    "severity": "隐患等级",
    "due_on": "整改时限，如 2024年12月31日",
    "state": "当前环节",
    "action": "动作标题",
    "actor": "办理人",
    "actor_unit": "办理人单位",
    "reason": "理由",
    "note": "说明",
    "clock": "时限名",
    "until": "时限哪天到期，如 9月18日；以小时计的写到时分，如 9月7日0时30分；不是今年的写年份",
    "left": "离到期多久，如 还有3天、今天到期、已逾期2天、已超过4小时",
    "days_left": "距时限的天数，0 为今天到期",
    "days_overdue": "超过时限的天数",
    "hours_left": "以小时计的，距时限的小时数",
    "hours_overdue": "以小时计的，超过时限的小时数",
    "level": "督办级别，如 区级",
    "request": "申请名，如 延期",
    "decision": "批准或不批准",
    "new_due_on": "延期批准后的整改时限",
    "measures": "整改措施",
    "interim": "临时管控措施",
    "control_measures": "先行管控措施",
    "reported_up_to": "上报单位",
    "reported_up_on": "上报日期，如 2024年9月8日",
    "asked": "申请的内容，如 申请延期至：2024年12月31日",
    "contact": "安全股联系电话",
    "callee": "应打电话给谁，带电话号码",
    "recipient": "收信人称呼",
    "standing_in_for": "所代办的人",
    "informed": "只是告知收信人、不由其单位办理时是“是”",
    "count": "条数",
    "numbers": "几条隐患的简短编号，如 54、55号",
    "period": "期间，如 2024年11月",
    "lines": "汇总正文，可有多行",
    "paper": "文书名称或文号，如 整改通知书〔2024〕5号",
    "next_step": "下一步",
}

#: All that a message about a restricted category may say: which ticket, and whom to ask.
RESTRICTED_PARAMETERS = frozenset({"contact", "district_name", "number", "recipient", "standing_in_for"})

NUMBERS = frozenset(
    {"count", "days_left", "days_overdue", "hours_left", "hours_overdue"}
)  #: the only ones that reach a template as numbers

OCCASIONS: Mapping[str, str] = {
    "assigned": "交办",
    "reassigned": "改派",
    "returned": "退回",
    "recalled": "撤回交办",
    "due_soon": "临期提醒",
    "urge": "逾期催办",
    "reminder": "提醒",
    "call_task": "电话催办任务",
    "submitted": "申请复查",
    "passed": "复查合格",
    "failed": "复查不合格",
    "closed": "销号",
    "reopened": "重新整改",
    "request_made": "有申请待审批",
    "request_decided": "申请批复",
    "listed": "挂牌督办",
    "delisted": "摘牌",
    "control_first": "重大隐患先行管控",
    "controlled": "已先行管控",
    "major_reported": "重大隐患上报",
    "monitoring_due": "监测提醒",
    "reclassified": "改判",
    "paper_waiting": "文书办理",
    "paper_served": "整改通知书送达",
    "supervision_served": "督办文书送达",
    "paper_result": "复查结果",
    "paper_closed": "隐患销号",
    "visit_reported": "检查发现隐患",
    "handed_over": "岗位交接",
    "standing_in": "请假代理",
    "import_summary": "期初建账汇总",
    "report_ready": "报表待签发",
    "digest": "每日汇总",
    "steps_due": "多项时限提醒",
    "answer": "来信回执",
    "channel_test": "通道测试",
    "restricted": "限制类事项",
    "generic": "一般提醒",
}

_SIGN = "收到后回复“签收”，即为签收"
SMS_ANSWER = "回复1即签收。"  #: what a short message that can be signed for ends with
SIGNABLE = frozenset({"assigned", "reassigned", "paper_served"})  #: occasions that are signed for
_SUBMIT = "整改完成后回复“申请复查”，附上照片，第二行起写整改措施"
EXTENSION = (
    "申请延期到12月31日，理由：等待招标。临时管控措施：专人值守"  #: an example with everything that is asked for
)
_EXTEND = f"不能按期完成的，回复“{EXTENSION}”这样的一句"
_SOME = "只有几项整改完的，写明是哪几项，如“第1项申请复查”，或“申请复查”加编号"
_SAY = "也可以直接回复说明情况，附上照片"

#: Occasions that are about no one hazard: an answer to one could be about any.
ABOUT_MANY = frozenset({"handed_over", "import_summary", "report_ready", "standing_in", "visit_reported"})

#: What can be answered to a mail that asks for something, by occasion; what is in “” does it as a first line of its own.
ANSWERS: Mapping[str, str] = {
    occasion: f"可以直接回复本邮件：{'；'.join(ways)}。"
    for occasion, ways in {
        "assigned": (_SIGN, _SUBMIT, _EXTEND),
        "reassigned": (_SIGN, _SUBMIT, _EXTEND),
        "digest": ("第一行写“签收”和隐患编号，即签收那一条（整改通知书的，各项一次签收）",),
        "steps_due": ("第一行写“签收”或“申请复查”和隐患编号，申请复查的附上照片，第二行起写整改措施",),
        "paper_served": (f"{_SIGN}，各项一次签收", _SUBMIT),
        "supervision_served": (
            "收到后回复“签收”，即为签收这件文书",
            _SUBMIT,
            "说明未按期完成的原因和下步安排，附上照片",
        ),
        "reminder": (_SIGN, _SUBMIT, _SAY),
        "due_soon": (_SUBMIT, _EXTEND),
        "urge": (_SUBMIT, _SAY),
        "failed": (_SUBMIT, _EXTEND),
        "reopened": (_SUBMIT, _EXTEND),
        "listed": (_SUBMIT, _SAY),
        "control_first": ("说明管控情况，附上照片",),
        "monitoring_due": ("说明监测结果，附上照片",),
        "paper_result": ("说明继续整改的情况，附上照片",),
        "generic": ("说明情况，附上照片",),
    }.items()
}


def how_to_answer(occasion: str, params: Mapping[str, Param]) -> str:
    """Return what can be answered to a mail; "" where nothing is. The items of a notice can be handed in one by one."""
    several = occasion == "paper_served" and isinstance(count := params.get("count"), int) and count > 1
    return f"{ANSWERS[occasion].removesuffix('。')}；{_SOME}。" if several else ANSWERS.get(occasion, "")


def fill(message: Message, contact: Contact, *, district_name: str) -> dict[str, str | int]:
    """Return every parameter for a template; what is not known is "".

    Text is cleaned to one line (`lines` line by line), so data can forge neither a header nor a line of the
    message. The recipient is who really gets it: during absence the substitute, with the absent one's name.
    A restricted message gets nothing beyond RESTRICTED_PARAMETERS, whatever the row holds.
    """
    given: dict[str, Param] = {"district_name": district_name, "recipient": contact.name}
    given |= {k: v for k, v in message.params.items() if v is not None and v != ""}
    given["number"] = given.get("number") or message.number
    given["left"] = left(message.params)
    given["informed"] = "" if message.invited else "是"
    given["standing_in_for"] = contact.standing_in_for
    if contact.standing_in_for:
        given["recipient"] = contact.name
    allowed = RESTRICTED_PARAMETERS if message.template == RESTRICTED else PARAMETERS.keys()
    return {name: _clean(name, given.get(name)) if name in allowed else "" for name in PARAMETERS}


def _clean(name: str, value: Param) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value if name in NUMBERS else str(value)
    return clean_lines(value) if name == "lines" else one_line(value)
