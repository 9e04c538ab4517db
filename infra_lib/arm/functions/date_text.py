"""Points in time as .NET reads and writes them in the invariant culture, to 100 nanoseconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from infra_lib.arm.functions.registry import FunctionError

TICKS_PER_SECOND: Final = 10_000_000
TICKS_PER_DAY: Final = 86_400 * TICKS_PER_SECOND
MAXIMUM_TICKS: Final = date.max.toordinal() * TICKS_PER_DAY - 1
_TICKS_PER_MINUTE = 60 * TICKS_PER_SECOND
_MAXIMUM_OFFSET = 14 * 60
_LAST_TWO_DIGIT_YEAR = 2049

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Moment(NamedTuple):
    """A point in time: its local clock in ticks of 100 ns from the year 1 on, and that clock's offset from UTC in minutes.

    ``offset`` None is UTC as .NET's DateTime has it, whose formats differ from an offset of 0 (``Z``, not ``+00:00``).
    """

    ticks: int
    offset: int | None = 0

    @property
    def utc_ticks(self) -> int:
        """The same point in time on the clock of UTC."""
        return self.ticks - (self.offset or 0) * _TICKS_PER_MINUTE


def moment_of(value: datetime) -> Moment:
    """A moment in UTC from a datetime (one without a zone is in UTC), which formats like .NET's DateTime."""
    utc = value.astimezone(UTC) if value.tzinfo else value
    seconds = utc.hour * 3600 + utc.minute * 60 + utc.second
    return Moment((utc.toordinal() - 1) * TICKS_PER_DAY + seconds * TICKS_PER_SECOND + utc.microsecond * 10, None)


# Reading --------------------------------------------------------------------------------------------------------------

_MONTH_NAME = "(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:tember)?|oct(?:ober)?"
_MONTH_NAME += "|nov(?:ember)?|dec(?:ember)?)"
_WEEK_DAY = "(?:(?P<weekday>mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\\ +)?"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?)?(?:\ *(?P<half>[ap])m?)?"
_ZONE = r"(?:\ *(?P<zone>z|gmt|[-+]\d{1,2}(?::?\d{2})?))?"
_DATES = (
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
    r"(?P<month>\d{1,2})(?P<mark>[-/.])(?P<day>\d{1,2})(?P=mark)(?P<year>\d{4}|\d{2})",
    rf"{_WEEK_DAY}(?P<day>\d{{1,2}})[-\ ]+{_MONTH_NAME}[-\ ,]+(?P<year>\d{{4}}|\d{{2}})",
    rf"{_WEEK_DAY}{_MONTH_NAME}\ +(?P<day>\d{{1,2}}),?\ +(?P<year>\d{{4}})",
    r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
    rf"(?P<year>\d{{4}})\ +{_MONTH_NAME}",
    rf"{_MONTH_NAME},?\ +(?P<year>\d{{4}})",
)
_FORMS = (
    *(rf"{form}(?:(?:\ *t|\ +){_TIME})?{_ZONE}" for form in _DATES),
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})t(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})(?P<zone>z)",
    rf"{_TIME}{_ZONE}",
)
_patterns: list[re.Pattern[str]] = []


def _compiled() -> list[re.Pattern[str]]:
    if not _patterns:
        _patterns.extend(re.compile(form, re.IGNORECASE | re.ASCII) for form in _FORMS)
    return _patterns


def _offset(zone: str | None) -> int | None:
    """The minutes that a zone's text is ahead of UTC, 0 without one, None if it is out of range."""
    if zone is None or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits, "0") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > _MAXIMUM_OFFSET:
        return None
    return -total if zone[0] == "-" else total


def _date_ticks(parts: dict[str, str | None]) -> int | None:
    """The ticks of midnight of the date in ``parts``, today if it has none; None if there is no such day."""
    year_text = parts.get("year")
    if not year_text:
        return (datetime.now(UTC).toordinal() - 1) * TICKS_PER_DAY
    year = int(year_text)
    if len(year_text) == 2:
        year += 2000 if year + 2000 <= _LAST_TWO_DIGIT_YEAR else 1900
    name = parts.get("name")
    month = next(index for index, full in enumerate(_MONTHS, 1) if full[:3].lower() == name[:3].lower()) if name else 0
    try:
        day = date(year, month or int(parts.get("month") or 0), int(parts.get("day") or 1))
    except ValueError:
        return None
    weekday = parts.get("weekday")
    if weekday and _DAYS[day.weekday()][:3].lower() != weekday[:3].lower():
        return None
    return (day.toordinal() - 1) * TICKS_PER_DAY


def _time_ticks(parts: dict[str, str | None]) -> int | None:
    """The ticks since midnight of the time in ``parts``, 0 if it has none; None if the clock has no such time."""
    if not parts.get("hour"):
        return 0
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = parts.get("half")
    if half:
        if not 0 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    fraction = (parts.get("fraction") or "").ljust(8, "0")
    ticks = int(fraction[:7]) + (fraction[7] >= "5")
    return (hour * 3600 + minute * 60 + second) * TICKS_PER_SECOND + ticks


