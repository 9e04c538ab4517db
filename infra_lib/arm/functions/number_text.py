"""Numbers by .NET format strings, standard (``N2``, ``X8``) and custom (``#,##0.00``), in the invariant culture."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from infra_lib.arm.functions.registry import FunctionError
from infra_lib.arm.values import float_text

_STANDARD = re.compile(r"([A-Za-z])([0-9]{0,9})\Z")
_MAXIMUM_PRECISION = 100_000
_CURRENCY = "\u00a4"
_PER_MILLE = "\u2030"
_GROUP = 3
_CUSTOM_FLOAT_DIGITS = 15


class _Digits(NamedTuple):
    """A number as ``0.DIGITS`` times ten to the power of ``scale``, without zeros at either end; zero has no digits."""

    negative: bool
    digits: str
    scale: int


def _from_decimal(text: str) -> _Digits:
    """The digits of plain or scientific decimal text."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    scale = len(whole) + int(exponent or 0) - (len(whole) + len(fraction) - len(digits))
    digits = digits.rstrip("0")
    return _Digits(mantissa.startswith("-"), digits, scale if digits else 0)


def _rounded(number: _Digits, count: int, keep_sign: bool) -> _Digits:
    """``number`` with at most ``count`` digits, halves away from zero. A zero loses its sign unless ``keep_sign``."""
    digits, scale = number.digits, number.scale
    if count < len(digits):
        up = count >= 0 and digits[count] >= "5"
        digits = digits[: max(count, 0)]
        if up:
            raised = str(int(digits or "0") + 1)
            scale += len(raised) - len(digits)
            digits = raised
        digits = digits.rstrip("0")
    if not digits:
        return _Digits(number.negative and keep_sign, "", 0)
    return _Digits(number.negative, digits, scale)


# Standard formats -----------------------------------------------------------------------------------------------------


def _group(whole: str) -> str:
    first = len(whole) % _GROUP or _GROUP
    return ",".join([whole[:first], *(whole[index : index + _GROUP] for index in range(first, len(whole), _GROUP))])


def _fixed(number: _Digits, decimals: int, grouped: bool = False) -> str:
    """Digits before and after the point, without a sign."""
    digits, scale = number.digits, number.scale
    whole = digits[:scale].ljust(scale, "0") if scale > 0 else "0"
    fraction = ("0" * -scale + digits if scale <= 0 else digits[scale:])[:decimals].ljust(decimals, "0")
    shown = _group(whole) if grouped else whole
    return f"{shown}.{fraction}" if decimals else shown


def _exponent(letter: str, value: int, least: int, plus: bool) -> str:
    sign = "-" if value < 0 else "+" if plus else ""
    return f"{letter}{sign}{abs(value):0{least}d}"


def _scientific(number: _Digits, decimals: int, letter: str) -> str:
    fraction = number.digits[1:].ljust(decimals, "0")
    mantissa = (number.digits[:1] or "0") + (f".{fraction}" if decimals else "")
    return mantissa + _exponent(letter, number.scale - 1 if number.digits else 0, 3, plus=True)


def _general(number: _Digits, count: int, letter: str) -> str:
    """The shorter of plain and scientific writing for a precision of ``count`` digits."""
    digits, scale = number.digits, number.scale
    if scale > count or scale < -3:
        return digits[:1] + (f".{digits[1:]}" if len(digits) > 1 else "") + _exponent(letter, scale - 1, 2, plus=True)
    return _fixed(number, max(len(digits) - scale, 0))


def _bits(value: int, letter: str, precision: int) -> str:
    text = format(value & 0xFFFFFFFFFFFFFFFF, "b" if letter in "bB" else letter)
    return text.rjust(precision, "0")


