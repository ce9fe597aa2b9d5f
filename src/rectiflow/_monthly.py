"""The monthly report: made by hand, or by itself on the first working day after the month; each edition once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.decision import IncidentDraft, MessageDraft
from rectiflow.engine.errors import InputUnusable
from rectiflow.engine.moments import ZONE, end_of, local_day
from rectiflow.storage import reports as kept
from rectiflow.storage.reports import Edition

from ._cases import cases
from ._files import write_atomically

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow
    from rectiflow.reports import Figures, MonthlyReport, Period

__all__ = ["KIND", "MadeReport", "close_months", "make_monthly"]

log = logging.getLogger("rectiflow.reports")

KIND = "monthly"
LEASE = timedelta(minutes=10)  #: after which a maker is taken for crashed
SIGNATORY = "bureau_leader"
ISSUER = "安全股"
_INSTANT = timedelta(microseconds=1)


class MadeReport(Struct, frozen=True, kw_only=True):
    """A report that was made: its files and its figures. `problems` is what the self-check found."""

    title: str
    period: str
    edition: int
    late: bool
    cutoff: datetime
    made_at: datetime
    paths: tuple[Path, ...]
    figures: Figures
    problems: tuple[str, ...] = ()


def make_monthly(
    flow: Rectiflow,
    period: Period | str,
    *,
    folder: Path,
    cutoff: datetime | None = None,
    by: str | None = None,
    late: bool = False,
    formats: Sequence[str] = ("docx", "html"),
    out: Path | None = None,
    closing_day: int | None = None,
    issuer: str = ISSUER,
) -> MadeReport:
    """Make the report of a period now, as a new edition (版次); an earlier one is never overwritten.

    Once the period is over the report is put before the signatory, as when it is made by itself.

    Args:
        period: or as people write it, 2024-11.
        folder: where the files go.
        cutoff: what was recorded later does not count; now by default.
        by: id or name of the person who has it made.
        late: print that it was not made on its day (补报).
        out: one file instead of those in `folder`; its ending chooses the format.
        closing_day: last day of the office's month, for a period given as text.

    Raises:
        PeriodUnknown: the period cannot be read, or the cut-off lies before it.
        InputUnusable: the cut-off lies in the future, the files cannot be written, `out` exists or its ending is unknown.
        NotFound, Ambiguous: no such person.
    """
    from rectiflow.reports import Period

    chosen = Period.parse(period, closing_day=closing_day) if isinstance(period, str) else period
    maker = flow.directory().find_person(by).id if by else None
    targets = None if out is None else (_checked(out),)
    now = flow.now()
    if cutoff is not None and cutoff > now:
        raise InputUnusable("数据截止时间在将来：请改为现在或以前的时间。")
    while True:
        known = kept.editions(flow.store.engine, flow.district, KIND, chosen.key)
        edition = _edition(flow, chosen, known, cutoff=cutoff or now, late=late, now=now)
        if kept.claim(flow.store.engine, edition):
            break
    job = _Job(flow, chosen, edition, folder, tuple(formats), issuer, targets, maker)
    return job.make()


def close_months(
    flow: Rectiflow,
    folder: Path,
    *,
    closing_day: int | None = None,
    formats: Sequence[str] = ("docx", "html"),
    issuer: str = ISSUER,
) -> list[MadeReport]:
    """Make the report of every closed month that has none yet, and put it before the signatory.

    A month's report falls due on the first working day after it; one made on a later day says so (补报). However many
    workers ask, each is made once; that of a worker who crashed is taken over when its lease is over. Months before the
    first ticket are not made. What fails becomes an incident, and is tried again at the next call.
    """
    made: list[MadeReport] = []
    for period, late in _due_months(flow, closing_day):
        edition = _claimed(flow, period, late=late)
        if edition is not None:
            made += _made(_Job(flow, period, edition, folder, tuple(formats), issuer))
    return made


@dataclass(frozen=True)
class _Job:
    """One claimed edition on its way to files."""

    flow: Rectiflow
    period: Period
    edition: Edition
    folder: Path
    formats: tuple[str, ...]
    issuer: str
    targets: tuple[Path, ...] | None = None
    maker: str | None = None

    def make(self) -> MadeReport:
        """Write the report, tell the signatory, and only then record it as made; a claim that fails is given back."""
        engine, owner = self.flow.store.engine, self.flow.owner
        try:
            report = self._report()
            paths = self._write(report)
            self._put_before_signatory(report, paths)
        except BaseException:
            kept.drop(engine, self.edition, owner=owner)
            raise
        kept.finish(engine, self.edition, owner=owner, made_at=report.made_at, paths=[str(p) for p in paths])
        return MadeReport(
            title=f"{report.title}{report.subtitle}",
            period=self.period.key,
            edition=self.edition.edition,
            late=self.edition.late,
            cutoff=self.edition.cutoff_at,
            made_at=report.made_at,
            paths=paths,
            figures=report.figures,
            problems=report.problems,
        )

    def _report(self) -> MonthlyReport:
        from rectiflow.reports import monthly_report

        cutoff = self.edition.cutoff_at
        until = min(self.period.end, local_day(cutoff - _INSTANT))
        return monthly_report(
            cases(self.flow, until=until, cutoff=cutoff),
            self.period,
            cutoff=cutoff,
            district_name=self.flow.directory().district.name,
            issuer=self.issuer,
            made_at=self.flow.now(),
            late=self.edition.late,
            version=self.edition.edition,
            zone=ZONE,
        )

    def _write(self, report: MonthlyReport) -> tuple[Path, ...]:
        paths = self.targets or tuple(self.folder / f"{self._name()}.{ending}" for ending in self.formats)
        try:
            for folder in {path.parent for path in paths}:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise InputUnusable(f"不能建立文件夹 {exc.filename}：{exc.strerror}。请检查路径和权限。") from exc
        contents = [_rendered(report, path.suffix) for path in paths]
        for path, content in zip(paths, contents, strict=True):
            write_atomically(path, content)
        return paths

    def _name(self) -> str:
        edition = f"-第{self.edition.edition}版" if self.edition.edition > 1 else ""
        return f"{self.flow.directory().district.prefix}-月报-{self.period.key}{edition}"

    def _put_before_signatory(self, report: MonthlyReport, paths: Sequence[Path]) -> None:
        """Write the message; made over again after a crash, it has the same key and is not sent twice."""
        if not _complete(self.edition, self.period):
            return
        directory, today = self.flow.directory(), self.flow.today()
        leaders = [p for p in directory.holders(SIGNATORY, None, today) if p != self.maker]
        key = f"report:{KIND}:{self.period.key}:{self.edition.edition}"
        if not leaders and self.maker is None:
            message = f"{self.period.title}月报已做好，但没有人任分管局领导，无人签发：请补上岗位人员后转送。"
            self.flow.store.raise_incident(
                self.flow.district, IncidentDraft(key=key, kind="nobody", message=message), now=self.flow.now()
            )
        lines = "\n".join(_lines(report, directory.district.name, paths))
        params = {"district_name": directory.district.name, "period": self.period.title, "lines": lines}
        self.flow.enqueue(
            [
                MessageDraft(
                    key=f"{key}:{person}",
                    recipient=person,
                    template="report_ready",
                    params={**params, "recipient": directory.person_name(person)},
                )
                for person in leaders
            ]
        )


def _due_months(flow: Rectiflow, closing_day: int | None) -> Iterator[tuple[Period, bool]]:
    """Yield every closed month whose report is due and not made, and whether it is late, the oldest first."""
    from rectiflow.reports import Period

    first = kept.first_entry(flow.store.engine, flow.district)
    if first is None:
        return
    known: dict[str, list[Edition]] = {}
    for edition in kept.editions(flow.store.engine, flow.district, KIND):
        known.setdefault(edition.period, []).append(edition)
    period, today = Period.containing(local_day(first), closing_day=closing_day), flow.today()
    while (due := flow.calendar.add(period.end, 1)) <= today:
        if not any(e.status == kept.MADE and _complete(e, period) for e in known.get(period.key, ())):
            yield period, due < today
        period = period.next()


def _claimed(flow: Rectiflow, period: Period, *, late: bool) -> Edition | None:
    """Claim the report of a closed month; None when somebody else has it, or has made it meanwhile."""
    engine, now = flow.store.engine, flow.now()
    known = kept.editions(engine, flow.district, KIND, period.key)
    whole = [e for e in known if _complete(e, period)]
    if any(e.status == kept.MADE for e in whole):
        return None
    if whole:
        taken = kept.take_over(engine, whole[-1], owner=flow.owner, now=now, lease=LEASE)
        return replace(whole[-1], owner=flow.owner) if taken else None
    edition = _edition(flow, period, known, cutoff=now, late=late, now=now)
    return edition if kept.claim(engine, edition) else None


def _edition(
    flow: Rectiflow, period: Period, known: Sequence[Edition], *, cutoff: datetime, late: bool, now: datetime
) -> Edition:
    return Edition(
        district=flow.district,
        kind=KIND,
        period=period.key,
        edition=max((e.edition for e in known), default=0) + 1,
        status=kept.MAKING,
        cutoff_at=cutoff,
        late=late,
        owner=flow.owner,
        lease_until=now + LEASE,
    )


def _complete(edition: Edition, period: Period) -> bool:
    """Tell whether an edition covers its whole period; one made before its end is a preview."""
    return edition.cutoff_at >= end_of(period.end)


def _made(job: _Job) -> list[MadeReport]:
    flow, period = job.flow, job.period
    try:
        return [job.make()]
    except Exception as exc:  # one month that fails neither stops the others nor the sending
        log.exception("%s月报没有做成", period.title)
        message = f"{period.title}月报没有做成，下次再试：{exc}"
        incident = IncidentDraft(key=f"report:{KIND}:{period.key}", kind="report", message=message)
        flow.store.raise_incident(flow.district, incident, now=flow.now())
        return []


def _rendered(report: MonthlyReport, ending: str) -> bytes:
    from rectiflow.reports import render_html, render_word

    return render_word(report) if ending == ".docx" else render_html(report).encode()


def _checked(out: Path) -> Path:
    if out.suffix not in (".docx", ".html"):
        raise InputUnusable(f"月报只能写成 .docx 或 .html，不是“{out.suffix}”：请改文件名“{out.name}”的后缀。")
    if out.exists():
        raise InputUnusable(f"文件 {out} 已经有了，不覆盖：请换一个文件名。")
    return out


def _lines(report: MonthlyReport, district: str, paths: Sequence[Path]) -> Iterator[str]:
    """Yield what the signatory reads before opening the file."""
    from rectiflow.reports.sentences import overall, remaining

    if report.late:
        yield "本期月报未按时生成，系补报。"
    if report.version > 1:
        yield f"这是第{report.version}版。"
    yield overall(report.figures, report.period, district)
    left = remaining(report.figures, _last_day(report))
    if left:
        yield left
    if report.problems:
        yield f"数据核对发现{len(report.problems)}处不一致，请核实后再用。"
    yield f"文件：{'、'.join(path.name for path in paths)}"


def _last_day(report: MonthlyReport) -> date:
    return min(report.period.end, local_day(report.cutoff - _INSTANT))
