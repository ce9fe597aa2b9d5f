"""Settings of a workplace: `rectiflow.toml`, overruled by the environment (`RECTIFLOW_…`); secrets never in the file.

Imported where a workplace is opened: it brings pydantic with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from rectiflow.engine.errors import WorkplaceError

__all__ = ["MailSettings", "Settings", "read_settings"]


_TABLE = re.compile(r"\s*\[([^\[\]]+)\]")
_CHINESE_SIGNS = {
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "＝": "=",
    "【": "[",
    "】": "]",
    "［": "[",
    "］": "]",
    "，": ",",
}
_LONGEST_NAME = 21  #: characters before the @ of the address for answers; a token and a plus make it 64


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SignatureSettings(_Part):
    """Mails signed for their domain (DKIM); the public key stands at <selector>._domainkey.<domain>."""

    domain: str
    selector: str
    key_file: Path  #: the private key, PEM, RSA or Ed25519; outside the project


class MailSettings(_Part):
    """The mail server; the password comes from the environment (RECTIFLOW_MAIL__PASSWORD) or a file outside."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    sender_name: str = ""
    ca_file: Path | None = None
    connections: int = Field(default=4, ge=1, le=20)  #: at a time
    per_connection: int = Field(default=100, ge=1)  #: mails, then a connection is made anew
    per_minute: int = Field(default=0, ge=0)  #: mails a minute, of all processes together; 0: any number
    attachments_mb: float = Field(default=10, ge=0, le=50)  #: of a mail, together; more is left out and said so
    dkim: SignatureSettings | None = None


