"""One mail or short message that came in: kept, told apart, matched with what it answers, and carried out or shown.

The order is what keeps it safe: the bytes are kept before they are understood, what is carried out bears the mail's mark
on record, and what became of it is noted last. So it may be handed in again after a crash, and nothing is done twice.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.decision import MessageDraft
from rectiflow.engine.moments import at_hour, local_day
from rectiflow.engine.stimulus import Attachment
from rectiflow.engine.telling import RECEIPT, is_receipt
from rectiflow.notifiers.address import domain_of
from rectiflow.notifiers.digest import LISTS
from rectiflow.notifiers.incoming import read_mail
from rectiflow.notifiers.judging import judge
from rectiflow.notifiers.parameters import RESTRICTED
from rectiflow.notifiers.phone import mobile, spellings
from rectiflow.notifiers.plaintext import clean_lines, one_line, shorten
from rectiflow.notifiers.quoting import new_text
from rectiflow.notifiers.token import find
from rectiflow.notifiers.wish import Wish, read_wish
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Incoming, OutboxRow
from rectiflow.storage.paperwork import paper_items

from .acting import ASKED, DONE, STEPS, Answer, carry_out
from .naming import ANSWERABLE, Meant, meant, meant_of_digest, meant_of_mail, paper_of
from .recording import Received, identity, kept_bytes, once, received, settled
from .returning import returned_mail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from rectiflow._workplace import Workplace
    from rectiflow.engine.directory import Person
    from rectiflow.notifiers.incoming import Incoming as Mail

__all__ = ["receive_mail", "receive_sms"]

MOST_WORDS = 20_000  #: characters of an answer that are kept beside its bytes
MOST_AN_HOUR = 12  #: remarks of one sender that are taken; beyond that two automata may be talking to each other
MOST_EXACT = 60  #: answers of any kind, while the next is what can only be a person's: 签收, 申请复查, 申请延期
TOO_MANY = "一小时内来信过多，可能是自动回复，没有办理，已告知发件人一次"
WRITE_PLAINLY = "请把要办的写在回信正文第一行（如“签收”），不要加密，照片直接附上"
SMALL = "正文里的小图片没有收，是照片的请作为附件发"
_OF_MANY = frozenset({"visit_reported"})  #: occasions that speak of several hazards under the number of one
_DONE = (DONE, ASKED, "签收过")  #: words of what became of an answer that asked for what it could get
_BULK = frozenset({"bulk", "junk", "list"})
_DROPPED = {"own": "本程序自己的邮件", "list": "邮件列表", "automatic": "自动回复"}


class Enclosed(Struct, frozen=True, kw_only=True):
    """What came with an answer: the files that were kept, why others were not; `small`: a picture that may be a logo."""

    files: tuple[Attachment, ...] = ()
    left_out: tuple[str, ...] = ()
    small: bool = False


def receive_mail(place: Workplace, raw: bytes, *, size: int | None = None, came: datetime | None = None) -> Received:
    """Take one mail in. Whatever it is, it is kept, and what cannot be carried out waits for a person.

    Args:
        size: bytes of the whole mail, where `raw` is only its beginning.
        came: when our own mail server took it in, which no sender can say; None for now.

    Raises:
        InputUnusable: the evidence store cannot be written; nothing is kept, and the mail is to be handed in again.
    """
    mail = read_mail(raw, size=size)
    words = new_text(mail.text, sender=mail.sender)[:MOST_WORDS]
    row = Incoming(
        id=_letter(place, mail, words, raw),
        received_at=min(came or place.flow.now(), place.flow.now()),
        channel="mail",
        sender=shorten(mail.sender or one_line(mail.header("from")) or "（没有发件人）", 200),
        subject=shorten(mail.subject, 200),
        words=words,
        kind="unread",
        raw=kept_bytes(place, "来信.eml", raw),
    )
    before = _remarked(place, mail, row)
    return received(before, again=True) if before is not None else once(place, row, lambda: _judged(place, mail, row))


def receive_sms(place: Workplace, phone: str, text: str, *, at: datetime | None = None) -> Received:
    """Take one answer by short message in; `meant` tells which hazard it speaks of.

    Args:
        at: when it was written, as the gateway says. Without that, the same words about the same message are the same
            short message, delivered again, unless they were asked back about.
    """
    flow, phone, text = place.flow, mobile(phone) or one_line(phone), clean_lines(text)
    when = min(at or flow.now(), flow.now())
    last = _last_sent(place, phone, when)
    found = meant(place, phone, text, when, last)
    about = (last.key if last is not None else local_day(when).isoformat()) + found.ask
    row = Incoming(
        id=identity(f"{phone}\0{text}\0{at.isoformat() if at else about}".encode(), "sms"),
        received_at=flow.now(),
        channel="sms",
        sender=phone,
        words=text[:MOST_WORDS],
        kind="reply",
    )
    return once(place, row, lambda: _sms(place, row, found))


def _judged(place: Workplace, mail: Mail, row: Incoming) -> Incoming:
    found = judge(mail, own_domain=domain_of(place.sender_address))
    row = replace(row, kind=found.kind)
    if found.kind in _DROPPED and not _spread(place, mail, found.kind):
        return settled(row, "dropped", f"{_DROPPED[found.kind]}：{found.why}")
    if found.kind == "bounce":
        return returned_mail(place, mail, found.bounces, row)
    messages = _answered_messages(place, mail)
    if found.kind == "unreadable":
        return _unopened(place, mail, row, next(iter(messages), None))
    if found.kind in _DROPPED:
        return _set_aside(place, mail, row, messages, found.why)
    if not messages and _to_return_path(place, mail):
        return settled(replace(row, kind="automatic"), "dropped", "自动回复：寄到退信地址，又不是退信，是程序写的")
    if not messages:
        return settled(row, "waiting", "没有有效的回执码，不知道是哪一条，请人工处理")
    message = messages[0]
    actor = _sender(place, mail.sender, message)
    if actor is None:
        who = f"发件人 {mail.sender} 不是这条消息的收件人" if mail.sender else "发件人写得不清楚（没有，或不止一个）"
        return settled(row, "waiting", f"{who}，没有办理", number=message.number)
    if len(messages) > 1:
        return _of_several(place, row, messages, actor)
    if message.template in LISTS:
        return _of_digest(place, mail, row, message, actor)
    meant_one = meant_of_mail(place, message, row.words, row.received_at)
    return _answered(place, row, message, actor, _enclosed(place, mail), found=meant_one)


def _of_digest(place: Workplace, mail: Mail, row: Incoming, digest: OutboxRow, actor: str) -> Incoming:
    """Take what answers a digest as an answer to the message in it that is meant."""
    found = meant_of_digest(place, digest, row.words, row.received_at)
    if found.ask:
        asked = _asked_back(place, row, digest, actor, found.ask)
        return settled(asked, "waiting", found.ask) if mail.attachments else asked
    return _answered(place, row, found.message or digest, actor, _enclosed(place, mail), found=found)


def _asked_back(place: Workplace, row: Incoming, message: OutboxRow, actor: str, ask: str) -> Incoming:
    """Ask which hazard is meant."""
    row = replace(row, person=actor)
    if _too_many(place, row):
        return _put_aside(place, row, message)
    _tell(place, row, message, ask)
    return settled(row, "done", ask)


def _spread(place: Workplace, mail: Mail, kind: str) -> bool:
    """Tell whether only its headers of a list or of bulk mail speak against a mail: some servers put them on everything."""
    if kind == "own":
        return False
    bulk = mail.header("precedence").strip().lower() in _BULK
    headers = {n: v for n, v in mail.headers.items() if n != "list-id" and not (bulk and n == "precedence")}
    bare = judge(replace(mail, headers=headers), own_domain=domain_of(place.sender_address))
    return bare.kind in ("reply", "other")


def _set_aside(place: Workplace, mail: Mail, row: Incoming, messages: list[OutboxRow], why: str) -> Incoming:
    """Let a person look at what looks like a list's and answers a message of the sender's; what answers none is dropped."""
    actor = _sender(place, mail.sender, messages[0]) if messages else None
    if actor is None:
        return settled(row, "dropped", f"{_DROPPED[row.kind]}：{why}")
    told = f"{why}，但回执码和发件人都对，可能是本人写的；没有办理，请人工处理"
    return settled(replace(row, person=actor), "waiting", told, number=messages[0].number)


def _of_several(place: Workplace, row: Incoming, messages: list[OutboxRow], actor: str) -> Incoming:
    """Let a person look at a mail to the reply addresses of several messages: which of them is meant nobody can say."""
    secret = (m for m in messages if m.number and place.flow.snapshot(m.number).case.restricted)
    message = next(secret, messages[0])  # who may see its words is asked by this number
    row = replace(row, person=actor, number=message.number)
    if _too_many(place, row):
        return _put_aside(place, row, message)
    told = f"一封邮件寄到了 {len(messages)} 条消息的回复地址，没有办理；请每条消息各回一封"
    if not any(_is_receipt(m) for m in messages):
        _tell(place, row, message, told)
    return settled(row, "waiting", told)


def _answered_messages(place: Workplace, mail: Mail) -> list[OutboxRow]:
    """Return the messages whose tokens a mail bears: in its addresses, where none is there in its words."""
    keys = place.reply_keys.keys
    tokens = [t for t in (find(keys, (address,)) for address in mail.recipients) if t is not None]
    if not tokens and (quoted := find(keys, (mail.subject, mail.text))) is not None:
        tokens = [quoted]
    digests = dict.fromkeys(t.digest for t in tokens if t.purpose == "reply")
    engine, district = place.flow.store.engine, place.flow.district
    found = (incoming.message_of(engine, district, digest) for digest in digests)
    return [message for message in found if message is not None]


def _to_return_path(place: Workplace, mail: Mail) -> bool:
    """Tell whether a mail went where only bounces go: people answer the other address, programs the envelope's."""
    named = find(place.reply_keys.keys, mail.recipients)
    return named is not None and named.purpose == "bounce"


