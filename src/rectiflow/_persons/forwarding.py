"""Messages follow the post: what has not reached somebody who has left goes to who follows, as it was written.

Looked at just before messages are sent, so that it does not matter how the post changed hands: by a hand-over, by one
entered in advance, by an import.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import NotFound
from rectiflow.engine.leaving import given_up
from rectiflow.engine.moments import local_day
from rectiflow.engine.overtaken import concerned
from rectiflow.engine.telling import COPY
from rectiflow.notifiers.digest import DIGEST, LISTS
from rectiflow.notifiers.message import short_id
from rectiflow.storage import digests, outbox

from .following import keep_posts

if TYPE_CHECKING:
    from datetime import date

    from rectiflow._flow import Rectiflow

__all__ = ["forward"]

_OWN = frozenset({"handed_over", "standing_in"})  #: of no use to who follows
_ANSWERS = ("answer", "channel_test")  #: begin the keys of what answers somebody, wherever that person is now

log = logging.getLogger("rectiflow.persons")


def forward(flow: Rectiflow) -> int:
    """Take out of the outbox what is addressed to who has left, with the reason, and address it to who follows.

    Returns:
        how many messages were taken out.
    """
    engine, district, today = flow.store.engine, flow.district, flow.today()
    waited_for = outbox.waited_for(engine, district)
    gone = [p for p in waited_for if given_up(flow.directory(), p, today)]
    if not gone:
        return 0
    keep_posts(flow)  # the hazards first
    for row in outbox.unsent(engine, district, gone):
        _take_apart(flow, row)
    return sum(_forward(flow, row, today) for row in outbox.unsent(engine, district, gone))


def _forward(flow: Rectiflow, row: Mapping[str, Any], today: date) -> bool:
    directory, old = flow.directory(), row["recipient"]
    heirs = _heirs(flow, row, today)
    if heirs is None:
        return False
    names = "、".join(map(directory.person_name, heirs))
    why = f"{directory.person_name(old)}已不在岗，{f'改发{names}' if names else '没有接任的人可以改发'}"
    log.info("消息 %s 不再发给 %s", short_id(row["key"]), old)
    rows = [copy for heir in heirs if (copy := _to(directory, row, heir)) is not None]
    return outbox.readdress(flow.store.engine, flow.district, row["key"], rows, why=why, now=flow.now())


def _take_apart(flow: Rectiflow, row: Mapping[str, Any]) -> None:
    """Let each part of a list go where it belongs: some may be the successor's, some still of who had them."""
    directory, since = flow.directory(), local_day(row["created_at"])
    if row["template"] not in LISTS or not given_up(directory, row["recipient"], flow.today(), since=since):
        return
    why = f"{directory.person_name(row['recipient'])}的岗位有变动，所列各条分别发送"
    status = "held" if row["template"] == DIGEST else "waiting"
    digests.take_apart(flow.store.engine, flow.district, row["key"], status=status, why=why, now=flow.now())


def _heirs(flow: Rectiflow, row: Mapping[str, Any], today: date) -> tuple[str, ...] | None:
    """Return who is to get a message instead, which may be nobody; None where it still concerns who it is addressed to."""
    directory, old = flow.directory(), row["recipient"]
    if row["key"].removeprefix(f"{row['number']}:").startswith(_ANSWERS):
        return None
    posts = given_up(directory, old, today, since=local_day(row["created_at"]))
    now = tuple(dict.fromkeys(p for post in posts for p in directory.holders_of(post.id, today)))
    if row["number"] is None:
        left = bool(posts) and not directory.posts_of(old, today)
        return (() if row["template"] in _OWN else now) if left else None
    try:
        mine = concerned(flow.snapshot(row["number"]), today)
    except NotFound:
        return None
    return tuple(p for p in now if p in mine) if posts and old not in mine else None


def _to(directory: Directory, row: Mapping[str, Any], heir: str) -> dict[str, Any] | None:
    """Return a message as it would have been written to somebody else; None for a short message that repeats no mail."""
    known = directory.persons[heir]
    copy = COPY if row["key"].endswith(COPY) else ""
    if copy and not (known.phone and known.email):
        return None
    key = f"{row['key'].removesuffix(COPY).removesuffix(row['recipient'])}{heir}{copy}"
    return {**row, "key": key, "recipient": heir, "params": {**row["params"], "recipient": known.name}}
