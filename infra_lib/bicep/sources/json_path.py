"""JSON paths in the dialect of the official compiler's JSON library, as ``loadJsonContent`` and ``loadYamlContent`` take them.

``$`` may be left out. Steps are ``.name``, ``.*``, ``['a', 'b']``, ``[0]``, ``[0, 2]``, ``[start:end:step]``, ``[*]``,
``[?(@.a == 1 && $.b)]`` and ``..`` before a name, ``*`` or a filter. A path that fits nothing gives an empty list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Step = Callable[[Any, Iterable[Any]], Iterator[Any]]
"""From the root and the values so far to the values after this step."""
Test = Callable[[Any, Any], bool]

_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", "'": "'", '"': '"', "/": "/"}
_INTEGER = re.compile(r"-?[0-9]+\Z")
_NUMBER = re.compile(r"[0-9-][^ )]*")
_OPERATORS = ("===", "!==", "==", "=~", "!=", "<>", "<=", ">=", "<", ">")
_WORDS: tuple[tuple[str, Any], ...] = (("true", True), ("false", False), ("null", None))


class JsonPathError(ValueError):
    """A text that is no JSON path."""


class _Pattern:
    """A regular expression on the right of ``=~``."""

    __slots__ = ("expression",)

    def __init__(self, body: str, options: str) -> None:
        flags = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
        combined = 0
        for option in options:
            if option not in flags:
                raise JsonPathError(f"unknown option {option} of a regular expression")
            combined |= flags[option]
        try:
            self.expression = re.compile(body, combined)
        except re.error as error:
            raise JsonPathError(str(error)) from None


def _descendants(value: Any) -> Iterator[tuple[str | None, Any]]:
    """(name or None for an array's item, value) of everything below, in the order of the document."""
    stack = [iter(_children(value))]
    while stack:
        for name, child in stack[-1]:
            yield name, child
            if isinstance(child, dict | list):
                stack.append(iter(_children(child)))
                break
        else:
            stack.pop()


def _children(value: Any) -> Iterable[tuple[str | None, Any]]:
    if isinstance(value, dict):
        return value.items()
    return ((None, item) for item in value) if isinstance(value, list) else ()


def _fields(names: list[str] | None) -> Step:
    """The members of these names, or all members."""

    def step(_root: Any, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, dict):
                if names is None:
                    yield from value.values()
                else:
                    yield from (value[name] for name in names if name in value)

    return step


def _scan(names: list[str] | None) -> Step:
    """The members of these names at any depth, or everything."""

    def step(_root: Any, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if names is None:
                yield value
            for name, child in _descendants(value):
                if names is None or name in names:
                    yield child

    return step


def _items(indexes: list[int] | None) -> Step:
    """The items at these indexes, or all items. An index is counted from the start alone."""

    def step(_root: Any, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, list):
                if indexes is None:
                    yield from value
                    continue
                for index in indexes:
                    if index < 0:
                        raise JsonPathError(f"the index {index} is negative")
                    if index < len(value):
                        yield value[index]

    return step


def _slice(start: int | None, end: int | None, step_size: int | None) -> Step:
    if step_size == 0:
        raise JsonPathError("the step of a slice is 0")

    def step(_root: Any, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if isinstance(value, list):
                yield from value[start:end:step_size]

    return step


def _filter(test: Test, scan: bool) -> Step:
    def step(root: Any, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            if scan:
                candidates: Iterable[Any] = (value, *(child for _, child in _descendants(value)))
            else:
                candidates = value if isinstance(value, list) else ()
            yield from (candidate for candidate in candidates if test(root, candidate))

    return step


def _run(steps: list[Step], root: Any, start: Any) -> list[Any]:
    values: Iterable[Any] = [start]
    for step in steps:
        values = step(root, values)
    return list(values)


def _order(left: Any, right: Any) -> int | None:
    """-1, 0, 1, or None for values that have no order."""
    kinds = (type(left), type(right))
    if all(kind in (int, float) for kind in kinds) or kinds == (str, str) or kinds == (bool, bool):
        return int(left > right) - int(left < right)
    return None


def _same(left: Any, right: Any, strict: bool) -> bool:
    if type(left) is type(right):
        return bool(left == right)
    return not strict and _order(left, right) == 0


def _compare(operator: str, left: Any, right: Any) -> bool:
    if isinstance(left, dict | list) or isinstance(right, dict | list):
        return operator in ("!=", "<>")
    if operator == "=~":
        return isinstance(left, str) and isinstance(right, _Pattern) and right.expression.search(left) is not None
    if operator in ("==", "==="):
        return _same(left, right, operator == "===")
    if operator in ("!=", "<>", "!=="):
        return not _same(left, right, operator == "!==")
    order = _order(left, right)
    if order is None:
        return False
    return {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[operator]


class _Parser:
    """Reads a path to its steps."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def skip_blanks(self) -> None:
        while self.peek() == " ":
            self.position += 1

    def required(self) -> str:
        """The next character after blanks; the text must not end here."""
        self.skip_blanks()
        character = self.peek()
        if not character:
            raise JsonPathError("the path ends too early")
        return character

    def unexpected(self) -> JsonPathError:
        return JsonPathError(f"there is an unexpected {self.peek() or 'end'} at character {self.position + 1}")

    def whole(self) -> list[Step]:
        self.skip_blanks()
        if self.text[self.position :] == "$":
            return []
        start = self.position
        if self.text[start : start + 2] in ("$.", "$["):
            self.position = start = start + 1
        steps = self.path(start, query=False)
        self.skip_blanks()
        if self.position < len(self.text):
            raise self.unexpected()
        return steps

    def path(self, start: int, *, query: bool) -> list[Step]:
        """The steps up to the end, a closing bracket, a blank or, in a filter, an operator; a name may begin at ``start``."""
        steps: list[Step] = []
        scan = after_indexer = after_dot = False

        def end_name() -> None:
            nonlocal scan
            if self.position > start:
                name = self.text[start : self.position].rstrip()
                names = None if name == "*" else [name]
                steps.append(_scan(names) if scan else _fields(names))
                scan = False

        while character := self.peek():
            if character in "[(":
                end_name()
                steps.append(self.indexer("]" if character == "[" else ")", scan))
                self.position += 1
                start, scan, after_indexer, after_dot = self.position, False, True, False
            elif character in "]) " or (query and character in "=<!>|&"):
                break
            elif character == ".":
                end_name()
                if self.text[self.position + 1 : self.position + 2] == ".":
                    scan = True
                    self.position += 1
                self.position += 1
                start, after_indexer, after_dot = self.position, False, True
            elif after_indexer:
                raise self.unexpected()
            else:
                self.position += 1
        if self.position == start and after_dot and (query or not self.peek()):
            raise JsonPathError("the path ends with a dot")
        end_name()
        return steps

    def indexer(self, closing: str, scan: bool) -> Step:
        self.position += 1
        character = self.required()
        if character == "'":
            return self.quoted_names(closing, scan)
        return self.filter(closing, scan) if character == "?" else self.indexes(closing)

    def quoted_names(self, closing: str, scan: bool) -> Step:
        names: list[str] = []
        while True:
            names.append(self.quoted())
            character = self.required()
            if character == closing:
                return _scan(names) if scan else _fields(names)
            if character != ",":
                raise self.unexpected()
            self.position += 1
            if self.required() != "'":
                raise self.unexpected()

    def quoted(self) -> str:
        characters: list[str] = []
        self.position += 1
        while (character := self.peek()) != "'":
            if character == "\\":
                self.position += 1
                if self.peek() not in _ESCAPES:
                    raise self.unexpected()
                character = _ESCAPES[self.peek()]
            if not character:
                raise JsonPathError("a quoted name is not closed")
            characters.append(character)
            self.position += 1
        self.position += 1
        return "".join(characters)

    def indexes(self, closing: str) -> Step:
        end = self.text.find(closing, self.position)
        if end < 0:
            raise JsonPathError("a bracket is not closed")
        parts = re.split("([,:])", self.text[self.position : end])
        self.position = end
        numbers = [part.strip(" ") for part in parts[::2]]
        separators = set(parts[1::2])
        if numbers == ["*"]:
            return _items(None)
        if len(separators) > 1 or any(number and not _INTEGER.match(number) for number in numbers):
            raise JsonPathError(f"an index is wrong before character {end + 1}")
        if separators == {":"} and len(numbers) <= 3:
            start, stop, step = (int(number) if number else None for number in (*numbers, "", "")[:3])
            return _slice(start, stop, step)
        if separators == {":"} or not all(numbers):
            raise JsonPathError(f"an index is wrong before character {end + 1}")
        return _items([int(number) for number in numbers])

    def filter(self, closing: str, scan: bool) -> Step:
        self.position += 1
        if self.peek() != "(":
            raise self.unexpected()
        self.position += 1
        test = self.expression()
        self.position += 1
        if self.required() != closing:
            raise self.unexpected()
        return _filter(test, scan)

    def expression(self) -> Test:
        """Comparisons joined by ``&&`` and ``||``, up to the closing parenthesis; there is no precedence, each change of the
        operator opens a group that reaches to the end."""
        test = self.comparison()
        character = self.required()
        if character == ")":
            return test
        operator = self.text[self.position : self.position + 2]
        if operator not in ("&&", "||"):
            raise self.unexpected()
        tests = [test]
        while True:
            self.position += 2
            test = self.comparison()
            following = self.text[self.position : self.position + 2]
            if following in ("&&", "||") and following != operator:
                tests.append(self.grouped(test, following))
                break
            tests.append(test)
            if self.required() == ")":
                break
            if following != operator:
                raise self.unexpected()
        combine = all if operator == "&&" else any
        return lambda root, value: combine(one(root, value) for one in tests)

    def grouped(self, first: Test, operator: str) -> Test:
        """The rest of an expression after its operator has changed."""
        self.position += 2
        rest = self.expression()
        if operator == "&&":
            return lambda root, value: first(root, value) and rest(root, value)
        return lambda root, value: first(root, value) or rest(root, value)

    def comparison(self) -> Test:
        left = self.side()
        if self.required() in ")|&":
            return lambda root, value: bool(left(root, value))
        operator = next((text for text in _OPERATORS if self.text.startswith(text, self.position)), None)
        if operator is None:
            raise self.unexpected()
        self.position += len(operator)
        right = self.side()
        self.required()

        def test(root: Any, value: Any) -> bool:
            rights = right(root, value)
            return any(_compare(operator, one, other) for one in left(root, value) for other in rights)

        return test

    def side(self) -> Callable[[Any, Any], list[Any]]:
        """One side of a comparison: a path from the root or the item, or a value."""
        character = self.required()
        if character in "$@":
            self.position += 1
            steps = self.path(self.position, query=True)
            if character == "$":
                return lambda root, _value: _run(steps, root, root)
            return lambda root, value: _run(steps, root, value)
        literal = [self.literal(character)]
        return lambda _root, _value: literal

    def literal(self, character: str) -> Any:
        if character == "'":
            return self.quoted()
        if character == "/":
            return self.pattern()
        for word, value in _WORDS:
            if self.text.startswith(word, self.position):
                self.position += len(word)
                return value
        number = _NUMBER.match(self.text, self.position)
        if number is None:
            raise self.unexpected()
        self.position = number.end()
        try:
            return float(number[0]) if re.search("[.eE]", number[0]) else int(number[0])
        except ValueError:
            raise JsonPathError(f"{number[0]} is no number") from None

    def pattern(self) -> _Pattern:
        found = re.compile(r"/((?:[^\\/]|\\.)*)/([a-z]*)").match(self.text, self.position)
        if found is None:
            raise JsonPathError("a regular expression is not closed")
        self.position = found.end()
        return _Pattern(found[1], found[2])


def select(value: Any, path: str) -> list[Any]:
    """Every value that ``path`` finds in ``value``, in the order of the document; JsonPathError for a text that is no path."""
    return _run(_Parser(path).whole(), value, value)
