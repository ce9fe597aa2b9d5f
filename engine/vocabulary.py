"""The words of the house: what the ids of a definition are called in Chinese, and which of them are built in."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

from .workflow import Field, FieldType, State

__all__ = [
    "ACCEPTOR",
    "BUILTIN_FIELDS",
    "CALENDARS",
    "CHOICES",
    "CONTEXT",
    "DECIDERS",
    "DEFAULT_CALENDAR",
    "EFFECTS",
    "FIELD_TYPES",
    "GENERIC_TEMPLATE",
    "LEVELS",
    "METHODS",
    "ON_DUTY",
    "OUTCOMES",
    "PAPERS",
    "PAPER_STEPS",
    "PARENT_UNIT",
    "PROBLEMS",
    "RESERVED_FIELDS",
    "SEVERITIES",
    "SOURCES",
    "SPOKEN_ROLES",
    "STAGES",
    "TEMPLATES",
    "TIMER",
    "UNIT_KINDS",
    "VIAS",
    "VOIDED",
    "default_template",
]

STAGES: Mapping[str, str] = {
    "reported": "已上报",
    "assigned": "已交办",
    "rectifying": "整改中",
    "verified": "复查合格",
    "closed": "已销号",
}
SOURCES: Mapping[str, str] = {
    "self": "自查",
    "town": "镇级检查",
    "bureau": "局检查",
    "joint": "联合检查",
    "expert": "专家检查",
    "superior": "上级交办",
    "complaint": "信访举报",
}
LEVELS: Mapping[str, str] = {"village": "村级", "town": "镇级", "district": "区级"}
VIAS: Mapping[str, str] = {
    "self": "本人",
    "phone": "电话",
    "wechat": "微信",
    "sms": "短信",
    "mail": "邮件",
    "paper": "纸质",
    "in-person": "当面",
}
SEVERITIES: Mapping[str, str] = {"general": "一般隐患", "major": "重大隐患"}
OUTCOMES: Mapping[str, str] = {
    "rectified": "整改销号",
    "unfounded": "核查不属实",
    "merged": "重复并入",
    "closed_unit": "单位撤并",
    "referred": "移送其他部门",
    "void": "已作废",
}
PAPERS: Mapping[str, str] = {
    "rectification_notice": "整改通知书",
    "verification_opinion": "复查意见书",
    "correction_notice": "更正通知",
    "supervision_letter": "督办通知",
    "listing_notice": "挂牌督办通知书",
    "extension_form": "延期审批表",
    "closeout_form": "销号审批表",
}
PAPER_STEPS: Mapping[str, str] = {
    "draft": "拟稿",
    "sign": "签发",
    "serve": "送达",
    "acknowledge": "签收",
    "reply": "整改报告",
    "verify": "复查",
    "close": "销号",
    "void": "作废",
}
METHODS: Mapping[str, str] = {
    "self": "自查",
    "town": "镇级检查",
    "district": "区级检查",
    "joint": "联合检查",
    "expert": "专家检查",
    "unannounced": "暗访检查",
}
UNIT_KINDS: Mapping[str, str] = {
    "bureau": "局机关",
    "section": "股室",
    "affiliate": "直属单位",
    "town": "镇中心学校（园区教办）",
    "school": "学校",
    "kindergarten": "幼儿园",
    "village": "村（社区）",
    "partner": "协作部门",
    "government": "镇政府",
    "committee": "校安委会",
}
FIELD_TYPES: Mapping[FieldType, str] = {
    "text": "文字",
    "choice": "选项",
    "catalogue": "目录",
    "date": "日期",
    "datetime": "日期时间",
    "decimal": "小数",
    "integer": "整数",
    "boolean": "是否",
    "unit": "单位",
    "person": "人员",
    "evidence": "佐证材料",
    "list": "列表",
}
EFFECTS: Mapping[str, str] = {"extend": "延期", "list": "挂牌", "delist": "摘牌", "paper": "出文", "none": "无"}

#: Choices whose titles need not be written.
CHOICES: Mapping[str, str] = {**SOURCES}

DEFAULT_CALENDAR = "cn-workdays"
CALENDARS: Mapping[str, str] = {DEFAULT_CALENDAR: "国务院办公厅公布的工作日（含调休）"}

PARENT_UNIT = "parent_unit"  #: in `of`: the unit above the responsible one
TIMER = "timer"  #: in a request's `by`: a ladder may propose it
DECIDERS: Mapping[str, str] = {"issuer": "交办单位", "level_that_listed": "原挂牌层级"}  #: `decided_by` beside roles
ACCEPTOR = "level_acceptor"  #: who accepts for the level a hazard is listed at
ON_DUTY = "duty_leader"  #: the role of who is on duty at a school in the holidays (值班领导)
SPOKEN_ROLES: Mapping[str, str] = {**DECIDERS, ACCEPTOR: "挂牌单位验收人"}  #: what a step may address beside roles

#: What a guard may name beside the fields.
CONTEXT: Mapping[str, str] = {
    "today": "今天",
    "severity": "隐患等级",
    "listed": "挂牌级别",
    "state": "当前环节",
    "days_overdue": "逾期天数",
    "failures": "复查不合格次数",
    "returns": "退回次数",
    "via": "办理方式",
}

_CEL_WORDS = (
    *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in"),
    *("let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
)
_CALL_WORDS = ("by", "on", "key", "session", "expect_version")  # keyword arguments of the facade's calls

#: Names a field cannot have: it is spoken of in guards and handed over as a keyword argument.
RESERVED_FIELDS = frozenset({*keyword.kwlist, *_CEL_WORDS, *_CALL_WORDS, *CONTEXT, PARENT_UNIT})

VOIDED = State(id="voided", title="已作废", stage="closed", final="void")  #: every workflow has it


def _builtin(name: str, title: str, kind: FieldType, choices: Mapping[str, str] | None = None) -> Field:
    return Field(id=name, title=title, type=kind, choices=choices or {}, builtin=True)


#: Fields every workflow has without declaring them.
BUILTIN_FIELDS: Mapping[str, Field] = {
    f.id: f
    for f in (
        _builtin("hazard_unit", "学校（单位）", "unit"),
        _builtin("responsible_unit", "责任单位", "unit"),
        _builtin("responsible_person", "整改责任人", "person"),
        _builtin("inspecting_unit", "排查单位", "unit"),
        _builtin("issuing_unit", "交办单位", "unit"),
        _builtin("suggested_unit", "建议承办单位", "unit"),
        _builtin("second_inspector", "第二复查人", "person"),
        _builtin("inspectors", "排查人", "text"),
        _builtin("place", "隐患部位", "text"),
        _builtin("reason", "理由", "text"),
        _builtin("note", "说明", "text"),
        _builtin("evidence", "佐证材料", "evidence"),
        _builtin("completed_on", "完成日期", "date"),
        _builtin("merged_into", "并入编号", "text"),
        _builtin("new_due_on", "申请延期至", "date"),
        _builtin("basis", "判定依据", "text"),
        _builtin("listed_level", "督办级别", "choice", LEVELS),
        _builtin("recurs_from", "反弹自", "text"),
        _builtin("inspection", "检查记录", "text"),
        _builtin("listed_by", "挂牌批准人", "person"),
        _builtin("external_number", "来文编号", "text"),
        _builtin("reply_by", "回复时限", "date"),
        _builtin("served_on", "送达日期", "date"),
        _builtin("served_via", "送达方式", "text"),
        _builtin("supervising_leader", "督办（包保）领导", "text"),
        _builtin("progress", "整改情况", "text"),
        _builtin("remarks", "备注", "text"),
    )
}

GENERIC_TEMPLATE = "generic"
#: The message told after a trigger where the transition names no template.
TEMPLATES: Mapping[str, str] = {
    "assign": "assigned",
    "reassign": "reassigned",
    "return": "returned",
    "recall": "recalled",
    "submit": "submitted",
    "self_fix": "submitted",
    "pass": "passed",
    "accept": "passed",
    "fail": "failed",
    "close": "closed",
    "reopen": "reopened",
    "reclassify": "reclassified",
}


def default_template(trigger: str) -> str:
    """Return the template told after a trigger when its transition names none."""
    return TEMPLATES.get(trigger, GENERIC_TEMPLATE)


#: Code of a Problem → what kind of mistake it is. Y text, S shape, N names, R roles, F flow, T time, Q requests,
#: G guards; W warns and keeps nothing from loading.
PROBLEMS: Mapping[str, str] = {
    "Y101": "YAML 写法有误",
    "Y102": "文件太大",
    "Y103": "键重复",
    "Y104": "嵌套或引用太多",
    "Y105": "不支持的 YAML 写法",
    "Y106": "不是“键: 值”形式",
    "S201": "没有这一项",
    "S202": "缺少内容",
    "S203": "形式不对",
    "S204": "不在可写的范围内",
    "S205": "名称不合规则",
    "S206": "时间长度有误",
    "S207": "应当只写其中一项",
    "S208": "数目超出范围",
    "S209": "写了两次",
    "S210": "名称已被占用",
    "N301": "没有这个环节",
    "N302": "没有这个角色",
    "N303": "没有这个字段",
    "N304": "没有这个操作",
    "N305": "没有这种申请",
    "N306": "没有这个目录",
    "N307": "没有这个模板",
    "N308": "没有这个工作日历",
    "N309": "没有这个级别",
    "N310": "字段类型不合用",
    "N311": "没有这种文书",
    "R401": "角色互相引用成环",
    "R402": "角色的几项写法矛盾",
    "F501": "到不了的环节",
    "F502": "走不到终点的环节",
    "F503": "没有承办人的环节",
    "F504": "终点环节不能有承办人",
    "F505": "同一操作有两条去路",
    "F506": "永远走不到的流转",
    "F507": "起点不合适",
    "F508": "终点环节不在“已销号”阶段",
    "F509": "回避要求使操作无人可办",
    "F510": "没有整改销号的终点",
    "F511": "中文名重复",
    "T601": "督办步骤不按时间先后",
    "T602": "督办步骤早于时限开始",
    "T603": "督办步骤标识重复",
    "T604": "时限落在终点环节",
    "T605": "同一环节既计时又暂停",
    "T606": "时间单位不合用",
    "T607": "时限没有办法完成",
    "Q701": "申请与提议不相配",
    "Q702": "申请的审批不完整",
    "G801": "条件写法有误",
    "G802": "条件里有不认识的名称",
    "G803": "条件用了不支持的写法",
    "W901": "角色没有用到",
    "W902": "终点阶段的环节还有后续",
    "W903": "申请没有人提出",
}
