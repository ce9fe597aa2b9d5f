"""Who has left: the posts that somebody does not hold any more."""

from __future__ import annotations

from datetime import date, timedelta

from .directory import Directory, Post

__all__ = ["given_up"]

_DAY = timedelta(days=1)


def given_up(directory: Directory, person: str, today: date, *, since: date | None = None) -> tuple[Post, ...]:
    """Return the posts somebody has given up; of who holds none any more, those held last.

    Args:
        since: only what was given up on that day or after it. A hand-over on the day has ended the holding the day before.
    """
    kept = {p.id for p in directory.posts_of(person, today)}
    ended = [(p, h.until) for p, h in directory.held_by(person) if h.until is not None and h.until < today]
    gone = [(post, until) for post, until in ended if post.id not in kept]
    if not kept:
        last = max((until for _, until in gone), default=today)
        return tuple(post for post, until in gone if until == last)
    return tuple(post for post, until in gone if since is None or until >= since - _DAY)