def _unopened(place: Workplace, mail: Mail, row: Incoming, message: OutboxRow | None) -> Incoming:
    """Let a person look at a mail that was not read; whoever is known to have written it is told why, and what to do."""
    row, told = replace(row, status="waiting", outcome=f"没有打开：{mail.refused}"), f"邮件没有打开：{mail.refused}"
    actor = _sender(place, mail.sender, message) if message is not None else None
    if message is None or actor is None:
        return row
    row = replace(row, person=actor, number=message.number)
    written = judge(replace(mail, refused=""), own_domain=domain_of(place.sender_address))
    if written.kind not in ("reply", "other"):
        return row
    if _too_many(place, row):
        return _put_aside(place, row, message)
    if not _is_receipt(message):
        _tell(place, row, message, told.rstrip("。"))
    return row


def _last_sent(place: Workplace, phone: str, when: datetime) -> OutboxRow | None:
    """Return the last message that a number had when something was written."""
    flow, since = place.flow, when - ANSWERABLE
    return incoming.last_to(flow.store.engine, flow.district, spellings(phone), since=since, until=when)


def _sms(place: Workplace, row: Incoming, found: Meant) -> Incoming:
    """Match an answer with whom the message it is about was for."""
    message = found.message
    owners = [p for p in place.flow.directory().persons.values() if _digits(p.phone) == row.sender]
    if message is None:
        return settled(row, "waiting", "三天内没有给这个号码发过短信，不知道是哪一条，请人工处理")
    if len(owners) > 1 and not _colleagues(place, owners):
        told = f"这个号码登记在{'、'.join(p.name for p in owners)}名下，不知道是谁的答复，请人工处理"
        return settled(row, "waiting", told, number=message.number)
    actor = _sender(place, row.sender, message)
    if actor is None:
        return settled(row, "waiting", "这个号码不是收件人登记的手机，没有办理", number=message.number)
    if found.ask:
        return _asked_back(place, row, replace(message, number=None, key=""), actor, found.ask)
    return _answered(place, row, message, actor, Enclosed(), found=found)


