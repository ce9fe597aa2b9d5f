"""What stands in the built-in templates, kind by kind, free of any file format.

Texts are Jinja2 over the fields of `paper_fields`; a line feed is a line break. The Word and the HTML template are
both made from these parts, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from .blocks import Align


class Words(Struct, frozen=True, kw_only=True):
    """A paragraph, with the words it begins with (in the face of a heading), printed only `when` a field is set."""

    text: str
    head: str = ""
    when: str = ""


class Cell(Struct, frozen=True, kw_only=True):
    """A column of the table of items: what its cells say, and its share of 156 mm."""

    title: str
    text: str
    width_mm: float
    align: Align = "left"


class Items(Struct, frozen=True, kw_only=True):
    """A table with one row for each item; empty cells of the slip are filled in by hand."""

    cells: tuple[Cell, ...]


class Blanks(Struct, frozen=True, kw_only=True):
    """Labels with room to fill in by hand, two side by side."""

    pairs: tuple[tuple[str, str], ...]


Part = Words | Items | Blanks

#: What an entry of a list is called in a template: `{% for 项 in 隐患 %}`.
ENTRY: Final[Mapping[str, str]] = {"隐患": "项", "申请": "条"}


class Row(Struct, frozen=True, kw_only=True):
    """A row of a form: label and text, or two of each side by side; `each` names the list it is repeated for."""

    cells: tuple[tuple[str, str], ...]
    each: str = ""


#: The last line of a box, filled in by hand: signature and date.
SIGNATURE: Final = "签名（盖章）：　　　　　　　"
DAY: Final = "　　年　　月　　日"
BY_HAND: Final = SIGNATURE + DAY


class Box(Struct, frozen=True, kw_only=True):
    """A tall row of a form, for the opinion, signature and date of one level."""

    label: str
    signed: str = BY_HAND


class Form(Struct, frozen=True, kw_only=True):
    """A form of one page; rows that follow each other with the same `each` are repeated together."""

    rows: tuple[Row, ...]
    boxes: tuple[Box, ...]
    note: str


def _ordinal(title: str = "序号", width: float = 11) -> Cell:
    return Cell(title=title, text="{{ 项.序号 }}", width_mm=width, align="center")


_PLACE = Cell(title="部位", text="{{ 项.部位 }}", width_mm=20)
_WHAT = "{{ 项.隐患描述 }}{% if 项.依据 %}（依据：{{ 项.依据 }}）{% endif %}\n{{ 项.编号 }}"  # the number ties it to the ledger
_PERSON = Cell(title="整改责任人", text="{{ 项.整改责任人 }}", width_mm=21, align="center")
_DUE = Cell(title="整改时限", text="{{ 项.整改时限 | 分行 }}", width_mm=21, align="center")


def _what(width: float) -> Cell:
    return Cell(title="隐患描述", text=_WHAT, width_mm=width)


def _measures(width: float) -> Cell:
    return Cell(title="整改要求", text="{{ 项.整改措施 }}", width_mm=width)


_NOTICE: Final[tuple[Part, ...]] = (
    Words(text="{{ 检查经过 }}，发现以下{{ 项数 }}项安全隐患。现就整改事项通知如下："),
    Items(cells=(_ordinal(), _PLACE, _what(51), _measures(32), _PERSON, _DUE)),
    Words(
        head="一、落实责任，限期整改。",
        text="{{ 你单位 }}主要负责人为整改第一责任人。请对照上表逐项整改，做到措施、资金、时限、责任人和应急预案"
        "“五落实”，并在{{ 整改期限 }}全部完成。",
    ),
    Words(
        head="二、管控风险，确保安全。",
        text="整改完成前，应立即采取警示、隔离、停用、专人值守等临时管控措施；"
        "不能保证安全的场所、设施、设备，一律先停用后整改。",
    ),
    Words(
        head="三、逐项报告，申请复查。",
        text="整改完成后，请按表中序号逐项形成整改报告，附整改前后照片，在{{ 整改期限 }}报送{{ 我局 }}并申请复查。"
        "因客观原因确不能按期完成的，应在时限届满前提出书面延期申请，说明理由和临时管控措施。",
    ),
    Words(text="请收到本通知后即在签收回执上签字、盖章，送回{{ 我局 }}。", when="有回执"),
    Words(text="逾期不整改或者整改不到位的，将按规定予以督办、挂牌督办，并视情通报。"),
)
_SUPERVISION: Final[tuple[Part, ...]] = (
    Words(text="{{ 你单位 }}以下{{ 项数 }}项安全隐患{{ 逾期情况 }}。现予督办，有关要求通知如下："),
    Items(
        cells=(
            _ordinal(),
            _PLACE,
            _what(65),
            _PERSON,
            _DUE,
            Cell(title="逾期天数", text="{{ 项.逾期天数 }}", width_mm=18, align="center"),
        )
    ),
    Words(
        head="一、主要负责人牵头，抓紧整改。",
        text="请{{ 你单位 }}主要负责人亲自部署，查明未按期完成的原因，补齐措施、资金和人员，尽快完成整改。"
        "整改时限不因本通知而改变。",
    ),
    Words(
        head="二、管住风险，不出事故。",
        text="整改期间应落实临时管控措施，明确专人每日巡查；不能保证安全的，立即停用。",
    ),
    Words(
        head="三、报告进展，申请复查。",
        text="请在收到本通知后及时书面报告逾期原因、已采取的管控措施和下步安排；整改完成后立即申请复查。",
    ),
    Words(text="仍不整改或者整改不到位的，将按规定挂牌督办，并视情约谈、通报。"),
)
_LISTING: Final[tuple[Part, ...]] = (
    Words(
        text="{{ 你单位 }}以下{{ 项数 }}项安全隐患{{ 逾期情况 }}。"
        "经批准，决定实行{{ 级别 }}挂牌督办，有关要求通知如下："
    ),
    Items(cells=(_ordinal(), _PLACE, _what(51), _measures(32), _PERSON, _DUE)),
    Words(
        head="一、制定整改方案。",
        text="方案应明确目标任务、方法措施、经费物资、责任人员、整改时限、安全措施和应急预案，报{{ 我局 }}备案。"
        "挂牌督办不改变原定整改时限。",
    ),
    Words(
        head="二、落实管控措施。",
        text="隐患消除前，应在现场设置警示标识，定期监测并做好记录；危及师生安全的，立即撤离人员，停止使用。",
    ),
    Words(
        head="三、定期报告进展。", text="{{ 你单位 }}主要负责人应随时掌握整改进度，遇有困难及时报告{{ 我局 }}协调解决。"
    ),
    Words(
        head="四、申请验收摘牌。",
        text="整改完成后，请书面申请验收。未经挂牌单位验收合格并批准摘牌的，不得销号。",
    ),
)
_OPINION: Final[tuple[Part, ...]] = (
    Words(text="{{ 检查经过 }}，复查意见如下："),
    Items(
        cells=(
            _ordinal(),
            _PLACE,
            _what(46),
            Cell(
                title="整改完成情况",
                text="{{ 项.完成情况 }}{% if 项.完成日期 != '—' %}\n（{{ 项.完成日期 }}完成）{% endif %}",
                width_mm=33,
            ),
            Cell(title="结论", text="{{ 项.复查结论 }}", width_mm=16, align="center"),
            Cell(title="复查意见", text="{{ 项.复查意见 }}", width_mm=30),
        )
    ),
    Blanks(pairs=(("复查人员\n（签名）", "被复查单位负\n责人（签名）"),)),
    Words(text="{{ 复查小结 }}。"),
    Words(
        text="{% if 不合格要求 %}复查不合格的隐患，请查明原因，{{ 不合格要求 }}，并再次申请复查；"
        "其间应落实临时管控措施，确保安全。{% else %}复查合格的隐患，按程序销号。请巩固整改成效，防止反弹。{% endif %}"
    ),
)
_CORRECTION: Final[tuple[Part, ...]] = (
    Words(text="{{ 我局 }}{{ 更正对象 }}有关内容有误，现更正如下："),
    Items(
        cells=(
            Cell(title="原文书项次", text="第{{ 项.序号 }}项\n{{ 项.编号 }}", width_mm=42, align="center"),
            Cell(title="更正栏目", text="{{ 项.更正内容 }}", width_mm=24, align="center"),
            Cell(title="原文", text="{{ 项.原文 }}", width_mm=45),
            Cell(title="更正为", text="{{ 项.更正为 }}", width_mm=45),
        )
    ),
    Words(text="其余内容不变。请将本通知与原文书一并存档，以更正后的内容为准。"),
)
LETTERS: Final[Mapping[str, tuple[Part, ...]]] = {
    "rectification_notice": _NOTICE,
    "supervision_letter": _SUPERVISION,
    "listing_notice": _LISTING,
    "verification_opinion": _OPINION,
    "correction_notice": _CORRECTION,
}
#: The slip on the last page, to be signed, stamped and sent back.
_RECEIVED: Final = Words(
    text="{{ 贵局 }}《{{ 标题 | 连行 }}》{% if 正式文号 %}（{{ 正式文号 }}）{% endif %}已收到，"
    "所列内容我单位已知悉，将按要求办理。"
)
_SIGNED_FOR: Final = Blanks(
    pairs=(("签收单位\n（盖章）", "签收人\n（签名）"), ("职　　务", "联系电话"), ("签收日期", ""))
)
_SLIP_ITEMS: Final = Items(
    cells=(
        _ordinal(),
        Cell(title="隐患编号", text="{{ 项.编号 }}", width_mm=36, align="center"),
        Cell(title="部位", text="{{ 项.部位 }}", width_mm=31),
        _PERSON,
        _DUE,
        Cell(title="责任人签名", text="", width_mm=36, align="center"),
    )
)
_SLIP: Final[tuple[Part, ...]] = (_RECEIVED, _SLIP_ITEMS, _SIGNED_FOR)
SLIPS: Final[Mapping[str, tuple[Part, ...]]] = {
    **dict.fromkeys(LETTERS, _SLIP),
    "correction_notice": (_RECEIVED, _SIGNED_FOR),
}

_HAZARD: Final = (
    Row(cells=(("隐患编号", "{{ 项.编号 }}"), ("部　　位", "{{ 项.部位 }}")), each="隐患"),
    Row(cells=(("隐患描述", "{{ 项.隐患描述 }}"),), each="隐患"),
)
_ASKED: Final = Row(cells=(("{{ 条.名称 }}", "{{ 条.内容 }}"),), each="申请")
_DECIDED: Final = Box(
    label="{% if 签发人职务 %}{{ 签发人职务 }}{% else %}分管局领导{% endif %}\n审批意见",
    signed="{% if 签发人 %}签批：{{ 签发人 }}　　{{ 成文日期 }}{% else %}" + BY_HAND + "{% endif %}",
)
FORMS: Final[Mapping[str, Form]] = {
    "extension_form": Form(
        rows=(
            Row(cells=(("申请单位", "{{ 主送 }}"), ("填表日期", "{{ 拟稿日期 }}"))),
            *_HAZARD,
            Row(cells=(("原整改时限", "{{ 项.整改时限 }}"), ("整改责任人", "{{ 项.整改责任人 }}")), each="隐患"),
            _ASKED,
        ),
        boxes=(
            Box(label="申请单位\n主要负责人\n意见"),
            Box(label="镇中心学校\n（园区教办）\n意见"),
            Box(label="安全股意见"),
            _DECIDED,
        ),
        note="注：延期申请应在整改时限届满前提出；延期期间应落实临时管控措施。",
    ),
    "closeout_form": Form(
        rows=(
            Row(cells=(("整改单位", "{{ 主送 }}"), ("排查日期", "{{ 检查日期 }}"))),
            *_HAZARD,
            Row(cells=(("整改时限", "{{ 项.整改时限 }}"), ("完成日期", "{{ 项.完成日期 }}")), each="隐患"),
            Row(cells=(("整改措施", "{{ 项.整改措施 }}"),), each="隐患"),
            Row(cells=(("完成情况", "{{ 项.完成情况 }}"),), each="隐患"),
            Row(cells=(("复查结论", "{{ 项.复查结论 }}"), ("复查意见", "{{ 项.复查意见 }}")), each="隐患"),
            _ASKED,
        ),
        boxes=(
            Box(label="整改单位\n主要负责人\n意见"),
            Box(label="复查（验收）\n人员意见"),
            Box(label="安全股意见"),
            _DECIDED,
        ),
        note="注：整改责任人不得兼任复查人员；本表与整改前后照片一并归入隐患档案。",
    ),
}
