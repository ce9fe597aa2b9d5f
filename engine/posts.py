"""Posts change hands: who gives up which, who follows, which stand empty and who should fill them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from .directory import Changes, Directory, Holding, Person, Post
from .errors import Reason
from .handing_over import VACATED
from .ticket import Ticket

__all__ = [
    "HEAD",
    "REACH",
    "Following",
    "HandingOver",
    "Vacancy",
    "filler",
    "follow",
    "give_up",
    "post_name",
    "reach_reasons",
    "vacancies",
]

REACH = timedelta(days=183)  #: how far back and ahead a change of posts or units may be dated: half a year
_DAY = timedelta(days=1)
HEAD = "principal"  #: the role of a unit's head


class HandingOver(Struct, frozen=True, kw_only=True):
    """A hand-over that nothing speaks against: the posts that change hands, and what is to be written."""

    posts: tuple[Post, ...]
    changes: Changes


class Vacancy(Struct, frozen=True, kw_only=True):
    """A post that somebody held and nobody holds; `filler` says in words who should fill it."""

    post: Post
    since: date
    filler: str


class Following(Struct, frozen=True, kw_only=True):
    """What becomes of a ticket whose responsible person has left the unit: `person` None waits for the next on `post`."""

    post: Post
    person: str | None
    since: date


def give_up(
    directory: Directory, *, old: str, new: Person | None, posts: Sequence[str], since: date, today: date
) -> HandingOver | tuple[Reason, ...]:
    """Decide whether a person hands posts over to another (None: to nobody) from a day on.

    A post that already stands empty may be handed over by who held it last: that is how it is filled.

    Args:
        new: may be somebody not known yet.
        posts: ids of the posts meant; empty means the only one there is.
    """
    holdings = {h.post: h for h in _offered(directory, old, since)}
    chosen = tuple(dict.fromkeys(posts)) or tuple(holdings)
    reasons = [*reach_reasons("交接日期", since, today), *_who_reasons(directory, old, new)]
    reasons += _post_reasons(directory, old, holdings, chosen, named=bool(posts), since=since)
    reasons += _new_reasons(directory, new, chosen, since)
    kept = _kept_beside(directory, old, chosen, since) if since > today else []
    if kept:
        titles = "、".join(post_name(directory, p) for p in kept)
        message = f"{directory.person_name(old)}还留任{titles}，整改任务不能提前自动移交，请到 {since} 当天再办"
        reasons.append(Reason(code="too_early", subject="from", message=message))
    if reasons:
        return tuple(dict.fromkeys(reasons))
    ended = tuple(_ended(holdings[p], since) for p in chosen)
    begun = tuple(Holding(post=p, person=new.id, since=since) for p in chosen) if new else ()
    persons = (new,) if new is not None and new.id not in directory.persons else ()
    changes = Changes(persons=persons, holdings=(*ended, *begun))
    return HandingOver(posts=tuple(directory.posts[p] for p in chosen), changes=changes)


def vacancies(directory: Directory, day: date) -> tuple[Vacancy, ...]:
    """Return the posts with duties of units that exist, once held, that nobody sits on that day."""
    return tuple(_vacancies(directory, day))


def follow(directory: Directory, ticket: Ticket, day: date) -> Following | None:
    """Return who follows on a ticket whose responsible person left the unit, or whose vacant post was filled.

    None where nothing changes: the person is there, or never held a post in that unit.
    """
    unit, person = ticket.fields.get("responsible_unit"), ticket.fields.get("responsible_person")
    if person is None:
        post = directory.posts.get(ticket.marks.get(VACATED) or "")
        return _filled(directory, post, day) if post is not None and post.unit == unit else None
    own = [h for post, h in directory.held_by(person) if post.unit == unit]
    if not own or any(h.until is None or h.until >= day for h in own):
        return None
    last = max(h.until for h in own if h.until is not None)
    left = [directory.posts[h.post] for h in own if h.until == last]
    filled = next((f for post in left if (f := _filled(directory, post, day)) is not None), None)
    return filled or Following(post=left[0], person=None, since=last + _DAY)


def post_name(directory: Directory, post: Post) -> str:
    """Name a post with its unit: 示例镇第一小学校长."""
    return f"{directory.unit_name(post.unit)}{post.title}"


def reach_reasons(what: str, day: date, today: date, *, ahead: bool = True) -> list[Reason]:
    """Refuse a day that lies further back or ahead than anybody means."""
    if day < today - REACH:
        message = f"{what} {day} 太早，最多往前半年（{today - REACH}）；更早的请在人员表里写明后导入"
        return [Reason(code="date_past", subject="from", message=message)]
    if day > today and not ahead:
        return [Reason(code="future", subject="from", message=f"{what} {day} 晚于今天 {today}，请到当天再办")]
    if day > today + REACH:
        return [Reason(code="future", subject="from", message=f"{what} {day} 太远，最多提前半年，请核对年份")]
    return []


# inside -----------------------------------------------------------------------------------------------------------


def _offered(directory: Directory, old: str, since: date) -> Iterator[Holding]:
    """Yield what a person holds on the day of a hand-over; else the empty posts that person held last."""
    own = [h for _, h in directory.held_by(old)]
    held = [h for h in own if h.until is None or h.until >= since]
    yield from held or (h for h in own if _last_of_empty(directory, h))


def _last_of_empty(directory: Directory, holding: Holding) -> bool:
    others = [h for h in directory.holdings if h.post == holding.post and h is not holding]
    ended = holding.until
    return ended is not None and all(h.until is not None and h.until <= ended for h in others)


def _ended(holding: Holding, since: date) -> Holding:
    until = since - _DAY
    return holding if holding.until is not None and holding.until < since else replace(holding, until=until)


def _who_reasons(directory: Directory, old: str, new: Person | None) -> Iterator[Reason]:
    if new is not None and new.id == old:
        message = f"交接双方是同一人（{directory.person_name(old)}），请写接任的另一人"
        yield Reason(code="same_person", subject="new", message=message)


def _post_reasons(
    directory: Directory, old: str, holdings: dict[str, Holding], chosen: Sequence[str], *, named: bool, since: date
) -> Iterator[Reason]:
    name = directory.person_name(old)
    titles = "、".join(post_name(directory, directory.posts[p]) for p in holdings) or "无"
    if not chosen:
        yield Reason(code="not_on_post", subject="old", message=f"{name}在 {since} 没有任何岗位，没有可交接的")
    if not named and len(chosen) > 1:
        yield Reason(
            code="several_posts", subject="post", message=f"{name}有几个岗位：{titles}；请用 --post 写明交接哪个"
        )
    for post in chosen:
        holding = holdings.get(post)
        title = post_name(directory, directory.posts[post])
        if holding is None:
            yield Reason(code="not_on_post", subject=post, message=f"{name}在 {since} 不任{title}（现任：{titles}）")
        elif holding.since is not None and holding.since >= since:
            message = f"{name}自 {holding.since} 起才任{title}，交接日期须晚于这一天"
            yield Reason(code="date_past", subject="from", message=message)
        else:
            yield from _taken_reasons(directory, holding, title)


def _taken_reasons(directory: Directory, holding: Holding, title: str) -> Iterator[Reason]:
    """Refuse what was handed over before: somebody is on record already for the days after."""
    until = holding.until
    for other in directory.holdings if until is not None else ():
        if until is not None and other.post == holding.post and other.since is not None and other.since > until:
            message = f"{title}已登记由{directory.person_name(other.person)}自 {other.since} 起接任"
            yield Reason(code="post_taken", subject=holding.post, message=message)


def _new_reasons(directory: Directory, new: Person | None, chosen: Sequence[str], since: date) -> Iterator[Reason]:
    for post in chosen:
        held = [h for p, h in directory.held_by(new.id) if p.id == post] if new is not None else []
        if new is not None and any(h.until is None or h.until >= since for h in held):
            title = post_name(directory, directory.posts[post])
            yield Reason(code="post_taken", subject=post, message=f"{new.name}已任{title}，不用再交接")


def _kept_beside(directory: Directory, old: str, chosen: Sequence[str], since: date) -> list[Post]:
    """Return the posts a person keeps in the units of those that are given up."""
    units = {directory.posts[p].unit for p in chosen}
    return [p for p in directory.posts_of(old, since) if p.unit in units and p.id not in chosen]


def _vacancies(directory: Directory, day: date) -> Iterator[Vacancy]:
    until: dict[str, list[date | None]] = {}
    for holding in directory.holdings:
        until.setdefault(holding.post, []).append(holding.until)
    for post in directory.posts.values():
        unit, ended = directory.units.get(post.unit), [u for u in until.get(post.id, ()) if u is not None and u < day]
        if post.roles and unit is not None and unit.active and ended and not directory.holders_of(post.id, day):
            yield Vacancy(post=post, since=max(ended) + _DAY, filler=filler(directory, post, day))


def filler(directory: Directory, post: Post, day: date) -> str:
    """Say who should fill a post: the unit's head; for the head's own post the unit above."""
    heads = () if HEAD in post.roles else directory.holders(HEAD, post.unit, day)
    if heads:
        return (
            f"{directory.unit_name(post.unit)}{_title(directory, heads[0], post.unit, day)}{_said(directory, heads[0])}"
        )
    unit = directory.units[post.unit]
    return f"上级单位{directory.unit_name(unit.parent)}" if unit.parent else "安全股"


def _title(directory: Directory, person: str, unit: str, day: date) -> str:
    return next((p.title for p in directory.posts_of(person, day) if p.unit == unit), "负责人")


def _said(directory: Directory, person: str) -> str:
    """Return a name in brackets, where it says more than the post does."""
    name = directory.person_name(person)
    posts = {post_name(directory, post) for post, _ in directory.held_by(person)}
    return "" if name in posts else f"（{name}）"


def _filled(directory: Directory, post: Post, day: date) -> Following | None:
    person = next(iter(directory.holders_of(post.id, day)), None)
    if person is None:
        return None
    begun = max(
        (h.since for p, h in directory.held_by(person) if p == post and h.since and h.since <= day), default=day
    )
    return Following(post=post, person=person, since=begun)
