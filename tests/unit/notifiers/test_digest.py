"""What was held for a person becomes one list."""

from __future__ import annotations

import pytest

from rectiflow.notifiers import DIGEST, TemplateSet
from rectiflow.notifiers.digest import MOST_LINES, Held, digest_params


def held(number: str, template: str = "reminder", **params: str | int | None) -> Held:
    """Return a message that was held."""
    return Held(number=number, template=template, params={"district_name": "区教育局", "contact": "123", **params})


def test_a_line_for_each_with_the_units_together(templates: TemplateSet) -> None:
    """Below the name of each unit: occasion, number, what it is and until when; how late it is, where it reminds of that."""
    said = digest_params(
        [
            held("N-2", unit="乙校", description="灭火器失压", due_on="2024年9月20日"),
            held(
                "N-1",
                "urge",
                unit="甲校",
                description="疏散通道堵塞",
                due_on="2024年9月1日",
                clock="整改时限",
                until="9月1日",
                days_overdue=3,
            ),
            held("N-3", "passed", unit="乙校", description="配电箱未锁"),
        ]
    )
    assert said == {
        "count": 3,
        "lines": "乙校（2项）\n\n"
        "· 提醒：N-2，灭火器失压（整改时限 2024年9月20日）\n"
        "· 复查合格：N-3，配电箱未锁\n\n"
        "甲校（1项）\n\n"
        "· 逾期催办：N-1，疏散通道堵塞（整改时限9月1日，已逾期3天）",
        "unit": None,
        "district_name": "区教育局",
        "contact": "123",
    }
    mail = templates.mail(DIGEST, {**dict.fromkeys(("recipient", "standing_in_for"), ""), **said, "unit": ""})
    assert "灭火器失压" in mail.text
    assert "<td" in mail.html
    placed = [mail.text.index(words) for words in ("乙校（2项）", "N-3", "甲校（1项）", "N-1")]
    assert placed == sorted(placed)
    assert "乙校（2项）" in mail.html


def test_of_one_unit_its_name_stands_once() -> None:
    """In the subject, not in every line."""
    said = digest_params([held("N-1", unit="甲校", description="一"), held("N-2", unit="甲校", description="二")])
    assert (said["unit"], said["lines"]) == ("甲校", "· 提醒：N-1，一\n· 提醒：N-2，二")


def test_what_is_restricted_stays_so() -> None:
    """A number, and that one should look."""
    assert digest_params([held("N-1", "restricted")])["lines"] == "· 限制类事项：N-1，请与安全股联系"


def test_a_long_list_says_how_much_more_there_is() -> None:
    """Nobody reads on for ever; the count is of all."""
    said = digest_params(held(f"N-{n:03}", description="x") for n in range(MOST_LINES + 5))
    lines = str(said["lines"]).splitlines()
    assert (said["count"], len(lines)) == (MOST_LINES + 5, MOST_LINES + 1)
    assert lines[-1] == "· 其余：5 项，请向安全股索取清单"


def test_what_lists_several_hazards_names_them() -> None:
    """An inspection has no description of its own: its line says what was found."""
    (line,) = str(
        digest_params([held("", "visit_reported", unit="甲校", lines="· 通道堆物\n· 灭火器失压")])["lines"]
    ).splitlines()
    assert line == "· 检查发现隐患：通道堆物；灭火器失压"


@pytest.mark.parametrize(
    ("template", "params", "line"),
    [
        (
            "request_decided",
            {"request": "延期", "decision": "批准", "due_on": "2024年10月30日", "new_due_on": "2024年10月30日"},
            "延期申请批准：新时限 2024年10月30日，N-1，通道堵塞",
        ),
        (
            "request_decided",
            {"request": "延期", "decision": "不批准", "due_on": "2024年9月22日", "reason": "可先用替代品"},
            "延期申请不批准：理由：可先用替代品，N-1，通道堵塞（整改时限 2024年9月22日）",
        ),
        ("request_made", {"request": "挂牌督办", "level": "区级"}, "区级挂牌督办申请待审批：N-1，通道堵塞"),
        ("reminder", {"clock": "复查时限"}, "复查时限提醒：N-1，通道堵塞"),
        ("reminder", {"clock": "签收时限", "until": "9月5日", "days_overdue": 4, "due_on": "2024年9月20日"},
         "签收时限提醒：N-1，通道堵塞（签收时限9月5日，已逾期4天）"),
        ("reminder", {"clock": "方案报备时限", "until": "9月18日", "days_left": 5},
         "方案报备时限提醒：N-1，通道堵塞（方案报备时限9月18日，还有5天）"),
        ("reminder", {"clock": "上报时限", "until": "9月7日20时30分", "hours_overdue": 4},
         "上报时限提醒：N-1，通道堵塞（上报时限9月7日20时30分，已超过4小时）"),
        ("due_soon", {"clock": "整改时限", "until": "9月20日", "days_overdue": 2},
         "整改时限提醒：N-1，通道堵塞（整改时限9月20日，已逾期2天）"),
        ("monitoring_due", {"clock": "监测时限", "until": "9月27日", "days_left": 0, "due_on": "2024年12月31日"},
         "监测提醒：N-1，通道堵塞（监测时限9月27日，今天到期）"),
        ("passed", {"due_on": "2024年11月25日", "days_overdue": 1}, "复查合格：N-1，通道堵塞（整改时限 2024年11月25日）"),
        ("call_task", {"clock": "签收时限", "callee": "校长（1）"}, "签收时限到期，请电话催办：校长（1），N-1，通道堵塞"),
        ("generic", {"action": "作废", "reason": "重复登记"}, "作废：理由：重复登记，N-1，通道堵塞"),
        ("recalled", {"reason": "交错了单位"}, "撤回交办：理由：交错了单位，N-1，通道堵塞"),
        ("paper_waiting", {"action": "整改通知书待签发", "description": "", "paper": "整改通知书"},
         "整改通知书待签发：N-1，整改通知书"),
        ("standing_in", {"actor": "某校长", "description": "", "period": "9月2日至22日"},
         "请假代理：某校长，9月2日至22日，N-1"),
    ],
)  # fmt: skip
def test_a_line_says_what_happened(template: str, params: dict[str, str | int], line: str) -> None:
    """A grant and a refusal are told apart, with the new date or the reason; a reminder names its clock."""
    said = digest_params([held("N-1", template, **{"unit": "甲校", "description": "通道堵塞", **params})])
    assert said["lines"] == f"· {line}"


def test_a_long_reason_or_description_leaves_room_for_the_rest() -> None:
    """Each is cut by itself; the date at the end is not."""
    said = digest_params([held("N-1", "returned", reason="理" * 300, description="隐" * 60, due_on="2024年9月22日")])
    assert str(said["lines"]) == f"· 退回：理由：{'理' * 36}…，N-1，{'隐' * 39}…（整改时限 2024年9月22日）"


def test_a_receipt_says_what_became_of_the_answer() -> None:
    """The whole of it, as long as it is no letter: it is all that a receipt is for."""
    told = "没有办理：申请延期须写明理由和临时管控措施；现在可以回复“签收”，或“申请延期到12月31日，理由：……。临时管控措施：……”"
    (line,) = str(digest_params([held("N-1", "answer", action=told)])["lines"]).splitlines()
    assert line == f"· 来信回执：{told}，N-1"
    (long,) = str(digest_params([held("N-1", "answer", action="长" * 300)])["lines"]).splitlines()
    assert long.startswith(f"· 来信回执：{'长' * 100}")
    assert "N-1" in long
    assert len(long) <= 160
