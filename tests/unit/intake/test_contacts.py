"""Addresses as they stand in a workbook."""

from __future__ import annotations

import pytest

from rectiflow.intake import Unfit, read_email


@pytest.mark.parametrize(
    "text", ["head@school.example", " head@school.example ", f"{'a' * 64}@qq.com", "a-b.c+d@x.y.cn"]
)
def test_an_address_is_read(text: str) -> None:
    """Spaces around it are no part of it."""
    assert read_email(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a@b", "@ 后面的域名里要有“.”"),
        (f"{'a' * 70}@school.example", "@ 前面最多 64 个字符"),
        ("-oQ/tmp@school.example", "@ 前面不能以“-”开头"),
        (f"-{'a' * 70}@b", "@ 前面不能以“-”开头；@ 前面最多 64 个字符；@ 后面的域名里要有“.”"),
        (f"a@{'.'.join(['b' * 60] * 5)}.example", "@ 后面最多 255 个字符；总共最多 254 个字符"),
        ("校长", "应是 name@example.com 的样子"),
        ("a b@@c.example", "应是 name@example.com 的样子"),
    ],
)
def test_what_is_wrong_is_said_whole(text: str, told: str) -> None:
    """Everything that is wrong with it, at once."""
    with pytest.raises(Unfit) as refused:
        read_email(text)
    assert str(refused.value) == f"不是电子邮箱地址，{told}；一格只填一个"