def _colleagues(place: Workplace, owners: Sequence[Person]) -> bool:
    """Tell whether all who share a telephone hold posts of one unit: then it answers for whom the message was for."""
    directory, today = place.flow.directory(), place.flow.today()
    units = [{post.unit for post in directory.posts_of(person.id, today)} for person in owners]
    return bool(set.intersection(*units))


def _answered(
    place: Workplace,
    row: Incoming,
    message: OutboxRow,
    actor: str,
    enclosed: Enclosed,
    *,
    found: Meant,
) -> Incoming:
    flow, evidence, left_out = place.flow, enclosed.files, enclosed.left_out
    row = replace(row, person=actor, number=message.number)
    wish = read_wish(found.words or row.words, local_day(flow.now()), of_some=bool(found.items))
    if found.ask:
        wish = Wish(kind="comment", text=row.words, hint=found.ask)
    if _too_many(place, row, exact=wish.kind in STEPS):
        return _put_aside(place, row, message)
    if not row.words.strip() and not evidence:
        outcome = "；".join(["没有看到新写的文字，没有办理", *left_out, WRITE_PLAINLY])
        if not _is_receipt(message):
            _tell(place, row, message, outcome)
        return settled(row, "waiting", outcome)
    became, told = carry_out(
        flow,
        Answer(
            actor=actor,
            via=row.channel,
            mark=f"{row.channel}:{row.id}",
            wish=wish,
            words=row.words or "（只有附件）",
            on=local_day(flow.now()),
            evidence=evidence,
            number=None if message.template in _OF_MANY else message.number,
            paper=paper_of(message.key),
            items=found.items,
            contact=place.settings.contact,
            stood_in=_stood_in(place, actor, message),
        ),
    )
    missed = [SMALL] if enclosed.small and not evidence and wish.kind == "submit" else []
    outcome = "；".join([told.rstrip("。") if missed else told, *left_out, *missed])
    acted, asks = DONE in told or ASKED in told, wish.kind != "comment" or wish.undone or bool(found.ask)
    if not _is_receipt(message) or acted or (asks and not _said_before(place, row, wish, outcome)):
        _tell(place, row, message, outcome)  # two automata would thank each other for receipts without end
    return settled(row, "waiting" if left_out else became, outcome)


