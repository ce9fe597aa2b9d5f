"""Papers as a Safety Section writes them, for the tests of how they look."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from rectiflow.reports.paper import Paper, PaperItem

_FOUND = (
    (
        "教学楼二楼西侧楼梯间",
        "疏散通道堆放课桌椅12套，宽度不足1.1米，防火门闭门器损坏不能自闭",
        "消防安全",
        "立即清空通道，更换闭门器",
        "陈志强",
    ),
    (
        "学生宿舍3号楼",
        "一至四层应急照明灯8盏不亮，疏散指示标志缺失5处",
        "消防安全",
        "更换应急照明灯，补齐疏散指示标志",
        "周海燕",
    ),
    (
        "食堂后厨",
        "燃气软管长约2.6米，中间有接头且穿墙，未安装可燃气体报警装置",
        "燃气安全",
        "由有资质单位更换为金属软管，加装报警装置",
        "吴建平",
    ),
    (
        "化学实验室危化品柜",
        "浓硫酸与有机试剂混放，双人双锁只落实一把，领用登记不全",
        "危化品",
        "分柜存放，落实双人双锁，补齐领用登记",
        "郑晓东",
    ),
    (
        "校门口",
        "硬质防冲撞设施缺失1处，一键报警装置测试无应答",
        "安防建设",
        "补装防冲撞设施，报修一键报警装置",
        "冯国庆",
    ),
    (
        "操场东侧围墙",
        "围墙倾斜约4厘米，长度约15米，未设警示标识",
        "校舍安全",
        "先行围挡，鉴定后拆除重建",
        "褚立新",
    ),
    ("配电室", "配电柜前堆放杂物，绝缘垫老化，门未设挡鼠板", "用电安全", "清理杂物，更换绝缘垫，加装挡鼠板", "卫东升"),
    (
        "校车停放点",
        "鄂G·12345号校车灭火器压力不足，随车照管员记录缺9月12日至9月20日",
        "校车安全",
        "更换灭火器，补齐并规范照管记录",
        "蒋文斌",
    ),
)


def an_item(ordinal: int = 1, **changes: Any) -> PaperItem:
    """One of eight hazards of a visit."""
    place, description, category, measures, responsible = _FOUND[(ordinal - 1) % len(_FOUND)]
    day = date(2024, 12, 6) if ordinal != 6 else date(2025, 2, 14)
    known: dict[str, Any] = {
        "ordinal": ordinal,
        "number": f"LZH-2024-{122 + ordinal:06}",
        "place": place,
        "description": description,
        "category": category,
        "basis": "《湖北省学校安全条例》第二十三条" if ordinal in {1, 4} else "",
        "measures": measures,
        "responsible": responsible,
        "due_on": day,
    }
    return PaperItem(**(known | changes))


def a_paper(kind: str = "rectification_notice", *, count: int = 8, **changes: Any) -> Paper:
    """A paper of this kind to one school, signed, with eight items."""
    items = tuple(an_item(place) for place in range(1, count + 1))
    known: dict[str, Any] = {
        "kind": kind,
        "title": "示例区教育局关于示例镇第一小学校园安全隐患的整改通知书",
        "issuer": "示例区教育局",
        "number": "示教安改〔2024〕3号",
        "addressee": "示例镇第一小学",
        "items": items,
        "found_on": date(2024, 11, 21),
        "method": "联合检查",
        "inspectors": "王明、李强",
        "partners": "区消防救援大队",
        "drafted_on": date(2024, 11, 22),
        "signed_on": date(2024, 11, 25),
        "signer": "赵立新",
        "signer_title": "分管局领导",
        "status": "signed",
        "contact": "安全股王明，0711-6000000",
        "copies": ("区消防救援大队", "示例镇中心学校"),
        "made_at": datetime(2024, 11, 25, 2, tzinfo=UTC),
    }
    return Paper(**(known | changes))


def an_opinion() -> Paper:
    """A re-inspection: five pass, one fails with a new date."""
    done = ("已清空通道，更换闭门器2套", "已更换应急照明灯8盏，补齐标志5处", "已更换金属软管，报警装置未安装")
    items = tuple(
        an_item(
            place,
            done=done[place - 1] if place <= len(done) else "已按要求整改",
            completed_on=None if place == 3 else date(2024, 12, 3),
            verdict="不合格" if place == 3 else "合格",
            opinion="可燃气体报警装置未安装" if place == 3 else "",
            due_on=date(2024, 12, 20) if place == 3 else date(2024, 12, 6),
        )
        for place in range(1, 7)
    )
    return a_paper(
        "verification_opinion",
        title="示例区教育局关于示例镇第一小学安全隐患整改情况的复查意见书",
        number="示教安复〔2024〕2号",
        about="示教安改〔2024〕3号",
        items=items,
        found_on=date(2024, 12, 9),
        partners="",
        signed_on=date(2024, 12, 10),
        slip=False,
    )


def a_correction() -> Paper:
    """Two corrections of a notice."""
    blank: dict[str, Any] = {
        "place": "",
        "description": "",
        "category": "",
        "measures": "",
        "responsible": "",
        "due_on": None,
    }
    items = (
        an_item(2, **blank, field="部位", before="学生宿舍3号楼", after="学生宿舍2号楼"),
        an_item(5, **blank, field="整改责任人", before="冯国庆", after="冯国强"),
    )
    return a_paper(
        "correction_notice",
        title="示例区教育局关于更正安全隐患整改通知书有关内容的通知",
        number="示教安更〔2024〕1号",
        about="示教安改〔2024〕3号",
        items=items,
        signed_on=date(2024, 11, 28),
    )


def an_extension(**changes: Any) -> Paper:
    """A school asks for more time for a wall."""
    asked = (
        ("申请延期至", "2025年3月28日"),
        ("延期理由", "围墙须拆除重建，鉴定报告1月6日出具，施工招标和寒假后复工尚需时间。"),
        ("临时管控措施", "已用硬质围挡隔离，设置警示标识6处，门卫每日巡查两次并登记。"),
    )
    known: dict[str, Any] = {
        "title": "安全隐患整改延期审批表",
        "items": (an_item(6),),
        "request": asked,
        "status": "draft",
        "number": None,
        "signed_on": None,
    }
    return a_paper("extension_form", **(known | changes))


def a_closeout(**changes: Any) -> Paper:
    """A hazard that passed is closed."""
    item = an_item(
        3,
        done="更换金属软管1根，安装可燃气体报警装置2台，经燃气公司检测合格",
        completed_on=date(2024, 12, 16),
        verdict="合格",
        opinion="现场查看，整改到位",
    )
    known: dict[str, Any] = {
        "title": "安全隐患销号审批表",
        "number": "示教安销〔2024〕7号",
        "items": (item,),
        "signed_on": date(2024, 12, 23),
    }
    return a_paper("closeout_form", **(known | changes))
