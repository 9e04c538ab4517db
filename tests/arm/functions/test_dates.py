from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra_lib.arm.functions.dates import format_utc
from infra_lib.arm.functions.registry import FunctionError

from .calling import Case, call, check, check_refusal

_BASE = "2020-04-07T14:53:14Z"
_NEXT = "2020-04-08T14:53:14Z"

CASES: list[Case] = [
    ("dateTimeAdd", [_BASE, "PT1H"], "2020-04-07T15:53:14Z"),
    ("dateTimeAdd", [_BASE, "P1Y"], "2021-04-07T14:53:14Z"),
    ("dateTimeAdd", ["2020-02-29T00:00:00Z", "P4Y"], "2024-02-28T00:00:00Z"),
    ("dateTimeAdd", ["2020-01-31T00:00:00Z", "P1M"], "2020-03-01T00:00:00Z"),
    ("dateTimeAdd", [_BASE, "P14M"], "2021-06-06T14:53:14Z"),
    ("dateTimeAdd", ["2020-03-31T00:00:00Z", "-P1M"], "2020-03-01T00:00:00Z"),
    ("dateTimeAdd", ["2020-01-31T00:00:00Z", "P1Y1M1DT1H1M1S"], "2021-03-02T01:01:01Z"),
    ("dateTimeAdd", [_BASE, "-P10DT2H30M45S"], "2020-03-28T12:22:29Z"),
    ("dateTimeAdd", ["2020-01-31T00:00:00.750Z", "PT0.5S"], "2020-01-31T00:00:01Z"),
    ("dateTimeAdd", ["2020-01-31T00:00:00Z", "PT0.125S", "HH:mm:ss.fff"], "00:00:00.125"),
    ("dateTimeAdd", ["2020-04-07T23:30:00+02:00", "PT1H"], "2020-04-08T00:30:00Z"),
    ("dateTimeAdd", [_BASE, "PT0S", "yyyyMMdd"], "20200407"),
    ("dateTimeAdd", ["2100-02-28T12:00:00Z", "P1D"], "2100-03-01T12:00:00Z"),
    ("dateTimeFromEpoch", [0], "1970-01-01T00:00:00Z"),
    ("dateTimeFromEpoch", [-62135596800], "0001-01-01T00:00:00Z"),
    ("dateTimeFromEpoch", [1683040573], "2023-05-02T15:16:13Z"),
    ("dateTimeFromEpoch", [253402300799], "9999-12-31T23:59:59Z"),
    ("dateTimeToEpoch", ["1970-01-01T00:00:00.999Z"], 0),
    ("dateTimeToEpoch", ["1969-12-31T23:59:59.001Z"], -1),
    ("dateTimeToEpoch", ["2023-05-02T17:16:13+02:00"], 1683040573),
    ("dateTimeToEpoch", ["0001-01-01"], -62135596800),
]

REFUSALS: list[Case] = [
    *(
        ("dateTimeAdd", [_BASE, text], "ArgumentValue")
        for text in ("", "P", "P1DT", "PT", "p1d", "+P1D", "P1W", "P1.5D", "1D", "P1H", "PT1D")
    ),
    ("dateTimeAdd", ["9999-12-31T00:00:00Z", "P2D"], "ArgumentValue"),
    ("dateTimeAdd", ["0001-01-01T00:00:00Z", "-PT1S"], "ArgumentValue"),
    ("dateTimeAdd", [_BASE, "P99999999999Y"], "ArgumentValue"),
    ("dateTimeAdd", ["soon", "P1D"], "ArgumentValue"),
    ("dateTimeAdd", [_BASE, None], "ArgumentType"),
    ("dateTimeAdd", [_BASE, "P1D", "U"], "ArgumentValue"),
    ("dateTimeFromEpoch", [-62135596801], "ArgumentValue"),
    ("dateTimeFromEpoch", [253402300800], "ArgumentValue"),
    ("dateTimeFromEpoch", ["0"], "ArgumentType"),
    ("dateTimeToEpoch", ["2020-02-30"], "ArgumentValue"),
    ("dateTimeToEpoch", [0], "ArgumentType"),
]

