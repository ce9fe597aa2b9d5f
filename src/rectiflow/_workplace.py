"""A workplace: a folder with settings, database, evidence, own workflows and templates. The one place that wires."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rectiflow.engine.directory import District
from rectiflow.engine.errors import WorkplaceBusy, WorkplaceError, os_reason

from ._clock import Clock, SetClock, SystemClock

if TYPE_CHECKING:
    from pydantic import SecretStr

    from rectiflow._answers.keys import ReplyKeys
    from rectiflow._flow import Rectiflow
    from rectiflow._settings import Settings
    from rectiflow._ways import Ways
    from rectiflow.notifiers import DispatchReport, TemplateProblem, TemplateSet

__all__ = ["CONFIG_NAME", "Workplace", "find_config", "make_workplace"]

CONFIG_NAME = "rectiflow.toml"
_FOLDERS = ("evidence", "workflows", "templates", "outgoing", "reports")
_POOLED = 2  #: connections kept for reading: for the two that read much at once, who fires and who sends
_CONFIG = """\
# 隐患整改工作流引擎的设置。口令不写在这里：请用环境变量 RECTIFLOW_MAIL__PASSWORD，或 mail.password_file 指向的文件。
db = "{db}"
district = "{district}"
contact = ""                     # 安全股联系电话，写进提醒消息

[mail]                           # 发邮件的服务器；没有时留空，消息会等着
host = ""
port = 587
username = ""
sender = ""
sender_name = "{name}"
security = "starttls"
# connections = 4                # 同时用几个连接发送
# per_minute = 60                # 服务器限制每分钟封数时写上；不写就不限
# attachments_mb = 10            # 一封邮件的附件总大小；超过的不附上，正文里写明
# [mail.dkim]                    # 给邮件加域名签名，须装 rectiflow[dkim]
# domain = "example.gov.cn"
# selector = "s1"
# key_file = "/etc/rectiflow/dkim.pem"

[outgoing]
files = {files}                   # true：不真正发送，邮件写成 .eml 文件，短信写进 sms.log
folder = "outgoing"
sms_signature = "{name}"
digest = "09:30"                 # 不急的每人每个工作日汇总成一条，几点发；留空就随时逐条发
# mail_hours = "07:00-22:00"     # 什么时间可以发邮件；不写就是这样
# sms_hours = "08:00-20:00"      # 什么时间可以发短信；只在工作日发的，后面加“工作日”
# per_day = 30                   # 每人每天最多几条，多出的并入下一次汇总；重大隐患的急件不受限
# sms_per_day = 10               # 其中短信最多几条

# [channels.sms]                 # 短信网关：kind 为 aliyun、tencent、gateway 或 smpp；写法见 docs/channels.md
# [channels.chat]                # 群机器人：kind 为 wecom、dingtalk 或 feishu

# [inbox]                        # 收答复和退信；服务器须把“名字+任意字@域名”也投到这个邮箱
# address = "anquan@example.gov.cn"   # 请人回复到这里；不写就不收答复
# host = "imap.example.gov.cn"   # 定时从这个邮箱收信；不写的，用 rectiflow inbox receive 收
# username = ""                  # 口令用环境变量 RECTIFLOW_INBOX__PASSWORD，或 password_file

[report]
folder = "reports"
# closing_day = 25               # 按 25 日关账时写上；不写按自然月

