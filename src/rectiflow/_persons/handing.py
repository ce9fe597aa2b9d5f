"""A post is handed over (交接): the holdings, the hazards that name the person, and what the next one is told."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from rectiflow._organisation import GRANT_TITLES, new_id
from rectiflow.engine.decision import Decision, MessageDraft
from rectiflow.engine.directory import Directory, Person, Post
from rectiflow.engine.errors import Ambiguous, NotFound, Reason, Refused
from rectiflow.engine.handing_over import VACATED
from rectiflow.engine.moments import chinese_date
from rectiflow.engine.posts import HandingOver, give_up, post_name, vacancies
from rectiflow.engine.stimulus import Hand, Handover
from rectiflow.storage.reorganising import Reorganisation

from .following import keep_posts
from .passing import Change, Passing, open_tickets, passing
from .work import decided, hand_of, keeper_reasons, retried, vacancy_key, vacant

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Handed", "Newcomer", "Order", "hand_over"]

ACTION = "交接"
_SHOWN = 20  #: of what passes, in the message


class Newcomer(Struct, frozen=True, kw_only=True):
    """How somebody not known yet is reached; at least one of these lets a person be added."""

    phone: str | None = None
    email: str | None = None
    account: str | None = None

    @property
    def given(self) -> bool:
        """Whether anything was said."""
        return bool(self.phone or self.email or self.account)


class Order(Struct, frozen=True, kw_only=True):
    """What is to be done: persons and posts as people name them; `new` None leaves the post empty."""

    old: str
    new: str | None
    since: date
    posts: tuple[str, ...] = ()
    newcomer: Newcomer = field(default_factory=Newcomer)


class Handed(Struct, frozen=True, kw_only=True):
    """What a hand-over came to. `later`: the hazards change their responsible person on the day itself."""

    posts: tuple[str, ...]
    old: str
    new: str
    added: bool
    since: date
    later: bool
    passing: tuple[Passing, ...]
    vacancies: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False


class _Plan(Struct, frozen=True, kw_only=True):
    """Everything decided, nothing carried out."""

    before: Directory
    work: Reorganisation
    handed: Handed


def hand_over(
    flow: Rectiflow, order: Order, *, by: str | None = None, account: str = "", dry_run: bool = False
) -> Handed:
    """Hand posts over from a day on, with everything open, in one transaction; or (dry) only say what would pass.

    From a day to come on, the posts are written now and the hazards follow on that day.

    Args:
        by: id of the person who does it; None, or who does not keep the ledger: the machine.
        account: the system account at the keyboard.

    Raises:
        Refused: with every reason.
    """
    if dry_run:
        return _plan(flow, order, by, account, dry_run=True).handed
    return retried(partial(_attempt, flow, order, by, account))


def _attempt(flow: Rectiflow, order: Order, by: str | None, account: str) -> Handed:
    plan = _plan(flow, order, by, account, dry_run=False)
    flow.reorganise(plan.work, plan.before, by=by)
    keep_posts(flow)
    return plan.handed


def _plan(flow: Rectiflow, order: Order, by: str | None, account: str, *, dry_run: bool) -> _Plan:
    before, today = flow.refresh(), flow.today()
    old, new, ids = _named(before, order)
    handing = give_up(before, old=old.id, new=new, posts=ids, since=order.since, today=today)
    if not isinstance(handing, HandingOver):
        raise Refused("", ACTION, handing)
    after = before.after(handing.changes)
    _refuse(keeper_reasons(flow, after, max(order.since, today)))
    later, moving = order.since > today, list(_moving(flow, handing.posts, old.id, new))
    hand = hand_of(flow, by, account)
    stimuli = [] if later else [(n, _stimulus(hand, before, old, new, order.since, post)) for n, post in moving]
    decisions = tuple(decided(flow, number, stimulus, after) for number, stimulus in stimuli)
    change = Change(
        flow=flow,
        before=before,
        after=after,
        day=max(order.since, today),
        viewer=by,
        persons=frozenset({old.id}),
        posts=handing.posts,
        renamed=frozenset(n for n, _ in moving),
    )
    handed = Handed(
        posts=tuple(post_name(before, p) for p in handing.posts),
        old=old.name,
        new=new.name if new else "",
        added=bool(handing.changes.persons),
        since=order.since,
        later=later,
        passing=passing(change),
        warnings=tuple(_warnings(before, after, old, new, order.since)),
        dry_run=dry_run,
    )
    return _finish(before, after, handing, decisions, handed, new, by, today)


def _finish(
    before: Directory,
    after: Directory,
    handing: HandingOver,
    decisions: Sequence[Decision],
    handed: Handed,
    new: Person | None,
    by: str | None,
    today: date,
) -> _Plan:
    """Add the incidents that open and close with it, and the one message to who follows."""
    ids = frozenset(p.id for p in handing.posts)
    day = max(handed.since, today)
    empty = vacant(after, (v for v in vacancies(after, day) if v.post.id in ids))
    work = Reorganisation(
        changes=handing.changes,
        decisions=tuple(decisions),
        messages=(_message(after, handed, new),) if new is not None and new.id != by else (),
        incidents=() if handed.later else empty,
        settled=tuple(vacancy_key(p) for p in ids) if new is not None and not handed.later else (),
    )
    return _Plan(before=before, work=work, handed=replace(handed, vacancies=tuple(i.message for i in empty)))


def _moving(flow: Rectiflow, posts: Sequence[Post], old: str, new: Person | None) -> Iterator[tuple[str, str]]:
    """Yield the open hazards that name the person, or wait for the post to be filled, each with the post."""
    units = {p.unit: p.id for p in reversed(posts)}
    ids = {p.id for p in posts}
    for ticket in open_tickets(flow, frozenset(units)):
        person, waits = ticket.fields.get("responsible_person"), ticket.marks.get(VACATED)
        post = units[ticket.fields["responsible_unit"]]
        if person == old:
            yield ticket.number, post
        elif person is None and waits in ids and new is not None:
            yield ticket.number, str(waits)


def _stimulus(
    hand: Hand | None, before: Directory, old: Person, new: Person | None, since: date, post: str
) -> Handover:
    title = post_name(before, before.posts[post])
    reason = f"{title}自 {since} 起由{new.name}接任" if new else f"{title}自 {since} 起空缺，待补人员（原任{old.name}）"
    return Handover(hand=hand, person=new.id if new else None, since=since, post=post, reason=reason)


def _message(after: Directory, handed: Handed, new: Person | None) -> MessageDraft:
    recipient = new.id if new else ""
    shown = [f"{p.number} {p.state}" + (f"，整改时限 {p.due_on}" if p.due_on else "") for p in handed.passing[:_SHOWN]]
    more = [f"……共 {len(handed.passing)} 件，全部见待办。"] if len(handed.passing) > _SHOWN else []
    return MessageDraft(
        key=f"handed_over:{secrets.token_hex(6)}:{recipient}",
        recipient=recipient,
        template="handed_over",
        params={
            "district_name": after.district.name,
            "recipient": handed.new,
            "action": "、".join(handed.posts),
            "actor": handed.old,
            "period": chinese_date(handed.since),
            "count": len(handed.passing),
            "lines": "\n".join([*shown, *more]),
        },
        urgent=True,
    )


def _warnings(before: Directory, after: Directory, old: Person, new: Person | None, since: date) -> Iterator[str]:
    """Say what is not refused but should be looked at."""
    left = bool(after.posts_of(old.id, since))
    if not left and old.grants:
        titles = "、".join(GRANT_TITLES.get(g, g) for g in sorted(old.grants))
        yield f"{old.name}已没有岗位，但仍有“{titles}”权限，离任的请在人员表里取消后导入"
    for s in before.substitutions:
        if not left and s.deputy == old.id and s.until >= since:
            yield f"{old.name}原定 {s.since} 至 {s.until} 代理{before.person_name(s.person)}，请另定代理人"
    if new is not None and not new.phone and not new.email:
        yield f"{new.name}没有手机和邮箱，收不到提醒，请在人员表里补上后导入"
    deputies = before.deputies(new.id, since) if new is not None else ()
    if new is not None and deputies:
        yield f"{new.name}在 {since} 请假，由{'、'.join(map(before.person_name, deputies))}代理"


# who and what is meant ------------------------------------------------------------------------------------------


def _named(directory: Directory, order: Order) -> tuple[Person, Person | None, tuple[str, ...]]:
    """Find who and which posts are meant; what is wrong with each is said together."""
    reasons: list[Reason] = []
    old = _person(directory, order.old, "old", reasons)
    new = _successor(directory, order, reasons) if order.new is not None else None
    posts = [_post(directory, old, text, reasons) for text in order.posts] if old is not None else []
    if reasons or old is None:
        raise Refused("", ACTION, reasons)
    return old, new, tuple(p for p in posts if p is not None)


def _person(directory: Directory, text: str, subject: str, reasons: list[Reason], *, hint: str = "") -> Person | None:
    try:
        return directory.find_person(text)
    except (NotFound, Ambiguous) as exc:
        said = hint if isinstance(exc, NotFound) else ""
        reasons.append(Reason(code="person_unknown", subject=subject, message=str(exc).rstrip("。") + said))
        return None


def _successor(directory: Directory, order: Order, reasons: list[Reason]) -> Person | None:
    """Find who follows, or make a new person where it is said how to reach one."""
    name = (order.new or "").strip()
    if not order.newcomer.given:
        hint = "；新来的人请加 --phone、--email 或 --account，就会登记为新人员"
        return _person(directory, name, "new", reasons, hint=hint)
    known = [p for p in directory.persons.values() if name in (p.id, p.name)]
    if known:
        message = f"已有人员“{known[0].name}”，接任的就是此人时不要写 --phone、--email、--account；同名的另一人请在姓名后加以区别"
        reasons.append(Reason(code="person_known", subject="new", message=message))
        return None
    reasons += _newcomer_reasons(directory, name, order.newcomer)
    return None if reasons else _added(directory, name, order.newcomer)


def _newcomer_reasons(directory: Directory, name: str, said: Newcomer) -> Iterator[Reason]:
    from rectiflow.intake import Unfit, read_email, read_phone

    if not name:
        yield Reason(code="field_missing", subject="new", message="没有写接任的人的姓名")
    for read, value, option in ((read_phone, said.phone, "phone"), (read_email, said.email, "email")):
        try:
            read(value or "") if value else None
        except Unfit as exc:
            yield Reason(code="field_invalid", subject=option, message=f"--{option} “{value}”{exc}")
    owner = directory.by_account(said.account) if said.account else None
    if owner is not None:
        message = f"账号“{said.account}”已属于{owner.name}，一个账号只能给一个人"
        yield Reason(code="account_taken", subject="account", message=message)


def _added(directory: Directory, name: str, said: Newcomer) -> Person:
    from rectiflow.intake import read_email, read_phone

    return Person(
        id=new_id("r", {*directory.units, *directory.posts, *directory.persons}),
        name=name,
        phone=read_phone(said.phone) if said.phone else None,
        email=read_email(said.email) if said.email else None,
        account=said.account or None,
    )


def _post(directory: Directory, old: Person, text: str, reasons: list[Reason]) -> str | None:
    """Find a post by its id, title or name with its unit; the person's own first."""
    own = {p.id: p for p, _ in directory.held_by(old.id)}
    for pool in (own, directory.posts):
        found = [p.id for p in pool.values() if text.strip() in (p.id, p.title, post_name(directory, p))]
        if len(found) == 1 or (found and pool is own and len(set(found)) == 1):
            return found[0]
        if len(found) > 1:
            names = "、".join(post_name(directory, directory.posts[p]) for p in found[:6])
            reasons.append(
                Reason(code="several_posts", subject="post", message=f"岗位“{text}”不止一个：{names}，请连单位一起写")
            )
            return None
    titles = "、".join(post_name(directory, p) for p in own.values()) or "无"
    reasons.append(Reason(code="post_unknown", subject="post", message=f"没有岗位“{text}”；{old.name}的岗位：{titles}"))
    return None


def _refuse(reasons: Sequence[Reason]) -> None:
    if reasons:
        raise Refused("", ACTION, reasons)
