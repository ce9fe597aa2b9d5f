"""Whether words that ask for a re-inspection say that something is still to be done: then it is not asked for yet.

What was wrong before is no such thing (原来未更换的已更换), nor what is not there any more (没有再堆放, 未发现问题).
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque

__all__ = ["says_undone"]

_WORK = "整改|采购|订购|订货|施工|维修|修|招标|协调|安装|更换|换|处理|清理|清运|拆|办|落实|制作|联系|推进|组织|准备|走流程|加紧|抓紧"
_FINE = re.compile(
    r"(?:今后|以后)[^。;；\n]*|(?:未再?|没有?再?|无)(?:发现|发生|出现|堆放|使用|占用)|(?:未|没有?)(?:再|问题|隐患)|没问题|无(?:安全)?(?:隐患|异常|误|问题)"
)
_SURE = re.compile(
    r"(?:未|没有?)(?:能|有|全部|完全|彻底|按期|按时|按要求)?(?:完成|完工|整改|完)|(?<!高)尚(?:未|需|有|待|缺|差)|[还仍暂](?:没|未|差|缺)"
    r"|还有[^。;；\n]{0,20}(?:没|未|待|在|等)"
    rf"|(?:正在|正|还在|仍在|仍须|仍需|还需|还要)(?:{_WORK})|(?:整改|施工|采购|维修|招标)中(?=$|[\s,，。;；!！])"
    r"|等待(?!复[查核]|验收|检查|销号|领导|老师)|(?:^|[\s,，。;；、在需正])等(?:配件|厂家|材料|资金|经费|货|到货|招标|师傅|批|拨款|安装|施工|放假|寒假|暑假|假期|周末)"
    r"|(?<!期)待(?:采购|资金|经费|配件|厂家|到货|招标|安装|施工|更换|假期|寒假|暑假|拨款)|(?:准备|拟)(?:更换|采购|安装|维修|施工)"
    r"|除[^,，。;；\n]{1,12}外[^。;；\n]{0,3}(?:其[余他]|[均都已全])|计划[于在]?\d"
    r"|(?:下周|下个?月|明天|后天|预计|即将)[^。;；\n]{0,12}(?:完成|完工|到位|到货|安装|更换|整改|处理|清理|解决)"
    r"|[还仅只就]差|(?:只|仅|部分)(?:整改|完成|更换|清理)|整改不了|完成不了|做不到"
    r"|(?:无法|不能)(?:按期|按时|立即|马上|及时|全部|完全)?(?:完成|整改|更换|修复|解决|处理)"
    r"|大部分|基本完成|进行中|(?<!\d)\d{1,2}%|争取|承诺|(?<![按照原])计划(?!书)|(?<![虚草])拟|报修|申请(?:了)?(?:经费|资金)"
    r"|尽快(?!(?:来|安排|予以)*(?:复查|复核|验收|销号))|(?:明天|后天|下周)[^。;；\n]{0,12}到|\d[日号]?前(?:完成|整改)"
    r"|(?:^|[,，。;；\n])[差缺少]|(?<!\d)(?P<all>\d{1,3})处[^。;；\n]{0,3}完成(?!(?P=all)处)\d"
)
_VERB = "完成|完毕|补|安装|更换|换|到位|修|整改|处理|清|拆|解决"
#: follows what was missing before and is not any more: 未完成的已完成; 等待配件，现已更换
_SINCE = re.compile(
    rf"[^,，。;；\n]{{0,12}}的[^,，。;；\n]{{0,10}}(?:已|均已|都已)(?:经|全部|全|均|都)?(?:{_VERB})"
    rf"|[^。;；\n]{{0,24}}现(?:在)?(?:已|均已|都已)(?:经|全部|全)?(?:{_VERB})"
)
#: what may have been so before: it counts where nothing after it says that it is put right
_LIKELY = re.compile(
    r"(?:(?:未|没有?)(?:能|全部|及时|来得及)?(?:改|落实|到位|到货|到(?![现处])|安装|更换|换|维修|修|处理|解决|采购|清理|清运|拆|装|弄|办|动|做|好|开工|施工)|不到位)"
    r"(?!.{0,12}(?:问题|隐患|情况|现象))"
)
_PUT_RIGHT = re.compile(r"[已均]|全部|现[在已]")
_OTHERS = re.compile(
    r"(?:^|[,，。;；\n])[^\S\n]*(?:其[余他它]|剩|余下|另外?|别的|第[^\s,，。;；]{1,3}[项条]|\d{1,6}(?![\d天日月年个处]))[^。;；\n]*"
)


def says_undone(text: str, *, of_some: bool = False) -> bool:
    """Tell whether words say that something is not done yet.

    Args:
        of_some: they are about some of several things; what they say of the others does not count.
    """
    said = unicodedata.normalize("NFKC", text)
    said = _FINE.sub("", _OTHERS.sub("", said) if of_some else said)
    likely = deque(_LIKELY.finditer(said), maxlen=1)
    sure = any(_SINCE.match(said, found.end()) is None for found in _SURE.finditer(said))
    return sure or any(_PUT_RIGHT.search(said, last.end()) is None for last in likely)