def _is_receipt(message: OutboxRow) -> bool:
    return message.template == RECEIPT or is_receipt(message.key)


def _said_before(place: Workplace, row: Incoming, wish: Wish, outcome: str) -> bool:
    """Tell whether the same words about the same hazard came from the same sender before; of 退回, in any words."""
    flow = place.flow
    others = incoming.incoming(flow.store.engine, flow.district, number=row.number) if row.number else ()
    mine = [o for o in others if o.sender == row.sender and o.id != row.id]
    again = wish.kind == "return" and outcome in [o.outcome for o in mine]
    return not row.number or again or row.words in [o.words for o in mine]


def _too_many(place: Workplace, row: Incoming, *, exact: bool = False) -> bool:
    """Tell whether this person has answered too often; what others send in that name does not count.

    What can only be a person's words, and what was done at once, counts only towards the larger measure.
    """
    heard = _heard(place, row)
    others = [outcome for words, outcome in heard if not (_is_exact(place, words) or any(s in outcome for s in _DONE))]
    return len(heard) >= MOST_EXACT if exact else len(others) >= MOST_AN_HOUR


def _is_exact(place: Workplace, words: str) -> bool:
    return read_wish(words, place.flow.today()).kind in STEPS


def _heard(place: Workplace, row: Incoming) -> list[tuple[str, str]]:
    """Return what came from this person within the hour before, and what became of it."""
    flow, until = place.flow, row.received_at + timedelta(seconds=1)  # within one instant there is an order
    since, most = row.received_at - timedelta(hours=1), MOST_EXACT + MOST_AN_HOUR
    return incoming.heard(flow.store.engine, flow.district, row.person or "", since=since, until=until, most=most)


def _put_aside(place: Workplace, row: Incoming, message: OutboxRow) -> Incoming:
    """Leave what comes too often to a person; the sender is told once an hour, so that automata do not go on for ever."""
    if not any(outcome.startswith(TOO_MANY) for _, outcome in _heard(place, row)):
        _tell(place, row, message, "一小时内来信过多，已留待人工处理")
    return settled(row, "waiting", TOO_MANY)


def _sender(place: Workplace, sender: str, message: OutboxRow) -> str | None:
    """Return who sent it, when that is whom the message was for, or who stands in for that person, today or when it was sent."""
    directory = place.flow.directory()
    deputies = (d for day in _days(place, message) for d in directory.deputies(message.recipient, day))
    for person in dict.fromkeys((message.recipient, *deputies)):
        known = directory.persons.get(person)
        if known is not None and sender.lower() in {(known.email or "").lower(), _digits(known.phone)} - {""}:
            return person
    return None


