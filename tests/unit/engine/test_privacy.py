"""A pupil's name in free text is warned about."""

from __future__ import annotations

import pytest

from rectiflow.engine.privacy import pupil_warnings
from support.district import done, world


@pytest.mark.parametrize("text", ["初二3班学生王小明被同学殴打", "五年级（2）班：李娜多次旷课", "赵强同学情绪低落"])
def test_a_name_is_warned_about(text: str) -> None:
    """The warning shows the surname alone."""
    (warning,) = pupil_warnings([text])
    assert "学生姓名" in warning
    assert "*" in warning


@pytest.mark.parametrize(
    "text",
    [
        "二楼疏散通道堆放课桌椅",
        "学生宿舍灭火器过期",
        "学生高空抛物",
        "同学严重拥挤",
        "学校向学生收取费用",
        "安全股股长",
        None,
        3,
    ],
)
def test_ordinary_words_are_not(text: object) -> None:
    """What offices write about buildings and crowds is left alone."""
    assert not pupil_warnings([text])


def test_the_report_says_so() -> None:
    """Who reports a hazard with a pupil's name is told, and it goes in."""
    place = world()
    decision = done(
        place.report(
            "hazard", "safety-head", source="bureau", found_on="2024-09-02", category="bullying",
            description="学生王小明被殴打", responsible_unit="town1_school2",
        )
    )  # fmt: skip
    assert any("学生姓名" in w for w in decision.warnings)
