"""Catalogues: what they hold once loaded, and what is said of broken ones."""

from __future__ import annotations

import pytest

from rectiflow.engine.errors import WorkflowInvalid
from rectiflow.engine.load import load_catalogue

TEXT = """\
catalogue: category
version: 3
title: 隐患类别
items:
  fire:
    title: 消防安全
    lead: 安全股
    aliases: [消防, 消防安全隐患]
    children:
      fire_exit: {title: 疏散通道不畅通}
      fire_wire:
        title: 电气线路
        lead: 后勤办
        children:
          fire_ebike: {title: 电动自行车, aliases: 电瓶车}
  dispute:
    title: 矛盾纠纷
    restricted: true
    children:
      dispute_home: {title: 家庭纠纷}
      dispute_open: {title: 公开纠纷, restricted: false}
"""


def test_children_inherit() -> None:
    """The unit in charge and the restriction come down from above, unless an entry says its own."""
    items = load_catalogue(TEXT, source="c.yaml").items
    assert list(items) == ["fire", "fire_exit", "fire_wire", "fire_ebike", "dispute", "dispute_home", "dispute_open"]
    assert (items["fire_exit"].lead, items["fire_exit"].parent) == ("安全股", "fire")
    assert (items["fire_wire"].lead, items["fire_ebike"].lead) == ("后勤办", "后勤办")
    assert [items[i].restricted for i in ("fire", "dispute", "dispute_home", "dispute_open")] == [
        False,
        True,
        True,
        False,
    ]
    assert items["dispute"].lead is None


def test_find_and_top() -> None:
    """Entries are found by id, title and alias; each knows its topmost ancestor."""
    catalogue = load_catalogue(TEXT, source="c.yaml")
    assert (catalogue.id, catalogue.version, catalogue.title) == ("category", 3, "隐患类别")
    for text in ("fire_ebike", "电动自行车", " 电瓶车 "):
        found = catalogue.find(text)
        assert found is not None
        assert found.id == "fire_ebike"
    top = catalogue.top("fire_ebike")
    assert top is not None
    assert top.title == "消防安全"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: 3", "version: three", "c.yaml:2:10: S208 version 应是 1 到 1000000 的整数"),
        ("    lead: 安全股", "    leads: 安全股", "c.yaml:7:5: S201 条目 fire 没有“leads”这一项（是不是 lead？）"),
        ("fire_exit: {title", "Exit: {title",
         "c.yaml:10:7: S205 “Exit”不能作名称（用小写字母开头，只含小写字母、数字和下划线，至多 64 个字符）"),
        ("dispute_home:", "fire_wire:",
         "c.yaml:20:7: S209 条目 fire_wire 重复（一个目录里的名称不能相同，下级条目也一样）"),
        ("aliases: 电瓶车", "aliases: 消防",
         "c.yaml:15:11: S209 条目 fire_ebike 的“消防”已经是 fire 的名称或别名（去掉一处，否则认不出是哪一条）"),
        ("{title: 家庭纠纷}", "家庭纠纷", "c.yaml:20:21: S203 条目 dispute_home 应写成若干“键: 值”"),
        ("restricted: true", "restricted: 是", "c.yaml:18:17: S203 restricted 只能写 true 或 false"),
    ],
)  # fmt: skip
def test_broken_catalogues(old: str, new: str, line: str) -> None:
    """What is wrong is said with its place."""
    assert old in TEXT
    with pytest.raises(WorkflowInvalid) as caught:
        load_catalogue(TEXT.replace(old, new), source="c.yaml")
    assert line in str(caught.value).splitlines()


def test_equal_titles_under_different_parents() -> None:
    """“其他” may stand under every heading."""
    text = TEXT.replace("{title: 家庭纠纷}", "{title: 其他}").replace("{title: 疏散通道不畅通}", "{title: 其他}")
    assert len(load_catalogue(text, source="c.yaml").items) == 7


def test_no_catalogue_at_all() -> None:
    """An empty text is no catalogue."""
    with pytest.raises(WorkflowInvalid, match=r"c\.yaml:1:1: Y106"):
        load_catalogue("", source="c.yaml")