FORMATS: list[tuple[str, str]] = [
    ("o", "2020-04-08T14:53:14.0000000+00:00"),
    ("", "04/08/2020 14:53:14 +00:00"),
    ("d", "04/08/2020"),
    ("D", "Wednesday, 08 April 2020"),
    ("f", "Wednesday, 08 April 2020 14:53"),
    ("F", "Wednesday, 08 April 2020 14:53:14"),
    ("g", "04/08/2020 14:53"),
    ("G", "04/08/2020 14:53:14"),
    ("M", "April 08"),
    ("R", "Wed, 08 Apr 2020 14:53:14 GMT"),
    ("s", "2020-04-08T14:53:14"),
    ("t", "14:53"),
    ("T", "14:53:14"),
    ("u", "2020-04-08 14:53:14Z"),
    ("y", "2020 April"),
    ("gg", "A.D."),
    ("%d", "8"),
    ("hh:mm tt", "02:53 PM"),
    ("h t", "2 P"),
    ("ss.FFF|", "14|"),
    ("ss.fff", "14.000"),
    ("zzz K z zz", "+00:00 +00:00 +0 +00"),
    ("yy yyyyy y-M-d", "20 02020 20-4-8"),
    ("dddd ddd MMMM MMM", "Wednesday Wed April Apr"),
    ("yyyy'y'\"q\"\\d", "2020yqd"),
]


@pytest.mark.parametrize("case", CASES)
def test_value(case: Case) -> None:
    check(case)


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: Case) -> None:
    check_refusal(case)


@pytest.mark.parametrize(("specifier", "expected"), FORMATS)
def test_format(specifier: str, expected: str) -> None:
    assert call("dateTimeAdd", _NEXT, "PT0S", specifier) == expected


@pytest.mark.parametrize("specifier", ["U", "Q", "%", "%%", "'open", "ends\\", "ffffffff"])
def test_format_that_dotnet_does_not_have(specifier: str) -> None:
    check_refusal(("dateTimeAdd", [_NEXT, "PT0S", specifier], "ArgumentValue"))


@pytest.mark.parametrize(
    ("specifier", "expected"), [("u", "2020-04-08 12:53:14Z"), ("R", "Wed, 08 Apr 2020 12:53:14 GMT"), ("K", "+02:00")]
)
def test_format_with_an_offset(specifier: str, expected: str) -> None:
    specifier = specifier if len(specifier) == 1 and specifier != "K" else f"%{specifier}"
    assert call("dateTimeAdd", "2020-04-08T14:53:14+02:00", "PT0S", specifier) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-04-07 14:53", "2020-04-07T14:53:00Z"),
        ("2020-04-07", "2020-04-07T00:00:00Z"),
        ("20200407T145314Z", _BASE),
        ("04/07/2020", "2020-04-07T00:00:00Z"),
        ("04/07/2020 2:53:14 PM", _BASE),
        ("Tue, 07 Apr 2020 14:53:14 GMT", _BASE),
        ("2020 April", "2020-04-01T00:00:00Z"),
        ("April 7, 2020", "2020-04-07T00:00:00Z"),
        (f"  {_BASE} ", _BASE),
        ("2020-04-07T14:53:14.9999999Z", _BASE),
        ("2020-04-07T14:53:14-0530", _BASE),
    ],
)
def test_base_is_read_as_dotnet_does(text: str, expected: str) -> None:
    assert call("dateTimeAdd", text, "PT0S") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2020-04-07T24:00:00Z",
        "2020-04-07T00:00:60Z",
        "2020-13-01",
        "2020-04-07T00:00:00+15:00",
        "Mon, 07 Apr 2020 00:00:00 GMT",
        "٢٠٢٠-04-07",
    ],
)
def test_base_that_is_no_date(text: str) -> None:
    check_refusal(("dateTimeToEpoch", [text], "ArgumentValue"))


def test_a_time_alone_is_of_today() -> None:
    assert call("dateTimeAdd", "12:30", "PT0S").endswith("T12:30:00Z")


_MOMENT = datetime(2020, 4, 7, 14, 53, 14, 250_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (None, "20200407T145314Z"),
        ("o", "2020-04-07T14:53:14.2500000Z"),
        ("U", "Tuesday, 07 April 2020 14:53:14"),
        ("u", "2020-04-07 14:53:14Z"),
        ("", "04/07/2020 14:53:14"),
        ("yyyy-MM-dd", "2020-04-07"),
    ],
)
def test_utc_now_formats_like_a_datetime_in_utc(specifier: str | None, expected: str) -> None:
    assert format_utc(_MOMENT, specifier) == expected


def test_utc_now_converts_to_utc() -> None:
    assert format_utc(datetime(2020, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))) == "20191231T230000Z"


def test_utc_now_refuses_an_unknown_format() -> None:
    with pytest.raises(FunctionError):
        format_utc(_MOMENT, "Q")