def _prepared(value: Any, kind: str, precision: int) -> _Digits:
    """``value`` rounded for a standard format: floats to the nearest exact decimal, halves to even; integers away from zero."""
    if type(value) is int:
        number = _from_decimal(str(value))
        return _rounded(number, precision + 1 if kind == "E" else precision, False) if kind in "EG" else number
    if kind in "EG":
        return _from_decimal(f"{value:.{precision if kind == 'E' else precision - 1}e}")
    return _from_decimal(f"{value:.{precision + 2 if kind == 'P' else precision}f}")


def _standard(value: Any, letter: str, precision: int | None) -> str | None:
    """``value`` by a standard format, None if the letter does not name one for its kind."""
    kind = letter.upper()
    if kind in "BDXR" and (type(value) is float) is not (kind == "R"):
        return None
    if kind in "BX":
        return _bits(value, letter, precision or 0)
    if kind == "D":
        return ("-" if value < 0 else "") + str(abs(value)).rjust(precision or 0, "0")
    if kind == "R" or (kind == "G" and not precision):
        text = float_text(value) if type(value) is float else str(value)
        return text if letter.isupper() else text.replace("E", "e")
    if kind not in "CEFGNP":
        return None
    decimals = precision if precision is not None else 6 if kind == "E" else 2
    number = _prepared(value, kind, decimals)
    if kind == "P":
        number = number._replace(scale=number.scale + 2) if number.digits else number
    if kind == "E":
        text = _scientific(number, decimals, letter)
    elif kind == "G":
        text = _general(number, decimals, "E" if letter == "G" else "e")
    else:
        text = _fixed(number, decimals, grouped=kind != "F")
    if kind == "C":
        return f"({_CURRENCY}{text})" if number.negative else _CURRENCY + text
    if kind == "P":
        text += " %"
    return f"-{text}" if number.negative else text


# Custom formats -------------------------------------------------------------------------------------------------------

_Kind = Literal["digit", "point", "exponent", "text"]


class _Section(NamedTuple):
    """A section of a custom format. Digit places are counted from 0: ``point`` is the number of places before the decimal point,
    ``first_zero`` and ``last_zero`` enclose the places of ``0``; ``power`` is what percent and thousands signs scale by."""

    tokens: tuple[tuple[_Kind, str], ...]
    places: int
    point: int
    first_zero: int | None
    last_zero: int
    power: int
    grouped: bool
    scientific: bool


_TOKEN = re.compile(r"""'([^']*)'? | "([^"]*)"? | \\(.?) | ([Ee])([-+]?)(0+) | (.)""", re.VERBOSE | re.DOTALL)


def _sections(text: str) -> list[str]:
    """The sections of a custom format: what semicolons outside quotes divide."""
    result, start = [], 0
    for found in _TOKEN.finditer(text):
        if found[7] == ";":
            result.append(text[start : found.start()])
            start = found.end()
    return [*result, text[start:]]


def _parse_section(text: str) -> _Section:
    tokens: list[tuple[_Kind, str]] = []
    places, power, last_zero, commas_at, commas = 0, 0, 0, -1, 0
    point: int | None = None
    first_zero: int | None = None
    grouped = scientific = False
    for found in _TOKEN.finditer(text):
        character = found[7]
        if found[4]:
            tokens.append(("text" if scientific else "exponent", found[0]))
            scientific = True
        elif character is None:
            tokens.append(("text", found[1] or found[2] or found[3] or ""))
        elif character in "#0":
            tokens.append(("digit", character))
            if character == "0":
                first_zero = places if first_zero is None else first_zero
                last_zero = places + 1
            places += 1
        elif character == ".":
            point = places if point is None else point
            tokens.append(("point", character))
        elif character == ",":
            if places and point is None:
                grouped = grouped or (commas > 0 and commas_at != places)
                commas = commas + 1 if commas_at == places else 1
                commas_at = places
        else:
            power += 2 if character == "%" else 3 if character == _PER_MILLE else 0
            tokens.append(("text", character))
    point = places if point is None else point
    if commas and commas_at == point:
        # Commas just before the point scale by a thousand each; all others group.
        power -= _GROUP * commas
    elif commas:
        grouped = True
    return _Section(tuple(tokens), places, point, first_zero, last_zero, power, grouped, scientific)


