"""Mails fetched from a mailbox (IMAP4rev1, RFC 3501): each is taken in, then moved aside; what fails stays for the next time.

Of imap_tools only what keeps to single commands is used: its `fetch` pairs the lines of an answer by their number, which
goes wrong where the server tells of another client's doings in between, and its `move` without the server's own MOVE
expunges whatever else is marked as deleted.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from rectiflow.engine.errors import RectiflowError, WorkplaceError, os_reason, tls_reason
from rectiflow.notifiers.incoming import too_large
from rectiflow.notifiers.plaintext import one_line, shorten

from .receiving import receive_mail
from .recording import Received

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

    from rectiflow._settings import InboxSettings
    from rectiflow._workplace import Workplace

__all__ = ["Fetched", "Mark", "fetch_mail", "look"]

logger = logging.getLogger(__name__)

BATCH = 50  #: mails taken in at one visit
MOST_TRIED = 200  #: mails looked at for that: some may fail, or have been taken in before and not moved
TIMEOUT = 60  #: seconds, for each answer of the server
GREETING = 20  #: seconds for the connection and the first word: a port that speaks TLS never says one in the clear
MAX_ANSWER = 300  #: characters kept of what a server says
_SIZE = re.compile(
    rb"\((?=[^)]*\bUID (?P<uid>\d+))(?=[^)]*\bRFC822\.SIZE (?P<size>\d+))"
    rb'(?=(?:[^)]*\bINTERNALDATE "(?P<came>[^")]{1,40})")?)',
    re.IGNORECASE,
)
_KEPT = "邮件都还在邮箱里，下次再收。"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_THIS_MACHINE = re.compile(r"localhost|127(?:\.\d{1,3}){3}|::1", re.IGNORECASE)


class Fetched(Struct, frozen=True, kw_only=True):
    """What a visit to the mailbox brought.

    Attributes:
        received: what became of each mail, oldest first.
        wanted: mails that lay there to be taken in.
        left: older ones that are left alone.
        failed: why each of the others could not be taken in; they lie there for the next time.
    """

    received: tuple[Received, ...] = ()
    wanted: int
    left: int
    failed: tuple[Exception, ...] = ()

    def check(self) -> None:
        """Raise the first reason when there were mails and none could be taken in."""
        if self.failed and not self.received:
            raise self.failed[0]


class Mark:
    """How far a mailbox was gone through; kept from one visit to the next, also when one breaks off."""

    uid = 0  #: of the last mail that was looked at


def fetch_mail(
    place: Workplace, *, mark: Mark | None = None, whole: bool = False, going: Callable[[], bool] = lambda: True
) -> Fetched:
    """Take in what lies in the mailbox, 50 mails at a visit, or the whole mailbox.

    What came more than `since_days` ago is left alone, unless it bears the address at which answers are asked for: a mailbox
    that was in use before holds years of mails. A mail is moved to the folder for what was taken in after it is on
    record; until then it stays where it is, so a crash or a full disk loses nothing. One that fails does not stop the
    others, and those that fail again and again, or break the connection, keep no new one waiting: the next visit goes on
    behind where this one ended, and at the end of the mailbox begins anew.

    Args:
        mark: where the last visit ended; without one it begins with the oldest.
        whole: go on to the end of the mailbox.
        going: asked before each mail; when it says no, the rest waits for the next time.

    Raises:
        WorkplaceError: the mail server cannot be used; what was taken in before stays on record.
    """
    with _visiting(place) as box:
        wanted, left = _lying(place, box)
        mark = mark or Mark()
        beyond = [uid for uid in wanted if uid > mark.uid] or wanted
        found, failed = _take_in(place, box, beyond, mark, whole=whole, going=going)
    return Fetched(received=tuple(found), wanted=len(wanted), left=left, failed=tuple(failed))


def look(place: Workplace) -> Fetched:
    """Say what a visit would bring, and change nothing.

    Raises:
        WorkplaceError: the mail server cannot be used.
    """
    with _visiting(place) as box:
        wanted, left = _lying(place, box)
    return Fetched(wanted=len(wanted), left=left)


@contextmanager
def _visiting(place: Workplace) -> Generator[BaseMailBox]:
    """Give the mailbox of the settings; whatever is wrong with the server is told in Chinese, and without the password."""
    settings = place.settings.inbox
    password = place.secret(settings.password, settings.password_file)
    if not settings.username or not password:
        raise WorkplaceError(
            "收信没有用户名或口令：请在设置的 [inbox] 里写 username，口令用环境变量 RECTIFLOW_INBOX__PASSWORD 或 password_file。"
        )
    if settings.folder == settings.done_folder:
        raise WorkplaceError(f"[inbox] 的 folder 和 done_folder 都是“{settings.folder}”，收过的信须移到另一个文件夹。")
    if settings.security == "none" and not _THIS_MACHINE.fullmatch(settings.host):
        raise WorkplaceError(
            f"到收信服务器 {settings.host} 的连接没有加密，不能发送口令：请把 [inbox] 的 security 改为 tls 或 starttls；{_KEPT}"
        )
    context = _trust(place, settings)
    try:
        with _opened(settings, password, context) as box:
            yield box
    except Exception as exc:
        told = _trouble(exc, settings)
        if told is None:
            raise
        raise WorkplaceError(told.replace(password, "***")) from _without_secrets(exc, password)


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
        box: BaseMailBox = MailBox(settings.host, settings.port, timeout=GREETING, ssl_context=context)
    else:
        box = MailBoxUnencrypted(settings.host, settings.port, timeout=GREETING)
    try:
        box.client.sock.settimeout(TIMEOUT)
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


def _lying(place: Workplace, box: BaseMailBox) -> tuple[list[int], int]:
    """Return the UIDs of the mails to be taken in, oldest first, and how many lie there beside them."""
    _, told = box.client.response("EXISTS")
    there = next((int(line) for line in reversed(told or []) if line), 0)
    wanted = sorted(map(int, box.uids(_wish(place), charset=None)))
    return wanted, max(0, there - len(wanted) - len(box.uids("DELETED", charset=None)))


def _wish(place: Workplace) -> str:
    """Return what to search for (RFC 3501, 6.4.4): all that came lately, and older answers to what we asked.

    A server goes by its own days, so one more is taken.
    """
    settings = place.settings.inbox
    if not settings.since_days:
        return "UNDELETED"
    day = place.flow.today() - timedelta(days=settings.since_days + 1)
    since = f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"
    if not settings.address:
        return f"UNDELETED {since}"
    return f'UNDELETED OR {since} TO "{settings.address.partition("@")[0]}+"'


def _take_in(
    place: Workplace, box: BaseMailBox, uids: Sequence[int], mark: Mark, *, whole: bool, going: Callable[[], bool]
) -> tuple[list[Received], list[Exception]]:
    """Take mails in, one after the other; return what became of them, and why some failed."""
    done_folder = place.settings.inbox.done_folder
    if not box.folder.exists(done_folder):
        box.folder.create(done_folder)
    found, failed = list[Received](), list[Exception]()
    for uid, size, came in _sizes(box, uids if whole else uids[:MOST_TRIED]):
        if not going() or (not whole and sum(not r.again for r in found) >= BATCH):
            break
        mark.uid = uid
        raw = _fetched(box, uid, "HEADER" if too_large(size) else "")
        if raw is None:  # another worker was quicker
            continue
        try:
            found.append(receive_mail(place, raw, size=size, came=came))
        except RectiflowError as exc:
            logger.warning("来信 %s 没有收下，留待下次：%s", uid, exc)
            failed.append(exc)
        except Exception as exc:  # our own mistake about one mail does not keep the others waiting
            logger.exception("来信 %s 没有收下，留待下次", uid)
            failed.append(exc)
        else:
            _move(box, uid, done_folder)
    return found, failed


def _sizes(box: BaseMailBox, uids: Sequence[int]) -> Iterator[tuple[int, int, datetime | None]]:
    """Give each mail that is still there with its size, and when it came; the server is asked about so many at a time."""
    for begin in range(0, len(uids), MOST_TRIED):
        chosen = uids[begin : begin + MOST_TRIED]
        wanted = "(UID RFC822.SIZE INTERNALDATE)"
        lines = _checked(box.client.uid("FETCH", ",".join(map(str, chosen)), wanted))
        told = (_SIZE.search(line) for line in lines if isinstance(line, bytes))
        sizes = {int(m["uid"]): (int(m["size"]), _moment(m["came"])) for m in told if m}
        yield from ((uid, *sizes[uid]) for uid in chosen if uid in sizes)


def _moment(came: bytes | None) -> datetime | None:
    """Return a server's date (RFC 3501, date-time) as a moment; None where it says none, or one without its zone."""
    try:
        found = parsedate_to_datetime((came or b"").decode("ascii"))
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else None