[worker]
# metrics_port = 9464            # 给 Prometheus 看的监控指标，须装 rectiflow[metrics]；不写就没有
"""


@dataclass(frozen=True)
class Workplace:
    """An opened place to work in; `folder` is what relative paths of the settings are below."""

    folder: Path
    settings: Settings
    clock: Clock
    rehearsal: bool
    guarded: bool = True  #: False lets an audit look at a database whose append-only triggers are gone

    @classmethod
    def open(
        cls, config: Path | None = None, *, db: str | None = None, now: datetime | None = None, guarded: bool = True
    ) -> Self:
        """Find and read a workplace.

        Args:
            config: its settings file; by default the nearest `rectiflow.toml` upwards from here.
            db: a database URL that wins over the settings.
            now: the time to take for the present; only for rehearsals.

        Raises:
            WorkplaceError: there is none, its settings are wrong, or `now` is given outside a rehearsal.
        """
        from rectiflow._settings import read_settings

        file = config or find_config()
        if file is None and db is None and "RECTIFLOW_DB" not in os.environ:
            raise WorkplaceError("这里还不是工作区：请先运行 rectiflow init 建立，或用 --config、--db 指明。")
        if config is not None and (config / CONFIG_NAME).is_file():
            config = file = config / CONFIG_NAME
        if config is not None and not config.is_file():
            raise WorkplaceError(f"没有设置文件 {config}，请核对路径。")
        folder = file.parent if file else Path.cwd()
        settings = read_settings(file, db=db)
        rehearsal = _is_rehearsal(_url(settings.db, folder), settings.district)
        if now is not None and not rehearsal:
            raise WorkplaceError("--now 只在演练工作区（init --rehearsal）有效；正式工作区只认系统时间。")
        return cls(folder, settings, SetClock(now) if now else SystemClock(), rehearsal, guarded)

    @property
    def url(self) -> str:
        """The database's URL, its file made absolute."""
        return _url(self.settings.db, self.folder)

    @cached_property
    def flow(self) -> Rectiflow:
        """The workflow engine on this workplace's database."""
        from rectiflow._astray import settle_astray
        from rectiflow._flow import Rectiflow
        from rectiflow.storage.evidence import FolderEvidence

        flow = Rectiflow.open(
            self.url,
            district=self.settings.district,
            clock=self.clock,
            workflows=self.path(self.settings.workflows),
            calendar=self.path(self.settings.calendar),
            evidence=FolderEvidence(self.path(self.settings.evidence)),
            create=False,
            guarded=self.guarded,
            pooled=_POOLED,
        )
        flow.also_sms = self.settings.outgoing.files or "sms" in self.settings.channels
        flow.contact = self.settings.contact
        flow.holding = bool(self.settings.outgoing.digest)
        flow.on_done(partial(settle_astray, flow))
        return flow

    @property
    def templates(self) -> TemplateSet:
        """The message templates, the district's own over the built-in ones; own files with faults are set aside."""
        return self._templates[0]

    @property
    def template_problems(self) -> tuple[TemplateProblem, ...]:
        """What is wrong with the district's own templates, by file and line; the built-in words go out meanwhile."""
        return self._templates[1]

    @cached_property
    def _templates(self) -> tuple[TemplateSet, tuple[TemplateProblem, ...]]:
        from rectiflow.notifiers import TemplateSet, builtin_templates

        own = self.path(self.settings.templates)
        if not own.is_dir():
            return TemplateSet.load([builtin_templates()]), ()
        return TemplateSet.load_sound(builtin_templates(), own)

    @cached_property
    def reply_keys(self) -> ReplyKeys:
        """What signs reply addresses and return paths."""
        from rectiflow._answers.keys import ReplyKeys
        from rectiflow.notifiers.address import domain_of

        return ReplyKeys(self.settings.inbox, self.folder, domain_of(self.sender_address))

    @property
    def sender_address(self) -> str:
        """Whose address mails carry; in a rehearsal without one, where answers are read, else a made-up one."""
        return self.settings.mail.sender or self.settings.inbox.address or "safety@example.com"

    def secret(self, given: SecretStr | None, file: Path | None) -> str | None:
        """Return a secret that was given, or stands in a file; None for neither.

        Raises:
            WorkplaceError: the file cannot be read.
        """
        if given is not None:
            return given.get_secret_value()
        return _secret(self.path(file)) if file is not None else None

    def path(self, relative: Path) -> Path:
        """Return a path of the settings, below the workplace's folder unless it is absolute."""
        return self.folder / relative

    @cached_property
    def ways(self) -> Ways:
        """The ways by which people are reached from here."""
        from rectiflow._ways import Ways

        return Ways(self)

    def deliver(
        self, *, limit: int = 200, going: Callable[[], bool] = lambda: True, at_any_hour: bool = False
    ) -> DispatchReport:
        """Send what waits in the outbox; see `_delivery.deliver`."""
        from rectiflow._delivery import deliver
        from rectiflow._standing import tell_templates

        tell_templates(self)
        return deliver(self, limit=limit, going=going, at_any_hour=at_any_hour)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Hold what only one `run` may hold on an SQLite file; PostgreSQL takes any number of workers.

        Raises:
            WorkplaceBusy: another process runs on the same file.
        """
        from filelock import FileLock, Timeout
        from sqlalchemy.engine import make_url

        database = make_url(self.url).database
        if not self.url.startswith("sqlite") or not database:
            yield
            return
        lock = FileLock(f"{database}.run-lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as exc:
            raise WorkplaceBusy(
                f"另一个 rectiflow run 正在这个数据库文件（{database}）上运行；请先停掉它，或改用 PostgreSQL 以便多机同时运行。"
            ) from exc
        try:
            yield
        finally:
            lock.release()


def find_config(start: Path | None = None) -> Path | None:
    """Return the settings file named by RECTIFLOW_CONFIG, or the nearest one upwards."""
    named = os.environ.get("RECTIFLOW_CONFIG")
    if named:
        return Path(named)
    here = (start or Path.cwd()).resolve()
    return next((p / CONFIG_NAME for p in (here, *here.parents) if (p / CONFIG_NAME).is_file()), None)


def make_workplace(
    folder: Path,
    *,
    code: str | None = None,
    prefix: str | None = None,
    name: str | None = None,
    rehearsal: bool = False,
    db: str | None = None,
) -> Path:
    """Set up a workplace: folders, settings, schema, the district registered. What is there stays.

    Args:
        folder: made if it is missing; one that is a workplace already is brought to this version.
        code, prefix, name: the district; a rehearsal may leave them out and gets the sample district's.
        rehearsal: the time may be set by hand, and everybody may act as anybody.
        db: a database URL; by default a file in the folder.

    Returns:
        the settings file.

    Raises:
        WorkplaceError: the district is not said, the folder cannot be written, or the database cannot be used.
    """
    file = folder / CONFIG_NAME
    if file.is_file():
        _upgrade(file, folder)
        return file
    given = {"code": code, "prefix": prefix, "name": name}
    district = _sample_district(given) if rehearsal else District(**{k: v or "" for k, v in given.items()})
    _check_district(district)
    url = db or "sqlite:///rectiflow.db"
    text = _CONFIG.format(db=url, district=district.code, name=district.name, files=str(rehearsal).lower())
    with _whole_or_nothing(folder):
        _make_folders(folder)
        _register(_url(url, folder), district, rehearsal=rehearsal)
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as exc:
            raise _unwritable(folder, exc) from exc
    return file


@contextmanager
def _whole_or_nothing(folder: Path) -> Generator[None]:
    """Where a workplace does not come about, take away the folders made for it; what was there before stays."""
    new = [p for p in (*reversed(folder.parents), folder, *(folder / name for name in _FOLDERS)) if not p.exists()]
    try:
        yield
    except BaseException:
        if folder in new:
            shutil.rmtree(folder, ignore_errors=True)
        for path in reversed(new):
            with suppress(OSError):
                path.rmdir()
        raise


def _make_folders(folder: Path) -> None:
    try:
        for name in _FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _unwritable(folder, exc) from exc


def _unwritable(folder: Path, exc: OSError) -> WorkplaceError:
    return WorkplaceError(f"不能在 {folder} 建立工作区：{os_reason(exc)}。请换一个文件夹或检查权限。")


def _register(url: str, district: District, *, rehearsal: bool) -> None:
    from rectiflow.storage import organisation, schema
    from rectiflow.storage.connect import make_engine

    engine = make_engine(url)
    try:
        schema.migrate(engine)
        organisation.add_district(engine, district, rehearsal=rehearsal)
    finally:
        engine.dispose()


def _upgrade(file: Path, folder: Path) -> None:
    from rectiflow._settings import read_settings
    from rectiflow.storage import schema
    from rectiflow.storage.connect import make_engine

    engine = make_engine(_url(read_settings(file).db, folder))
    try:
        schema.migrate(engine)
    finally:
        engine.dispose()


def _sample_district(given: Mapping[str, str | None]) -> District:
    sample = {"code": "420702", "prefix": "LZH", "name": "梁子湖区教育局"}
    return District(**{k: given[k] or v for k, v in sample.items()})


def _check_district(district: District) -> None:
    problems = [
        text
        for wrong, text in (
            (
                not re.fullmatch(r"\d{6,12}", district.code),
                f"--district 区划代码{_given(district.code)}，应是 6 到 12 位数字",
            ),
            (
                not re.fullmatch(r"[A-Z][A-Z0-9]{1,7}", district.prefix),
                f"--prefix 编号前缀{_given(district.prefix)}，应是 2 到 8 个大写字母或数字",
            ),
            (not district.name.strip(), "--name 落款单位名称没有写"),
        )
        if wrong
    ]
    if problems:
        raise WorkplaceError("；".join(problems) + "。")


def _given(value: str) -> str:
    return f"“{value}”不对" if value else "没有写"


def _url(url: str, folder: Path) -> str:
    """Make the file of an SQLite URL absolute."""
    match = re.fullmatch(r"sqlite:///(?!/)(?P<file>.+)", url)
    return f"sqlite:///{(folder / match['file']).resolve()}" if match and match["file"] != ":memory:" else url


def _is_rehearsal(url: str, district: str | None) -> bool:
    from rectiflow.storage import organisation, schema
    from rectiflow.storage.connect import make_engine

    engine = make_engine(url)
    try:
        if schema.current_revision(engine) is None:
            return False
        known = organisation.districts(engine)
        chosen = [r for code, (_, r) in known.items() if district in (None, code)]
        return bool(chosen) and all(chosen)
    finally:
        engine.dispose()


def _secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as exc:
        raise WorkplaceError(f"口令文件 {file} 读不了：{os_reason(exc)}。") from exc
