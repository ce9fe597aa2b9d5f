"""The dates of a ledger row, and whether they can stand together."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from functools import partial

from msgspec import Struct, field

from ._draft import Draft, Unfit, Warn
from .dates import Deadline, ParsedDate, YearHint, parse_date, parse_deadline
from .errors import DateUnreadable
from .text import Cell, cell_text, match_key

NEXT_YEAR_WITHIN = dt.timedelta(days=183)  # a date without a year is taken to be after New Year only this far ahead

_NOT_DONE = re.compile(r".*(?:未|没|正在|整改中|进行中|否|待|暂缓|推进).*|×|✗")
_DONE = re.compile(r".*(?:已|是|完成|合格|到位|销号|通过|√|✓|✔).*")
_DEADLINE_ADVICE = "能当场改的写“立行立改”，还没有定的写“未定”"
_ORDER = (("completed_on", "found_on"), ("verified_on", "completed_on"), ("closed_on", "verified_on"))
_TITLES = {"found_on": "排查时间", "completed_on": "完成时间", "verified_on": "复查时间", "closed_on": "销号时间"}


class DateReader(Struct):
    """Reads the dates of one row.

    Attributes:
        draft: the row.
        hint: the year of dates without one.
        today: the day of the import; dates of what has happened may not lie after it. None: not checked.
        dates: what was read, by column id.
    """

    draft: Draft
    hint: YearHint
    today: dt.date | None
    dates: dict[str, ParsedDate] = field(default_factory=dict[str, ParsedDate])

    def read(self) -> None:
        """Read all dates into the draft and check them against each other."""
        self.draft.read("found_on", self._found_on)
        self.draft.values["immediate"] = False
        self.draft.read("due_on", self._due_on)
        for key in ("completed_on", "verified_on", "closed_on"):
            self.draft.read(key, partial(self._done_on, key))
        self._check_future()
        self._check_order()
        self._check_outcome()

    def _found_on(self, cell: Cell, warn: Warn) -> dt.date:
        try:
            parsed = parse_date(cell, year=self.hint)
        except DateUnreadable as problem:
            raise Unfit(str(problem)) from problem
        self.dates["found_on"] = parsed
        if parsed.precision == "month":
            warn(f"只写到月，按 {parsed.date} 记")
        return parsed.date

    def _year(self) -> YearHint:
        """Give the year for the later dates: the table's, else that in which the hazard was found."""
        found = self.dates.get("found_on")
        return self.hint if self.hint is not None or found is None else found.date.year

    def _due_on(self, cell: Cell, warn: Warn) -> dt.date | None:
        try:
            parsed = parse_deadline(cell, year=self._year())
        except DateUnreadable as problem:
            raise Unfit(f"{problem}；{_DEADLINE_ADVICE}") from problem
        if isinstance(parsed, Deadline):
            self.draft.values["immediate"] = parsed is Deadline.IMMEDIATE
            return None
        parsed = self._after_new_year(parsed, warn)
        self.dates["due_on"] = parsed
        found = self.dates.get("found_on")
        if found and _before(parsed, found):
            warn(f"整改时限 {parsed.date} 早于排查时间 {found.date}，请核对")
        return parsed.date

    def _done_on(self, key: str, cell: Cell, warn: Warn) -> dt.date | None:
        written = match_key(cell_text(cell))
        if not re.search(r"[\d一二三四五六七八九十]+[年月日号.\d]", written) and self._only_says(written, warn):
            return None
        try:
            parsed = self._after_new_year(parse_date(cell, year=self._year()), warn)
        except DateUnreadable as problem:
            raise Unfit(str(problem)) from problem
        parsed = self._end_of_month(parsed, warn)
        self.dates[key] = parsed
        return parsed.date

    def _only_says(self, written: str, warn: Warn) -> bool:
        """Tell whether a column of dates only says done or not done."""
        if _NOT_DONE.fullmatch(written):
            return True
        if _DONE.fullmatch(written):
            warn(f"“{written}”没有写日期，按未填记")
            return True
        return False

    def _after_new_year(self, parsed: ParsedDate, warn: Warn) -> ParsedDate:
        """Move a date whose year was only assumed into the next year, if otherwise it lay before the finding."""
        found = self.dates.get("found_on")
        if found is None or not parsed.assumed_year or not _before(parsed, found):
            return parsed
        later = _next_year(parsed.date)
        if later is None or later - found.date > NEXT_YEAR_WITHIN:
            return parsed
        warn(f"没有写年份，因早于排查时间，按次年 {later} 记")
        return ParsedDate(date=later, precision=parsed.precision, assumed_year=True)

    def _end_of_month(self, parsed: ParsedDate, warn: Warn) -> ParsedDate:
        """Take a bare month of something done as its last day, or today, so that nobody looks earlier than he was."""
        if parsed.precision != "month":
            return parsed
        date = parsed.date
        if date.day == 1:
            date = date.replace(day=calendar.monthrange(date.year, date.month)[1])
        if self.today is not None and (date.year, date.month) == (self.today.year, self.today.month):
            date = min(date, self.today)
        warn(f"只写到月，按 {date} 记")
        return ParsedDate(date=date, precision="month", assumed_year=parsed.assumed_year)

    def _check_future(self) -> None:
        for key, title in _TITLES.items():
            parsed = self.dates.get(key)
            if parsed and self.today and parsed.date > self.today:
                self.draft.problem(key, f"{title} {parsed.date} 在今天（{self.today}）之后，请核对")

    def _check_order(self) -> None:
        for later, earlier in _ORDER:
            second, first = self.dates.get(later), self._latest_before(earlier)
            if second and first and _before(second, self.dates[first]):
                dates = self.dates[first].date
                self.draft.problem(later, f"{_TITLES[later]} {second.date} 早于{_TITLES[first]} {dates}，请核对")

    def _latest_before(self, key: str) -> str | None:
        """Give the nearest date at or before a step that is there."""
        keys = list(_TITLES)
        return next((earlier for earlier in keys[keys.index(key) :: -1] if earlier in self.dates), None)

    def _check_outcome(self) -> None:
        verdict = self.draft.values.get("verdict")
        if "closed_on" in self.dates and verdict == "fail":
            self.draft.problem("closed_on", "复查结论为不合格，却有销号时间，请核对")
        elif "closed_on" in self.dates and "verified_on" not in self.dates:
            self.draft.warn("closed_on", "有销号时间而没有复查时间")
        if verdict is not None and "verified_on" not in self.dates and "verified_on" in self.draft.columns:
            self.draft.warn("verdict", "有复查结论而没有复查时间")


def _before(one: ParsedDate, other: ParsedDate) -> bool:
    """Tell whether a date lies before another, as exactly as both were written."""
    if "month" in (one.precision, other.precision):
        return (one.date.year, one.date.month) < (other.date.year, other.date.month)
    return one.date < other.date


def _next_year(date: dt.date) -> dt.date | None:
    try:
        return date.replace(year=date.year + 1)
    except ValueError:  # 29 February
        return None