def _fetched(box: BaseMailBox, uid: int, part: str) -> bytes | None:
    """Return a mail, or a part of it, and leave it unread; None when it is gone."""
    lines = _checked(box.client.uid("FETCH", str(uid), f"(BODY.PEEK[{part}])"))
    whole = [cast("tuple[bytes, bytes]", line) for line in lines if isinstance(line, tuple)]
    return whole[0][1] if whole else None


def _move(box: BaseMailBox, uid: int, folder: str) -> None:
    """Move a mail. A server that will not (a full mailbox) only has it taken in again next time, to no effect."""
    from imap_tools.errors import UnexpectedCommandStatusError

    try:
        if "MOVE" in box.client.capabilities:  # RFC 6851
            box.move(str(uid), folder)
            return
        box.copy(str(uid), folder)
        _checked(box.client.uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)"))
        if "UIDPLUS" in box.client.capabilities:  # RFC 4315; EXPUNGE without UIDs would take other mails along
            _checked(box.client.uid("EXPUNGE", str(uid)))
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
        why = shorten(one_line(tls_reason(exc).removeprefix("证书")), MAX_ANSWER)
        return f"{server} 的证书不可信（{why}），请核对服务器名称，或在 [inbox] 的 ca_file 指定证书文件；"
    if isinstance(exc, ssl.SSLError):
        return f"与{server} 建立加密连接失败（{one_line(tls_reason(exc))}），请核对端口与加密方式（tls 或 starttls）；"
    if isinstance(exc, TimeoutError):
        return f"{server} 没有及时应答，请核对地址、端口、加密方式（[inbox] 的 security，加密的端口写 tls）和网络；"
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