@lru_cache(maxsize=256)
def _parse_custom(text: str) -> tuple[_Section, _Section | None, _Section | None]:
    """The sections for positive numbers, for negative ones and for zero; None where the first is used."""
    texts = [*_sections(text), "", ""]
    return (
        _parse_section(texts[0]),
        _parse_section(texts[1]) if texts[1] else None,
        _parse_section(texts[2]) if texts[2] else None,
    )


def _custom(value: Any, text: str) -> str:
    is_float = type(value) is float
    if not is_float and text.count("0") == len(text):
        return ("-" if value < 0 else "") + str(abs(value)).rjust(len(text), "0")
    number = _from_decimal(f"{value:.{_CUSTOM_FLOAT_DIGITS - 1}e}" if is_float else str(value))
    positive, negative, zero = _parse_custom(text)
    chosen = zero if not number.digits else negative if number.negative else None
    section = chosen or positive
    if number.digits:
        scale = number.scale + section.power
        count = section.places if section.scientific else scale + section.places - section.point
        rounded = _rounded(number._replace(scale=scale), count, keep_sign=is_float)
        if not rounded.digits:
            chosen = zero
            section = zero or positive
        number = rounded
    signed = number.negative and chosen is None
    written = _fill(section, number)
    return f"-{written}" if signed and written else written


def _fill(section: _Section, number: _Digits) -> str:
    """The text of a section with the digits of a number in its places; without a sign."""
    point = section.point
    # How many digits stand before the point beyond (or short of) the places there.
    surplus = 0 if section.scientific else number.scale - point
    position = point + max(surplus, 0)
    zeros_before = point - section.first_zero if section.first_zero is not None and section.first_zero < point else 0
    zeros_after = min(point - section.last_zero, 0)
    digits = iter(number.digits)
    left = len(number.digits)
    parts: list[str] = []
    point_written = False

    def write(digit: str) -> None:
        parts.append(digit)
        if section.grouped and position > 1 and position % _GROUP == 1:
            parts.append(",")

    for kind, text in section.tokens:
        if kind in ("digit", "point"):
            while surplus > 0:
                write(next(digits, "0"))
                left, position, surplus = left - 1, position - 1, surplus - 1
        if kind == "digit":
            if surplus < 0:
                surplus += 1
                if position <= zeros_before:
                    write("0")
            elif left > 0:
                write(next(digits))
                left -= 1
            elif position > zeros_after:
                write("0")
            position -= 1
        elif kind == "point":
            if position == 0 and not point_written and (zeros_after < 0 or (point < section.places and left > 0)):
                parts.append(".")
                point_written = True
        elif kind == "exponent":
            zeros = min(len(text.lstrip("eE+-")), 10)
            value = number.scale - point if number.digits else 0
            parts.append(_exponent(text[0], value, zeros, plus="+" in text))
        else:
            parts.append(text)
    return "".join(parts)


def format_number(value: Any, specifier: str) -> str:
    """An integer or a float by a .NET format string; an empty one is the general format.

    Raises FunctionError for a standard format that .NET does not have for this kind of number.
    """
    if type(value) is float and value - value != 0:
        return float_text(value)
    if not specifier:
        return float_text(value) if type(value) is float else str(value)
    found = _STANDARD.match(specifier)
    if not found:
        return _custom(value, specifier)
    precision = int(found[2]) if found[2] else None
    if precision is not None and precision > _MAXIMUM_PRECISION:
        raise FunctionError(f"A number cannot be formatted with {precision} digits.")
    text = _standard(value, found[1], precision)
    if text is None:
        kind = "a float" if type(value) is float else "an integer"
        raise FunctionError(f"{specifier!r} is not a format of {kind}.")
    return text
