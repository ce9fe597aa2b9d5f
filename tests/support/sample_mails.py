"""A mail of every occasion, as the templates that come with the program write it; long words and sentences on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from types import MappingProxyType

from rectiflow.engine.days import told_on
from rectiflow.notifiers import Contact, Message, Param, Sender, TemplateSet
from rectiflow.notifiers.digest import Held, digest_params
from rectiflow.notifiers.mime import compose_mail

__all__ = ["DUE", "HEAD", "NUMBER", "html_of", "sample_mail"]

_AT = datetime(2024, 12, 2, 1, 30, tzinfo=UTC)
_SENDER = Sender(
    address="safety@bureau.example", name="示例区教育局", reply_address=lambda _m, _c: "answer@bureau.example"
)
HEAD = Contact(person="p-head", name="示例一镇初级中学校长", email="head@school.example")
_CHIEF = Contact(person="p-chief", name="安全股股长", email="chief@bureau.example")  #: hears of several units
NUMBER, DUE = "LZH-2024-000123", "2024年12月31日"

_FACTS: Mapping[str, Param] = {
    "number": NUMBER,
    "unit": "示例一镇初级中学",
    "place": "教学楼二楼东侧疏散楼梯及相邻走廊",
    "description": "疏散通道堆放课桌椅，应急照明灯损坏两盏，安全出口指示标志被遮挡，常闭式防火门敞开并以铁丝固定。",
    "category": "消防安全",
    "severity": "一般隐患",
    "due_on": DUE,
    "state": "待签收",
    "contact": "0711-6000000",
    "actor": "安全股股长",
    "actor_unit": "示例区教育局",
    "level": "区级",
    "reason": "所需配件未到货，供货单位书面承诺12月20日前送达",
    "note": "型号 XF-2024/ABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789-abcdefghijklmnopqrstuvwxyz",
    "measures": "清空通道，更换应急照明灯",
    "interim": "安排专人值守",
    "clock": "签收时限",
    "days_left": 3,
    "request": "延期",
    "decision": "批准",
    "period": "2024年11月",
    "count": 3,
    "paper": "示教安改〔2024〕3号",
    "next_step": "请在两个工作日内签收",
}
_ITEMS = "\n".join(
    f"· {NUMBER[:-1]}{n}：{what}（整改时限 {DUE}）"
    for n, what in enumerate(("二楼通道堆物", "食堂灭火器压力不足", "配电室堆放杂物，未设挡鼠板"), start=3)
)
_NOTICE = "\n".join(
    f"{at}. {what}（{DUE}前）〔{116 + at}号〕"
    for at, what in enumerate(("二楼，通道堆物", "食堂，灭火器压力不足", "配电室，堆放杂物，未设挡鼠板"), start=1)
)
_PLAIN: Mapping[str, Param] = {"clock": "整改时限", "reason": None, "level": None, "days_left": None}
_DIGEST = digest_params(
    Held(
        number=f"LZH-2024-000{n}",
        template=t,
        params=told_on({**_FACTS, **_PLAIN, "description": d, "unit": u, **more}, _AT),
    )
    for n, t, d, u, more in (
        (117, "urge", "食堂燃气软管老化", "示例一镇第一小学", {"due_on": "2024年11月29日", "ends": "2024-11-29"}),
        (123, "due_soon", "疏散通道堆放课桌椅，应急照明灯损坏两盏", "示例一镇初级中学", {"due_on": "2024年12月4日", "ends": "2024-12-04"}),
        (131, "request_made", "校门口减速带缺损", "示例二镇中心幼儿园", {"asked": "申请延期至：2025年1月20日", "reason": _FACTS["reason"]}),
    )
)  # fmt: skip
_SAID: Mapping[str, Mapping[str, Param]] = {
    "digest": {**_DIGEST, "number": None, "unit": None, "next_step": None},
    "paper_served": {"lines": _NOTICE, "number": None},
    "paper_result": {"lines": _ITEMS, "number": None},
    "paper_closed": {"lines": _ITEMS, "number": None},
    "visit_reported": {"lines": _ITEMS, "number": None, "action": "秋季开学检查"},
    "answer": {"action": "签收没有办成：这条隐患已由副校长签收。来信内容已作为说明记录"},
}


def sample_mail(occasion: str, templates: TemplateSet, given: Mapping[str, Param] = MappingProxyType({})) -> bytes:
    """Return the bytes of a mail of an occasion.

    Args:
        given: what it is to say in place of the sample's own; None leaves it out.
    """
    contact = _CHIEF if occasion == "digest" else HEAD
    params = {**_FACTS, **_SAID.get(occasion, {}), **given}
    message = Message(
        id=f"m-{occasion}",
        district="420702",
        number=str(params["number"]) if params["number"] else None,
        sequence=1,
        recipient=contact.person,
        template=occasion,
        template_version=0,
        params=params,
        created_at=_AT,
    )
    return compose_mail(message, contact, templates=templates, sender=_SENDER, at=_AT).body


def html_of(mail: bytes) -> str:
    """Return its HTML part, read back out of its bytes."""
    part = message_from_bytes(mail, policy=default).get_body(("html",))
    assert part is not None
    return str(part.get_content())
