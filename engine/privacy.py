"""Free text that may name a pupil: said to the person who writes it, never decided by the machine."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["pupil_warnings"]

#: The hundred commonest surnames of mainland China cover some 85 % of its people.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆"
    "范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常"
)
_NAME = rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
_PUPIL = re.compile(
    rf"(?:学生|男生|女生|同学|[一二三四五六七八九]年级\S{{0,4}}班|[初高][一二三]\S{{0,4}}班)[：:]?({_NAME})|({_NAME})同学"
)
_NO_NAME = re.compile(r"万元|高空|高处|方案|金属|石块|石灰|常态|向外|向内|任课|余名|严重|龙头|白天|雷雨|江边|武术|段时")


def pupil_warnings(texts: Iterable[object]) -> tuple[str, ...]:
    """Return one warning for each text that seems to name a pupil."""
    found = (m.group(1) or m.group(2) for t in texts if isinstance(t, str) for m in _PUPIL.finditer(t))
    names = dict.fromkeys(n for n in found if not _NO_NAME.match(n))
    return tuple(f"文字里似乎有学生姓名（{n[0]}{'*' * (len(n) - 1)}），请改为不具名的写法" for n in names)
