"""Functions of dates."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from infra_lib.arm.functions.arguments import integer_argument, text_argument
from infra_lib.arm.functions.date_text import (
    MAXIMUM_TICKS,
    TICKS_PER_DAY,
    TICKS_PER_SECOND,
    Moment,
    format_moment,
    moment_of,
    parse_moment,
)
from infra_lib.arm.functions.registry import FunctionError

_ISO = "yyyy-MM-ddTHH:mm:ssZ"
_COMPACT = "yyyyMMddTHHmmssZ"
_EPOCH_SECONDS = 62_135_596_800
_MAXIMUM_PART = 2**31 - 1
_DAYS_OF_YEAR, _DAYS_OF_MONTH = 365, 30

_duration = re.compile(
    r"(-)?P(?=.)(?:([0-9]+)Y)?(?:([0-9]+)M)?(?:([0-9]+)D)?"
    r"(?:T(?=.)(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S|([0-9]*)\.([0-9]*)S)?)?",
)


def format_utc(moment: datetime, specifier: str | None = None) -> str:
    """A moment as ``utcNow(specifier)`` writes it, by default like ``20200407T145314Z``; FunctionError for a wrong format.

    It formats as .NET's DateTime in UTC does, without the offset that dateTimeAdd() has: ``o`` ends in ``Z``, an empty format is
    ``G``.
    """
    return format_moment(moment_of(moment), _COMPACT if specifier is None else specifier)


def _moment(function: str, args: list[Any]) -> Moment:
    text = text_argument(function, args, 0)
    moment = parse_moment(text)
    if moment is None:
        raise FunctionError(f"{function}() takes a date and time such as '2020-04-07T14:53:14Z', not {text!r}.", argument=0)
    return moment


def _duration_ticks(text: str) -> int:
    """The length of an ISO 8601 duration as XML Schema has it: a year is 365 days, as are twelve months; a month is 30."""
    found = _duration.fullmatch(text.strip(" \t\r\n"))
    if not found:
        raise FunctionError(f"dateTimeAdd() adds a duration such as 'P1Y2M3DT4H5M6S' or '-PT1H', not {text!r}.", argument=1)
    sign, *texts, fraction = found.groups()
    if any(len(part or "") > 10 or int(part or 0) > _MAXIMUM_PART for part in texts):
        raise FunctionError(f"dateTimeAdd() cannot add {text!r}: one of its numbers does not fit into 32 bits.", argument=1)
    years, months, days, hours, minutes, seconds, whole = (int(part or 0) for part in texts)
    total = ((years + months // 12) * _DAYS_OF_YEAR + months % 12 * _DAYS_OF_MONTH + days) * TICKS_PER_DAY
    total += (hours * 3600 + minutes * 60 + seconds + whole) * TICKS_PER_SECOND
    total += int((fraction or "")[:7].ljust(7, "0"))
    return -total if sign else total


def _add(args: list[Any]) -> str:
    moment = _moment("dateTimeAdd", args)
    added = moment._replace(ticks=moment.ticks + _duration_ticks(text_argument("dateTimeAdd", args, 1)))
    if not 0 <= added.ticks <= MAXIMUM_TICKS or not 0 <= added.utc_ticks <= MAXIMUM_TICKS:
        raise FunctionError("dateTimeAdd() leaves the years 1 to 9999.")
    if len(args) < 3:
        return format_moment(added, _ISO)
    try:
        return format_moment(added, text_argument("dateTimeAdd", args, 2))
    except FunctionError as error:
        error.argument = 2
        raise


def _from_epoch(args: list[Any]) -> str:
    seconds = integer_argument("dateTimeFromEpoch", args, 0)
    ticks = (seconds + _EPOCH_SECONDS) * TICKS_PER_SECOND
    if not 0 <= ticks <= MAXIMUM_TICKS:
        raise FunctionError(f"dateTimeFromEpoch() takes seconds within the years 1 to 9999, not {seconds}.", argument=0)
    return format_moment(Moment(ticks), _ISO)


def _to_epoch(args: list[Any]) -> int:
    return _moment("dateTimeToEpoch", args).utc_ticks // TICKS_PER_SECOND - _EPOCH_SECONDS


CALLS = {
    "dateTimeAdd": _add,
    "dateTimeFromEpoch": _from_epoch,
    "dateTimeToEpoch": _to_epoch,
}
