"""How messages are worded here: which templates there are and whose, what is wrong with them, how a message will look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow._identity import keeps_all
from rectiflow._outbox import DirectoryContacts, hushed
from rectiflow._views import seen
from rectiflow.engine import telling
from rectiflow.engine.days import told_on
from rectiflow.engine.errors import InputUnusable, NotFound, os_reason
from rectiflow.engine.moments import chinese_date
from rectiflow.notifiers.errors import TemplateInvalid, TemplateProblem
from rectiflow.notifiers.message import Contact, Message, Param
from rectiflow.notifiers.parameters import OCCASIONS, PARAMETERS, RESTRICTED, RESTRICTED_PARAMETERS, fill
from rectiflow.notifiers.preview import Preview, preview_page, sms_parts
from rectiflow.notifiers.sms import compose_sms
from rectiflow.notifiers.template_check import ALWAYS, names_used
from rectiflow.notifiers.template_files import (
    Source,
    builtin_templates,
    mail_html,
    mail_subject,
    mail_text,
    read_folders,
    sms_text,
)
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow._workplace import Workplace

__all__ = [
    "Preview",
    "TemplateField",
    "TemplateFile",
    "TemplateLine",
    "TemplateProblem",
    "copy",
    "fields",
    "files",
    "listing",
    "preview",
    "previews",
    "problems",
    "sms_parts",
    "write_page",
]

BUILT_IN, OWN = "内置", "本区"
_OUTBOX, _TICKET, _SAMPLE = "发件箱里最近一条的内容", "按隐患现在的情况", "示例内容"
_LATE = 2  #: days a sample is overdue
_PHONE = "13800000000"  #: stands in where a person has none, for the words alone

#: What a sample says of a ticket; dates and numbers come beside it.
_FACTS: Mapping[str, Param] = {
    "workflow": "一般隐患",
    "unit": "示例一镇初级中学",
    "place": "教学楼二楼东侧",
    "description": "疏散通道堆放课桌椅，应急照明灯损坏两盏",
    "category": "消防安全",
    "severity": "一般",
    "state": "整改中",
    "actor": "张老师",
    "actor_unit": "示例一镇初级中学",
    "days_left": 3,
}
_ITEMS = "1. 一楼东侧，疏散通道堆物（2024年9月6日前）\n2. 食堂，灭火器失压（2024年9月20日前）"
_CONTROL = "教室停用，拉警戒线，专人值守"
#: What an occasion says beside that.
_EXTRAS: Mapping[str, Mapping[str, Param]] = {
    "assigned": {"state": "待签收"},
    "call_task": {"clock": "签收时限", "state": "待签收", "callee": "示例学校安全员（13800000000）"},
    "closed": {"state": "已销号"},
    "control_first": {"severity": "重大", "state": "待先行管控", "workflow": "重大隐患"},
    "controlled": {"severity": "重大", "state": "已管控待交办", "workflow": "重大隐患", "control_measures": _CONTROL},
    "delisted": {"level": "区级"},
    "digest": {
        "count": 2,
        "lines": "· 临期提醒：LZH-2024-000123，疏散通道堆物（整改时限 2024年9月6日）\n"
        "· 交办：LZH-2024-000124，灭火器失压（整改时限 2024年9月20日）",
    },
    "generic": {"action": "请补充整改后的照片"},
    "handed_over": {
        "action": "安全股股长",
        "count": 2,
        "lines": "· LZH-2024-000123，疏散通道堆物\n· LZH-2024-000124，灭火器失压",
    },
    "import_summary": {"count": 36, "lines": "一般隐患 34 条，重大隐患 2 条\n已逾期 3 条"},
    "listed": {"level": "区级"},
    "major_reported": {
        "severity": "重大",
        "workflow": "重大隐患",
        "reported_up_to": "区应急管理局",
        "reported_up_on": "2024年9月8日",
        "control_measures": _CONTROL,
    },
    "paper_closed": {"count": 2, "lines": _ITEMS},
    "paper_result": {"count": 2, "lines": "1. 一楼东侧，疏散通道堆物：合格\n2. 食堂，灭火器失压：不合格，未更换"},
    "paper_served": {
        "paper": "整改通知书〔2024〕5号",
        "count": 2,
        "lines": "1. 一楼东侧，疏散通道堆物（2024年9月6日前）〔123号〕\n2. 食堂，灭火器失压（2024年9月20日前）〔124号〕",
    },
    "paper_waiting": {
        "paper": "整改通知书",
        "action": "整改通知书拟稿",
        "count": 2,
        "lines": _ITEMS,
        "next_step": "签发",
    },
    "passed": {"state": "复查合格待销号"},
    "reassigned": {"state": "待签收"},
    "recalled": {"state": "待交办"},
    "reclassified": {"workflow": "重大隐患"},
    "reminder": {"clock": "签收时限", "state": "待签收"},
    "report_ready": {"lines": "排查 40 条，已整改 36 条，逾期 1 条"},
    "request_decided": {"request": "延期", "decision": "批准"},
    "request_made": {
        "request": "延期",
        "reason": "所需配件未到货",
        "asked": "申请延期至：2024年9月20日；临时管控措施：专人值守",
    },
    "returned": {"reason": "不属本单位管理", "state": "待交办"},
    "standing_in": {"count": 4},
    "steps_due": {
        "clock": "整改时限",
        "action": "今天到期",
        "count": 2,
        "numbers": "123、124号",
        "note": "请逐项办理",
        "lines": "· LZH-2024-000123，疏散通道堆物（整改时限 2024年9月6日）\n"
        "· LZH-2024-000124，灭火器失压（整改时限 2024年9月6日）",
    },
    "submitted": {"state": "待复查"},
    "supervision_served": {
        "paper": "督办通知〔2024〕2号",
        "count": 2,
        "lines": _ITEMS,
        "days_left": None,
        "days_overdue": _LATE,
    },
    "urge": {"days_left": None, "days_overdue": _LATE},
    "visit_reported": {"action": "日常检查", "count": 2, "lines": "· 第1项：一楼疏散通道堆物\n· 第2项：灭火器失压"},
}


class TemplateLine(Struct, frozen=True, kw_only=True):
    """One occasion: whose words its mail and its short message have."""

    occasion: str
    title: str
    mail: str  #: 内置 | 本区
    sms: str
    page: str  #: of the mail's own page; "" where it is in the common frame


class TemplateFile(Struct, frozen=True, kw_only=True):
    """One file of an occasion."""

    path: str
    owner: str
    text: str


class TemplateField(Struct, frozen=True, kw_only=True):
    """One thing a message can say: its name in templates, what it is, and an example; "" where it is mostly absent."""

    name: str
    title: str
    example: str


def listing(place: Workplace) -> list[TemplateLine]:
    """Return every occasion, the program's in their order, then the district's own; files with faults count too."""
    sources = _sources(place)
    occasions = dict.fromkeys((*OCCASIONS, *sorted({n.partition(".")[0] for n in sources if not n.startswith("_")})))
    return [
        TemplateLine(
            occasion=o,
            title=_title(o),
            mail=_owner(sources.get(mail_text(o))),
            sms=_owner(sources.get(sms_text(o))),
            page=_owner(sources.get(mail_html(o))),
        )
        for o in occasions
    ]


def files(place: Workplace, text: str) -> tuple[TemplateLine, list[TemplateFile]]:
    """Return an occasion's files as they stand on the disk.

    Raises:
        NotFound: no such occasion.
    """
    meant, sources = _meant(listing(place), text), _sources(place)
    names = (mail_text(meant.occasion), mail_html(meant.occasion), sms_text(meant.occasion))
    chosen = (sources[n] for n in names if n in sources)
    return meant, [TemplateFile(path=s.path, owner=_owner(s), text=_read(s)) for s in chosen]


def copy(place: Workplace, text: str) -> list[Path]:
    """Write the built-in files of an occasion into the district's folder, to be changed there; return where they are.

    Raises:
        NotFound: no such occasion.
        InputUnusable: it is the district's own, some of the files are there already, or they cannot be written; nothing is
            written over.
    """
    meant, own = _meant(listing(place), text), place.path(place.settings.templates)
    built_in = read_folders([builtin_templates()])[0]
    names = [
        n for n in (mail_text(meant.occasion), mail_html(meant.occasion), sms_text(meant.occasion)) if n in built_in
    ]
    if not names:
        raise InputUnusable(f"“{meant.occasion}”没有内置的文字可以复制，它是本区自己的场合。")
    there = [str(own / n) for n in names if (own / n).exists()]
    if there:
        raise InputUnusable(f"{'、'.join(there)} 已经存在，没有覆盖；要重新复制的，先把它移走。")
    try:
        own.mkdir(parents=True, exist_ok=True)
        for name in names:
            with (own / name).open("x", encoding="utf-8") as file:
                file.write(_read(built_in[name]))
    except OSError as exc:
        raise InputUnusable(f"写不了 {own}：{os_reason(exc)}。请检查权限。") from exc
    return [own / n for n in names]


def fields(place: Workplace, text: str) -> list[TemplateField]:
    """Return what an occasion's messages have to say, by the name that templates and the clouds' variables use.

    It is what the built-in words of the occasion speak of, of a district's own occasion its own; an example beside it.

    Raises:
        NotFound: no such occasion.
    """
    meant = _meant(listing(place), text).occasion
    names = (mail_text(meant), mail_subject(meant), sms_text(meant))
    built_in = read_folders([builtin_templates()])[0]
    used = names_used(built_in if meant in OCCASIONS else _sources(place), names)
    contact = _contact(place.flow, "", asked=False)
    district = place.settings.mail.sender_name or place.flow.directory().district.name
    values = fill(_sample(place.flow, meant), contact, district_name=district)
    known = RESTRICTED_PARAMETERS if meant == RESTRICTED else used | ALWAYS
    return [TemplateField(name=n, title=PARAMETERS[n], example=str(values[n])) for n in PARAMETERS if n in known]


def problems(place: Workplace) -> list[TemplateProblem]:
    """Return everything that is wrong with the templates, by file and line; [] if all can be used."""
    return list(place.template_problems)


def previews(
    place: Workplace, *, by: str | None, number: str | None = None, person: str | None = None
) -> list[Preview]:
    """Return how a message of every occasion will look; see `preview`."""
    return [preview(place, o.occasion, by=by, number=number, person=person) for o in listing(place)]


def preview(
    place: Workplace, text: str, *, by: str | None, number: str | None = None, person: str | None = None
) -> Preview:
    """Return how a message will look; nothing is written and nothing is sent.

    Args:
        text: the occasion, by id or Chinese title.
        by: who looks; needed with a number.
        number: a hazard whose data are shown: those of its latest message of the occasion that `by` may see, else its own.
        person: to whom it goes; by default as in that message, else the responsible person, else nobody in particular.

    Raises:
        NotFound: no such occasion, hazard or person. Refused: the hazard is restricted, and `by` not involved.
        TemplateInvalid: the district's templates have faults, so that this may not be what they mean.
    """
    meant, flow = _meant(listing(place), text), place.flow
    if place.template_problems:
        raise TemplateInvalid(place.template_problems)
    if number is None:
        message, source = _sample(flow, meant.occasion), _SAMPLE
    else:
        message, source = _of_ticket(flow, meant.occasion, number, by or "")
    contact = _contact(flow, person or message.recipient, asked=person is not None)
    named = replace(message, params={**message.params, "recipient": contact.name})
    return _worded(place, meant, named, contact, source)


def write_page(previews: Sequence[Preview], file: Path) -> None:
    """Write one page that shows the messages.

    Raises:
        InputUnusable: it is no name of a page, or cannot be written.
    """
    if file.suffix.lower() not in (".html", ".htm"):
        raise InputUnusable(f"--page 应是 .html 文件，写的是“{file.name}”。")
    title = f"消息预览：{previews[0].title}" if len(previews) == 1 else f"消息预览：{len(previews)} 种场合"
    try:
        file.write_text(preview_page(previews, title=title), encoding="utf-8")
    except OSError as exc:
        raise InputUnusable(f"写不了 {file}：{os_reason(exc)}。请换一个位置或检查权限。") from exc


def _worded(place: Workplace, meant: TemplateLine, message: Message, contact: Contact, source: str) -> Preview:
    settings, district = place.settings, place.flow.directory().district.name
    values = fill(message, contact, district_name=settings.mail.sender_name or district)
    mail = place.templates.mail(message.template, values, replies=bool(settings.inbox.address), invited=message.invited)
    reached = replace(contact, phone=contact.phone or _PHONE)
    signature = settings.outgoing.sms_signature or district
    sms = compose_sms(message, reached, templates=place.templates, signature=signature)
    hidden = message.template == RESTRICTED != meant.occasion
    return Preview(
        occasion=meant.occasion,
        title=meant.title,
        number=message.number,
        recipient=contact.name,
        source="受限类别，只发“限制类事项”的内容" if hidden else source,
        subject=mail.subject,
        text=mail.text,
        sms=sms.body.decode(),
        html=mail.html,
    )


def _of_ticket(flow: Rectiflow, occasion: str, number: str, by: str) -> tuple[Message, str]:
    """Return the message a hazard has, or would have, and which of both it is."""
    snapshot = seen(flow, number, by)
    ticket, keeper = snapshot.case, keeps_all(flow, by)
    written = (
        r
        for r in queries.messages(flow.store.engine, flow.district, number=number)
        if r["template"] == occasion and (keeper or r["recipient"] == by)
    )
    row = next(written, None)
    if row is not None:
        params: dict[str, Param] = json.loads(row["params"]) if isinstance(row["params"], str) else dict(row["params"])
        recipient, source = str(row["recipient"]), _OUTBOX
    else:
        known = telling.parameters(snapshot.workflow, ticket, snapshot.directory)
        params = {**told_on(known, flow.now()), "contact": flow.contact or None}
        recipient, source = str(ticket.fields.get("responsible_person") or ""), _TICKET
    template = RESTRICTED if ticket.restricted else occasion
    said = hushed(params) if ticket.restricted else params
    return _message(flow, template, number, recipient, said), source


def _sample(flow: Rectiflow, occasion: str) -> Message:
    today, district = flow.today(), flow.directory().district
    said = {**_FACTS, **_EXTRAS.get(occasion, {})}
    left = said["days_left"] if isinstance(said["days_left"], int) else -_LATE
    due_on = today + timedelta(days=left)
    dated: dict[str, Param] = {
        "due_on": chinese_date(due_on),
        "ends": due_on.isoformat(),
        "period": f"{today.year}年{today.month}月",
        "contact": flow.contact or None,
    }
    number = f"{district.prefix}-{today.year}-000123"
    return _message(flow, occasion, number, "", told_on({**dated, **said}, flow.now()))


def _message(flow: Rectiflow, template: str, number: str, recipient: str, params: Mapping[str, Param]) -> Message:
    return Message(
        id="preview",
        district=flow.district,
        number=number,
        sequence=1,
        recipient=recipient,
        template=template,
        template_version=0,
        params=params,
        created_at=flow.now(),
    )


def _contact(flow: Rectiflow, text: str, *, asked: bool) -> Contact:
    """Return who gets it today; somebody made up where nobody is named."""
    directory = flow.directory()
    known = directory.find_person(text).id if asked else text
    found = DirectoryContacts(flow.directory).contact(flow.district, known, flow.today())
    return found or Contact(person="", name="示例学校校长", phone=_PHONE)


def _meant(lines: Sequence[TemplateLine], text: str) -> TemplateLine:
    found = next((o for o in lines if text in (o.occasion, o.title)), None)
    if found is None:
        raise NotFound(f"没有名为“{text}”的场合，请用 rectiflow template list 查看。")
    return found


def _sources(place: Workplace) -> dict[str, Source]:
    own = place.path(place.settings.templates)
    return read_folders([builtin_templates(), *([own] if own.is_dir() else [])])[0]


def _owner(source: Source | None) -> str:
    return "" if source is None else OWN if source.rank else BUILT_IN


def _title(occasion: str) -> str:
    return OCCASIONS.get(occasion, "自定义")


def _read(source: Source) -> str:
    """Return a file as it is: `read_folders` has parted a mail from its subject."""
    return Path(source.path).read_text("utf-8-sig")
