"""Mails fetched from a mailbox (IMAP4rev1, RFC 3501): each is taken in, then moved aside; what fails stays for the next time."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING

from rectiflow.engine.errors import RectiflowError, WorkplaceError

from .receiving import Received, receive_mail

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

    from rectiflow._settings import InboxSettings
    from rectiflow._workplace import Workplace

__all__ = ["fetch_mail"]

logger = logging.getLogger(__name__)

BATCH = 50  #: mails of one look
LARGEST = 40 * 2**20  #: bytes; what is larger is not fetched but moved aside, and said


def fetch_mail(place: Workplace, *, going: Callable[[], bool] = lambda: True) -> list[Received]:
    """Take in what lies in the mailbox, at most 50 mails a time.

    A mail is moved to the folder for what was taken in after it is on record; until then it stays where it is, so a crash
    or a full disk loses nothing. One that fails does not stop the others.

    Raises:
        WorkplaceError: the mail server cannot be used; nothing is changed.
    """
    settings = place.settings.inbox
    try:
        with _opened(place, settings) as box:
            return _take_in(place, box, settings, going)
    except (OSError, ssl.SSLError) as exc:
        raise WorkplaceError(
            f"收信服务器 {settings.host}:{settings.port} 连接不上（{exc}），请核对地址、网络和证书。"
        ) from exc
    except Exception as exc:
        if type(exc).__module__.split(".")[0] not in ("imap_tools", "imaplib"):
            raise
        raise WorkplaceError(
            f"收信服务器 {settings.host}:{settings.port} 出错（{exc}），请核对用户名、口令和文件夹。"
        ) from exc


def _opened(place: Workplace, settings: InboxSettings) -> BaseMailBox:
    from imap_tools import MailBox, MailBoxStartTls, MailBoxUnencrypted

    context = ssl.create_default_context()
    if settings.ca_file is not None:
        context.load_verify_locations(place.path(settings.ca_file))
    password = place.secret(settings.password, settings.password_file)
    if settings.security == "none":
        box: BaseMailBox = MailBoxUnencrypted(settings.host, settings.port, timeout=60)
    elif settings.security == "starttls":
        box = MailBoxStartTls(settings.host, settings.port, timeout=60, ssl_context=context)
    else:
        box = MailBox(settings.host, settings.port, timeout=60, ssl_context=context)
    return box.login(settings.username, password or "", initial_folder=settings.folder)


def _take_in(place: Workplace, box: BaseMailBox, settings: InboxSettings, going: Callable[[], bool]) -> list[Received]:
    from imaplib import IMAP4

    if not box.folder.exists(settings.done_folder):
        box.folder.create(settings.done_folder)
    found: list[Received] = []
    sizes = {m.uid: m.size_rfc822 for m in box.fetch(headers_only=True, mark_seen=False, limit=BATCH, bulk=True)}
    for uid, size in sizes.items():
        if not going() or uid is None:
            break
        try:
            found.append(_one(place, box, uid, size))
        except RectiflowError as exc:
            logger.warning("来信 %s 没有收下，留待下次：%s", uid, exc)
            continue
        except (OSError, IMAP4.error):  # the server's: no other mail can be had either
            raise
        except Exception:
            logger.exception("来信 %s 没有收下，留待下次", uid)
            continue
        box.move(uid, settings.done_folder)
    return found


def _one(place: Workplace, box: BaseMailBox, uid: str, size: int) -> Received:
    if size > LARGEST:
        head = next(iter(box.fetch(f"UID {uid}", headers_only=True, mark_seen=False)), None)
        return receive_mail(place, head.obj.as_bytes() if head is not None else b"", size=size)
    _, found = box.client.uid("FETCH", uid, "(BODY.PEEK[])")
    return receive_mail(place, next(part[1] for part in found if isinstance(part, tuple)))