class InboxSettings(_Part):
    """Where answers and returned mail are read: a mailbox (IMAP), or a pipe into `inbox receive`.

    The server has to deliver `name+anything@domain` to the same mailbox (sub-addressing, RFC 5233).
    """

    address: str = ""  #: answers are asked for at name+token@domain; "": nobody reads answers
    host: str = ""  #: of the IMAP server; "": nothing is fetched
    port: int = Field(default=993, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str = ""
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    folder: str = "INBOX"
    done_folder: str = "Rectiflow"  #: where a mail is moved when it has been taken in
    since_days: int = Field(default=7, ge=0, le=3650)  #: what came before is left there, but for answers; 0: nothing is
    key: SecretStr | None = None  #: signs the tokens, in hexadecimal digits; several hosts need the same
    key_file: Path = Path("secrets/reply.key")  #: made at the first use

    @field_validator("address")
    @classmethod
    def _address(cls, text: str) -> str:
        from rectiflow.notifiers.address import is_address

        if text and (not is_address(text) or len(text.partition("@")[0]) > _LONGEST_NAME):
            raise ValueError(f"“{text}”应是邮箱地址，@ 之前最多 {_LONGEST_NAME} 个字符")
        return text


class OutgoingSettings(_Part):
    """Where messages go: to files (rehearsal, or an office without a gateway) or over the network."""

    files: bool = False  #: write .eml files and an SMS log instead of sending
    folder: Path = Path("outgoing")
    sms_signature: str = ""
    mail_hours: str = ""  #: when mails may be sent, as 07:00-22:00; "": the usual hours
    sms_hours: str = ""  #: when short messages may, as 08:00-20:00 工作日

    chat_hours: str = ""  #: when group robots may speak
    per_day: int = Field(
        default=30, ge=0
    )  #: messages a person gets at once on a day; the rest goes with the digest; 0: all
    sms_per_day: int = Field(default=10, ge=0)  #: of these, short messages
    digest: str = ""  #: when what is not urgent goes out on working days, as 09:30; "": everything at once

    @field_validator("digest")
    @classmethod
    def _moment(cls, text: str) -> str:
        try:
            return f"{time.fromisoformat(text.strip().zfill(5)):%H:%M}" if text else text
        except ValueError as exc:
            raise ValueError(f"“{text}”不是时间，请写 09:30") from exc

    @field_validator("mail_hours", "sms_hours", "chat_hours")
    @classmethod
    def _hours(cls, text: str) -> str:
        from rectiflow.notifiers.windows import read_window

        if text:
            read_window(text)
        return text


class ReportSettings(_Part):
    """The monthly report."""

    folder: Path = Path("reports")
    closing_day: int | None = Field(default=None, ge=1, le=28)  #: last day of an office's month; None: the calendar's
    issuer: str = "安全股"


class WorkerSettings(_Part):
    """How often `run` looks, in seconds, and where it shows what it counts."""

    tick_seconds: float = Field(default=30, gt=0, le=3600)
    send_seconds: float = Field(default=15, gt=0, le=3600)
    inbox_seconds: float = Field(default=60, gt=0, le=3600)
    report_seconds: float = Field(default=600, gt=0, le=86400)
    metrics_port: int = Field(default=0, ge=0, le=65535)  #: of the page for Prometheus; 0: none
    metrics_host: str = "127.0.0.1"


class Settings(BaseSettings):
    """Everything a workplace is told from outside; relative paths are below its folder."""

    model_config = SettingsConfigDict(
        env_prefix="RECTIFLOW_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    db: str = "sqlite:///rectiflow.db"
    district: str | None = None
    evidence: Path = Path("evidence")
    workflows: Path = Path("workflows")
    templates: Path = Path("templates")
    calendar: Path = Path("calendar.yaml")
    contact: str = ""  #: the Safety Section's telephone, named in messages
    mail: MailSettings = MailSettings()
    inbox: InboxSettings = InboxSettings()
    channels: dict[str, dict[str, Any]] = {}
    outgoing: OutgoingSettings = OutgoingSettings()
    report: ReportSettings = ReportSettings()
    worker: WorkerSettings = WorkerSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let what is given win over the environment, and the environment over the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def read_settings(file: Path | None, *, db: str | None = None) -> Settings:
    """Read a workplace's settings.

    Args:
        file: `rectiflow.toml`; None works with the environment and defaults alone.
        db: a database URL that wins over both.

    Raises:
        WorkplaceError: the file cannot be read, is no TOML, or says something unknown; every problem is listed.
    """
    import tomllib

    class Here(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return Here(db=db) if db else Here()
    except tomllib.TOMLDecodeError as exc:
        at = re.search(r"line (\d+), column (\d+)", str(exc))
        where = f"第 {at[1]} 行第 {at[2]} 列附近" if at else ""
        raise WorkplaceError(f"{file} {where}不合 TOML 写法，{_slip(file, int(at[1]) if at else 0)}。") from exc
    except UnicodeDecodeError as exc:
        raise WorkplaceError(f"{file} 不是 UTF-8 文本，请另存为 UTF-8。") from exc
    except ValidationError as exc:
        raise WorkplaceError("\n".join(["设置有误：", *(_problem(dict(e), file) for e in exc.errors())])) from exc


def _slip(file: Path | None, line: int) -> str:
    """Say what is to be looked at in a line that is no TOML: signs typed with the Chinese keyboard, if there are any."""
    lines = file.read_text("utf-8").splitlines() if file else []
    found = [sign for sign in _CHINESE_SIGNS if sign in (lines[line - 1] if 0 < line <= len(lines) else "")]
    if not found:
        return "请检查引号、括号和等号"
    return f"这一行有中文的 {' '.join(found)}，请改成英文的 {' '.join(dict.fromkeys(map(_CHINESE_SIGNS.__getitem__, found)))}"


def _line_of(file: Path | None, place: Sequence[int | str]) -> str:
    """Return which line of the file names a setting, as a person counts; "" where none does, as with the environment."""
    *tables, name = map(str, place)
    header = ""
    for count, line in enumerate(file.read_text("utf-8").splitlines() if file and file.is_file() else (), 1):
        table = _TABLE.match(line)
        header = table[1] if table else header
        named = header == ".".join(map(str, place)) if table else header == ".".join(tables) and _names(line, name)
        if named:
            return f" 第 {count} 行"
    return ""


def _names(line: str, name: str) -> bool:
    return re.match(rf"\s*\"?{re.escape(name)}\"?\s*=", line) is not None


def _near(place: Sequence[int | str]) -> str:
    """Say which setting of the same table a name that there is not may mean."""
    *tables, name = map(str, place)
    model: type[BaseModel] = Settings
    for table in tables:
        kind = model.model_fields[table].annotation
        model = next(m for m in (kind, *get_args(kind)) if isinstance(m, type) and issubclass(m, BaseModel))
    near = get_close_matches(name, model.model_fields, n=1)
    return f"，是不是 {near[0]}" if near else ""


def _problem(error: Mapping[str, Any], file: Path | None) -> str:
    place, known = ".".join(map(str, error["loc"])), error.get("ctx", {})
    what = {
        "extra_forbidden": f"没有这一项{_near(error['loc'])}",
        "int_parsing": "应是整数",
        "int_type": "应是整数",
        "int_from_float": "应是整数",
        "float_parsing": "应是数字",
        "float_type": "应是数字",
        "bool_parsing": "应是 true 或 false",
        "string_type": "应是文字，写在引号里",
        "greater_than": f"应大于 {known.get('gt')}",
        "greater_than_equal": f"应不小于 {known.get('ge')}",
        "less_than": f"应小于 {known.get('lt')}",
        "less_than_equal": f"应不大于 {known.get('le')}",
        "value_error": str(known.get("error", "")),
        "literal_error": f"应是 {str(known.get('expected', '')).replace(' or ', '、').replace(', ', '、')} 之一",
    }.get(error["type"], str(error["msg"]))
    return f"  {file or '环境变量'}{_line_of(file, error['loc'])} [{place}]：{what}"