def _stood_in(place: Workplace, actor: str, message: OutboxRow) -> date | None:
    """Return the last day on which a deputy stood in for whom the message was for, where that is over."""
    directory, (today, *sent) = place.flow.directory(), _days(place, message)
    if actor == message.recipient or not sent or actor in directory.deputies(message.recipient, today):
        return None
    days = (today - timedelta(days=n) for n in range((today - sent[0]).days + 1))
    return next((day for day in days if actor in directory.deputies(message.recipient, day)), None)


def _days(place: Workplace, message: OutboxRow) -> tuple[date, ...]:
    """Return the days on which a deputy of the recipient may be meant: today, and when the message was sent."""
    today = place.flow.today()
    return (today,) if message.sent_at is None else (today, local_day(message.sent_at))


def _enclosed(place: Workplace, mail: Mail) -> Enclosed:
    """Put what may be evidence into the store; say of the rest why it is none."""
    from rectiflow.notifiers.received_files import sift

    flow, kept = place.flow, list[Attachment]()
    sifted = sift(mail.attachments)
    left_out = [str(r) for r in sifted.refused]
    for piece in sifted.kept:
        if flow.evidence is None:
            left_out.append(f"附件“{piece.name}”没有收：没有设置佐证材料的存放处")
            continue
        kept.append(flow.evidence.put(piece.name, piece.content))
    return Enclosed(files=tuple(kept), left_out=tuple(left_out), small=bool(sifted.ignored))


def _tell(place: Workplace, row: Incoming, message: OutboxRow, outcome: str) -> None:
    """Tell the sender what became of it, once, by the way it came."""
    flow = place.flow
    paper = paper_of(message.key)
    numbers = paper_items(flow.store.engine, flow.district, paper) if paper else [message.number]
    restricted = any(flow.snapshot(number).case.restricted for number in numbers if number)
    said = {"contact": place.settings.contact or None, "action": outcome}
    receipt = MessageDraft(
        key=":".join(filter(None, (RECEIPT, row.id, paper))),
        recipient=row.person or message.recipient,
        template=RESTRICTED if restricted else RECEIPT,
        params={k: v for k, v in said.items() if not restricted or k != "action"},
        urgent=True,
        channel=row.channel,
    )
    flow.enqueue([receipt], number=message.number)  # it may be answered like the message it is about


def _letter(place: Workplace, mail: Mail, words: str, raw: bytes) -> str:
    """Return the id of a mail: by two ways, with other marks of the way or a footer that a server added, it is the same.

    Programs give one Message-ID to two mails: these answer two messages, or differ in their words by more than lines below,
    or in their files.
    """
    if not mail.message_id or mail.refused:
        return identity(raw, mail.sender)
    files = ((p.name.encode(), p.content.replace(b"\r\n", b"\n")) for p in mail.attachments)
    about = "".join(message.key for message in _answered_messages(place, mail)[:1])
    parts = (mail.message_id.encode(), about.encode(), *(part for file in files for part in file))
    named = b"".join(hashlib.sha256(part).digest() for part in parts)
    first = identity(named, mail.sender)
    before = incoming.known(place.flow.store.engine, place.flow.district, first)
    if before is None or f"{words}\n".startswith(f"{before.words}\n") or f"{before.words}\n".startswith(f"{words}\n"):
        return first
    return identity(named + words.encode(), mail.sender)


def _remarked(place: Workplace, mail: Mail, row: Incoming) -> Incoming | None:
    """Return what came before and says the same about the same message, today or where nobody has looked at it; of remarks."""
    flow = place.flow
    if mail.attachments or not row.words or read_wish(row.words, flow.today()).kind != "comment":
        return None
    message = next(iter(_answered_messages(place, mail)), None)
    if message is None:
        return None
    since = at_hour(local_day(row.received_at), 0)
    before = incoming.said_lately(flow.store.engine, flow.district, row.sender, row.words, since=since)
    return next((one for one in before if one.id != row.id and _is_about(place, one, message)), None)


def _is_about(place: Workplace, one: Incoming, message: OutboxRow) -> bool:
    """Tell whether what came in answers a message: as its own bytes say, or (where they were not kept) by the hazard."""
    if one.raw is None or place.flow.evidence is None:
        return one.channel == "mail" and one.number == message.number
    mail = read_mail(b"".join(map(place.flow.evidence.get, one.raw.split())))
    return message.key in [m.key for m in _answered_messages(place, mail)[:1]]


def _digits(phone: str | None) -> str:
    return "".join(c for c in phone or "" if c.isdigit())[-11:]
