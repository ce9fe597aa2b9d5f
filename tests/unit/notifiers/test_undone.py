"""Whether words say that something is still to be done."""

from __future__ import annotations

import pytest

from rectiflow.notifiers.undone import says_undone


@pytest.mark.parametrize(
    "words",
    [
        "已报修，厂家明天到", "9月10日前完成", "大部分已完成，差2具", "争取国庆期间更换", "完成80%", "整改进行中",
        "3处完成2处", "拟寒假更换", "计划国庆期间完成", "承诺本月底前整改到位", "缺一个灭火器", "已申请经费", "尽快更换",
        "但是还有一处没有完成，等配件", "还差2具，已更换8具", "未完成的已联系厂家",
    ],
)  # fmt: skip
def test_what_is_still_to_be_done(words: str) -> None:
    """All of it, a part of it, or by a day to come."""
    assert says_undone(words)


@pytest.mark.parametrize(
    "words",
    [
        "之前未完成的已全部完成", "3号楼尚缺的灭火器已补齐", "原来还没有安装的护栏已安装完毕", "由于等待配件，拖延了几天，现已更换",
        "已清理", "疏散通道已清空，未发现问题", "3处完成3处", "已按计划完成整改", "请尽快来复查", "完成100%", "没有再堆放",
        "已更换8具灭火器", "通道已清理，缺失的指示牌已补", "投入1200元，已全部整改到位",
    ],
)  # fmt: skip
def test_what_is_done(words: str) -> None:
    """Also where it is said how it was before."""
    assert not says_undone(words)


def test_of_some_the_others_do_not_count() -> None:
    """What is said of other items; lines without words cost nothing."""
    assert not says_undone("第1项已清理，其余下周完成", of_some=True)
    assert not says_undone("已清理" + "\n" * 20_000, of_some=True)
