"""Mails fetched from a mailbox (IMAP4rev1, RFC 3501): each is taken in, then moved aside; what fails stays for the next time.

Of imap_tools only what keeps to single commands is used: its `fetch` pairs the lines of an answer by their number, which
goes wrong where the server tells of another client's doings in between, and its `move` without the server's own MOVE
expunges whatever else is marked as deleted.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from rectiflow.engine.errors import RectiflowError, WorkplaceError, os_reason
from rectiflow.notifiers.incoming import too_large
from rectiflow.notifiers.plaintext import one_line, shorten

from .receiving import Received, receive_mail

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

    from rectiflow._settings import InboxSettings
    from rectiflow._workplace import Workplace

__all__ = ["fetch_mail"]

logger = logging.getLogger(__name__)

BATCH = 50  #: mails taken in at one look
MOST_TRIED = 200  #: mails looked at for that: some may fail, or have been taken in before and not moved
TIMEOUT = 60  #: seconds, for each answer of the server
MAX_ANSWER = 300  #: characters kept of what a server says
_SIZE = re.compile(rb"\((?=[^)]*\bUID (?P<uid>\d+))(?=[^)]*\bRFC822\.SIZE (?P<size>\d+))", re.IGNORECASE)
_KEPT = "邮件都还在邮箱里，下次再收。"


def fetch_mail(place: Workplace, *, going: Callable[[], bool] = lambda: True) -> list[Received]:
    """Take in what lies in the mailbox, at most 50 mails a time.

    A mail is moved to the folder for what was taken in after it is on record; until then it stays where it is, so a crash
    or a full disk loses nothing. One that fails does not stop the others.

    Raises:
        WorkplaceError: the mail server cannot be used; what was taken in before stays on record.
        RectiflowError: there were mails and none could be taken in; the first one's reason.
    """
    settings = place.settings.inbox
    password = place.secret(settings.password, settings.password_file)
    if not settings.username or not password:
        raise WorkplaceError(
            "收信没有用户名或口令：请在设置的 [inbox] 里写 username，口令用环境变量 RECTIFLOW_INBOX__PASSWORD 或 password_file。"
        )
    if settings.folder == settings.done_folder:
        raise WorkplaceError(f"[inbox] 的 folder 和 done_folder 都是“{settings.folder}”，收过的信须移到另一个文件夹。")
    context = _trust(place, settings)
    failed: list[Exception] = []
    try:
        with _opened(settings, password, context) as box:
            found = _take_in(place, box, settings, going, failed)
    except Exception as exc:
        told = _trouble(exc, settings)
        if told is None:
            raise
        raise WorkplaceError(told.replace(password, "***")) from _without_secrets(exc, password)
    if failed and not found:
        raise failed[0]
    return found


def _trust(place: Workplace, settings: InboxSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file is not None:
        file = place.path(settings.ca_file)
        try:
            context.load_verify_locations(file)
        except ssl.SSLError as exc:
            raise WorkplaceError(f"[inbox] 的证书文件 {file} 里没有能用的证书（PEM）。") from exc
        except OSError as exc:
            raise WorkplaceError(f"[inbox] 的证书文件 {file} 读不了：{os_reason(exc)}。") from exc
    return context


@contextmanager
def _opened(settings: InboxSettings, password: str, context: ssl.SSLContext) -> Generator[BaseMailBox]:
    """Give the mailbox, logged in, with its folder selected; the connection is closed however it ends."""
    from imaplib import IMAP4

    from imap_tools import MailBox, MailBoxUnencrypted
    from imap_tools.errors import ImapToolsError

    if settings.security == "tls":
        box: BaseMailBox = MailBox(settings.host, settings.port, timeout=TIMEOUT, ssl_context=context)
    else:
        box = MailBoxUnencrypted(settings.host, settings.port, timeout=TIMEOUT)
    try:
        if settings.security == "starttls":
            box.client.starttls(context)
        _log_in(box, settings, password)
        box.folder.set(settings.folder)
        yield box
        with suppress(OSError, IMAP4.error, ImapToolsError):
            box.logout()
    finally:
        with suppress(OSError):  # it is closed already, or broken
            box.client.shutdown()


class _LoginRefused(Exception):
    """The server does not take the name or the password."""


def _log_in(box: BaseMailBox, settings: InboxSettings, password: str) -> None:
    from imaplib import IMAP4

    from imap_tools.errors import MailboxLoginError

    log_in = box.login if (settings.username + password).isascii() else box.login_utf8
    try:
        log_in(settings.username, password, initial_folder=None)
    except IMAP4.abort:
        raise
    except (IMAP4.error, MailboxLoginError) as exc:
        raise _LoginRefused(_answer(exc)) from None
    _, told = box.client.capability()  # servers tell more of them after the login
    box.client.capabilities = tuple(_text(told).upper().split())
    if "ID" in box.client.capabilities:  # RFC 2971; NetEase lets no program in that does not say what it is
        box.client.xatom("ID", '("name" "rectiflow")')


def _take_in(
    place: Workplace, box: BaseMailBox, settings: InboxSettings, going: Callable[[], bool], failed: list[Exception]
) -> list[Received]:
    if not box.folder.exists(settings.done_folder):
        box.folder.create(settings.done_folder)
    found: list[Received] = []
    for uid, size in _sizes(box).items():
        if not going() or sum(not r.again for r in found) >= BATCH:
            break
        raw = _fetched(box, uid, "HEADER" if too_large(size) else "")
        if raw is None:  # another worker was quicker
            continue
        try:
            found.append(receive_mail(place, raw, size=size))
        except RectiflowError as exc:
            logger.warning("来信 %s 没有收下，留待下次：%s", uid, exc)
            failed.append(exc)
        except Exception as exc:  # our own mistake about one mail does not keep the others waiting
            logger.exception("来信 %s 没有收下，留待下次", uid)
            failed.append(exc)
        else:
            _move(box, uid, settings.done_folder)
    return found


def _sizes(box: BaseMailBox) -> dict[str, int]:
    """Return the size of each mail by its UID, oldest first."""
    uids = box.uids("UNDELETED", charset=None)[:MOST_TRIED]
    if not uids:
        return {}
    lines = _checked(box.client.uid("FETCH", ",".join(uids), "(UID RFC822.SIZE)"))
    told = (_SIZE.search(line) for line in lines if isinstance(line, bytes))
    sizes = {m["uid"].decode(): int(m["size"]) for m in told if m}
    return {uid: sizes[uid] for uid in uids if uid in sizes}


def _fetched(box: BaseMailBox, uid: str, part: str) -> bytes | None:
    """Return a mail, or a part of it, and leave it unread; None when it is gone."""
    lines = _checked(box.client.uid("FETCH", uid, f"(BODY.PEEK[{part}])"))
    whole = [cast("tuple[bytes, bytes]", line) for line in lines if isinstance(line, tuple)]
    return whole[0][1] if whole else None


def _move(box: BaseMailBox, uid: str, folder: str) -> None:
    """Move a mail. A server that will not (a full mailbox) only has it taken in again next time, to no effect."""
    from imap_tools.errors import UnexpectedCommandStatusError

    try:
        if "MOVE" in box.client.capabilities:  # RFC 6851
            box.move(uid, folder)
            return
        box.copy(uid, folder)
        _checked(box.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in box.client.capabilities:  # RFC 4315; EXPUNGE without UIDs would take other mails along
            _checked(box.client.uid("EXPUNGE", uid))
    except UnexpectedCommandStatusError as exc:
        logger.warning("来信 %s 已收下，但移不到文件夹“%s”：%s", uid, folder, _answer(exc))


def _checked(result: tuple[str, list[Any]]) -> list[Any]:
    from imap_tools.errors import MailboxFetchError

    if result[0] != "OK":
        raise MailboxFetchError(result, "OK")
    return result[1]


def _trouble(exc: Exception, settings: InboxSettings) -> str | None:
    """Say in Chinese what is wrong with the server, and what to do; None for what is not about the server."""
    from imaplib import IMAP4

    from imap_tools.errors import ImapToolsError, MailboxFolderCreateError, MailboxFolderSelectError

    server = f"收信服务器 {settings.host}:{settings.port}"
    if isinstance(exc, OSError):
        return f"{_no_connection(exc, server)}{_KEPT}"
    said = _answer(exc)
    if isinstance(exc, _LoginRefused):
        return f"{server} 拒绝登录（{said}），请核对 [inbox] 的用户名和口令（授权码）；{_KEPT}"
    if isinstance(exc, MailboxFolderSelectError):
        return f"{server} 上打不开文件夹“{settings.folder}”（{said}），请核对 [inbox] 的 folder；{_KEPT}"
    if isinstance(exc, MailboxFolderCreateError):
        return (
            f"{server} 上建不了文件夹“{settings.done_folder}”（{said}），"
            f"请在邮箱里建好，或改 [inbox] 的 done_folder；{_KEPT}"
        )
    if isinstance(exc, IMAP4.abort):
        return f"与{server} 的连接中断（{said}），请检查网络；没有收完的{_KEPT}"
    if isinstance(exc, (ImapToolsError, IMAP4.error)):
        return f"{server} 不能收信（{said}），请核对端口、加密方式和文件夹；没有收完的{_KEPT}"
    return None


def _no_connection(exc: OSError, server: str) -> str:
    if isinstance(exc, ssl.SSLCertVerificationError):
        if "expired" in exc.verify_message:
            return f"{server} 的证书已过期，请联系邮件管理员更换证书，并核对本机日期；"
        why = shorten(one_line(exc.verify_message), MAX_ANSWER)
        return f"{server} 的证书不可信（{why}），请核对服务器名称，或在 [inbox] 的 ca_file 指定证书文件；"
    if isinstance(exc, ssl.SSLError):
        return f"与{server} 建立加密连接失败（{one_line(str(exc))}），请核对端口与加密方式（tls 或 starttls）；"
    if isinstance(exc, TimeoutError):
        return f"{server} 没有及时应答，请核对地址、端口和网络；"
    return f"连接不上{server}（{os_reason(exc)}），请核对地址、端口、网络和防火墙；"


def _answer(exc: Exception) -> str:
    """Return what the server said, on one line and not too long."""
    from imap_tools.errors import UnexpectedCommandStatusError

    words = str(exc)
    if isinstance(exc, UnexpectedCommandStatusError):
        _, lines = cast("tuple[str, list[object]]", exc.command_result)
        words = _text(lines)
    return shorten(one_line(words), MAX_ANSWER)


def _text(lines: Iterable[object]) -> str:
    return " ".join(x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in lines)


def _without_secrets(exc: Exception, password: str) -> Exception | None:
    """Return the cause of an error for the log, unless the server said the password in it."""
    return None if password in str(exc) else exc