def parse_moment(text: str) -> Moment | None:
    """A date and time as .NET's DateTimeOffset.Parse reads it; without a zone it is in UTC. None if it is neither.

    Forms: ISO 8601 with ``T`` or a space, a date alone, a time alone (of today), ``20200407T145314Z``, ``04/07/2020`` (month
    first), RFC 1123 and other forms with the month's name.
    """
    stripped = text.strip()
    for pattern in _compiled():
        found = pattern.fullmatch(stripped)
        if not found:
            continue
        parts = found.groupdict()
        days, time, offset = _date_ticks(parts), _time_ticks(parts), _offset(parts.get("zone"))
        if days is None or time is None or offset is None:
            return None
        moment = Moment(days + time, offset)
        return moment if moment.ticks <= MAXIMUM_TICKS and 0 <= moment.utc_ticks <= MAXIMUM_TICKS else None
    return None


# Writing --------------------------------------------------------------------------------------------------------------

_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "O": "yyyy-MM-ddTHH:mm:ss.fffffffK",
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ss'Z'",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}
_IN_UTC = "rRu"
_LONG_DATE_UTC = "U"


class _Clock(NamedTuple):
    """A moment's local clock, taken apart."""

    day: date
    hour: int
    minute: int
    second: int
    ticks: int
    offset: int
    is_utc: bool


def _clock(moment: Moment) -> _Clock:
    days, rest = divmod(moment.ticks, TICKS_PER_DAY)
    seconds, ticks = divmod(rest, TICKS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return _Clock(date.fromordinal(days + 1), hour, minute, second, ticks, moment.offset or 0, moment.offset is None)


def _number(value: int, count: int) -> str:
    return str(value) if count == 1 else f"{value:02d}"


def _day(clock: _Clock, count: int) -> str:
    if count <= 2:
        return _number(clock.day.day, count)
    name = _DAYS[clock.day.weekday()]
    return name[:3] if count == 3 else name


def _month(clock: _Clock, count: int) -> str:
    if count <= 2:
        return _number(clock.day.month, count)
    name = _MONTHS[clock.day.month - 1]
    return name[:3] if count == 3 else name


def _year(clock: _Clock, count: int) -> str:
    return _number(clock.day.year % 100, count) if count <= 2 else str(clock.day.year).rjust(count, "0")


def _fraction(clock: _Clock, count: int) -> str:
    if count > 7:
        raise FunctionError(f"A second is formatted with at most 7 decimals, not {count}.")
    return f"{clock.ticks:07d}"[:count]


def _zone(clock: _Clock, count: int) -> str:
    sign = "-" if clock.offset < 0 else "+"
    hours, minutes = divmod(abs(clock.offset), 60)
    return f"{sign}{_number(hours, count)}" + (f":{minutes:02d}" if count > 2 else "")


def _half(clock: _Clock, count: int) -> str:
    return ("AM" if clock.hour < 12 else "PM")[:count]


_FIELDS: dict[str, Callable[[_Clock, int], str]] = {
    "d": _day,
    "M": _month,
    "y": _year,
    "H": lambda clock, count: _number(clock.hour, count),
    "h": lambda clock, count: _number(clock.hour % 12 or 12, count),
    "m": lambda clock, count: _number(clock.minute, count),
    "s": lambda clock, count: _number(clock.second, count),
    "f": _fraction,
    "F": lambda clock, count: _fraction(clock, count).rstrip("0"),
    "t": _half,
    "z": _zone,
    "g": lambda _, __: "A.D.",
    "K": lambda clock, count: ("Z" if clock.is_utc else _zone(clock, 3)) * count,
}
_TOKEN = re.compile(
    r"""(?P<field>([dMyHhmsfFtzgK])\2*) | (?P<quote>['"])(?P<quoted>(?:\\.|(?!(?P=quote))[^\\])*)(?P=quote)
    | \\(?P<escaped>.) | %(?P<single>[^%]) | (?P<bad>['"%\\]) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _custom(clock: _Clock, text: str) -> str:
    parts: list[str] = []
    for found in _TOKEN.finditer(text):
        field = found["field"] or found["single"]
        if found["bad"]:
            raise FunctionError(
                f"{text!r} is not a format of dates: {found[0]} at character {found.start() + 1} has no counterpart."
            )
        if field and field[0] in _FIELDS:
            shown = _FIELDS[field[0]](clock, len(field))
            if field[0] == "F" and not shown and parts and parts[-1] == ".":
                parts.pop()
            parts.append(shown)
        elif found["quoted"] is not None:
            parts.append(_ESCAPE.sub(r"\1", found["quoted"]))
        else:
            parts.append(found["escaped"] or found["other"] or found["single"] or "")
    return "".join(parts)


def format_moment(moment: Moment, specifier: str) -> str:
    """A moment by a .NET date format string, standard (one letter) or custom; an empty one is the general format.

    Raises FunctionError for a format that .NET does not have.
    """
    if not specifier:
        specifier = "G" if moment.offset is None else "MM/dd/yyyy HH:mm:ss zzz"
    if len(specifier) > 1:
        return _custom(_clock(moment), specifier)
    if specifier == _LONG_DATE_UTC and moment.offset is None:
        return _custom(_clock(moment), _STANDARD["F"])
    standard = _STANDARD.get(specifier)
    if standard is None:
        raise FunctionError(f"{specifier!r} is not a format of dates.")
    return _custom(_clock(Moment(moment.utc_ticks, 0) if specifier in _IN_UTC else moment), standard)
