"""What each figure means: the sentences printed under the tables that show it.

They say in words what `figures` counts; a bureau that chooses another definition changes both.
"""

from __future__ import annotations

from types import MappingProxyType

#: Key of the definition → the sentence printed.
DEFINITIONS = MappingProxyType(
    {
        "base": (
            "应整改＝上期结转＋本期新增－核查不属实－重复并入，尚未到期的也计入；"
            "整改率＝已整改÷应整改，分母为零的比率记“—”。"
        ),
        "carried_over": (
            "上期结转指本期以前登记、期初尚未完成整改的隐患（销号后重新整改的同）；"
            "本期新增按录入日期归期，存量建账的按排查日期归期；作废的不计。"
        ),
        "rectified": (
            "已整改：一般隐患以复查合格为准，重大隐患以销号为准；当场整改的，应整改和已整改均计入；"
            "单位撤并等其他办结计入应整改、不计入已整改。"
        ),
        "on_time": (
            "按期整改率＝在原定时限内申请复查且该次复查合格的项数÷按原定时限本期到期的项数（未整改的也计入）；"
            "“按现行时限”以批准延期、复查后重定的时限计算。"
        ),
        "duration": (
            "整改时长为整改通知送达至合格的那次申请复查的天数；等待复查的时间另计为复查用时，不算责任单位的用时。"
        ),
        "overdue": "逾期指已过整改时限仍未申请复查，自时限次日起算；已申请复查的不算逾期。",
        "undated": "未定时限指尚未确定整改时限，单列，不算逾期。",
        "waiting": "待复查指已申请复查、尚未复查；复查逾期指待复查超过复查时限，计复查单位，不计责任单位。",
        "to_close": "待销号指重大隐患验收合格、尚未销号。",
        "first_pass": "一次复查合格率＝首次复查即合格的项数÷已复查过的项数，当场整改的不计。",
        "self_found": "自查发现率＝单位自查发现的项数÷本期新增。",
        "relapse": "反弹指销号后再次出现、重新整改的隐患；反弹率＝反弹÷应整改。",
        "entries": "代录指安全股等代责任单位录入的办理记录，补录指事后补记的办理记录，均按条计。",
        "stock": "存量指建账时由原台账转入的隐患，增量指此后登记的隐患。",
        "referred": "移送其他部门的隐患单列，不计入应整改；已反馈指接收部门已反馈并办结。",
        "funds": "整改资金为本期已整改隐患所用资金。",
        "listed": "挂牌督办按截止时在册的督办级别计。",
    }
)


def notes(*keys: str) -> tuple[str, ...]:
    """Return the sentences of these definitions, in this order."""
    return tuple(DEFINITIONS[key] for key in keys)
