"""The template language's ``[...]`` expressions: lexer, parser, tree, and printing in Resource Manager's own form.

An expression is a literal or a call, followed by ``.name`` and ``[index]`` accessors. The tree is walked by
:mod:`infra_lib.arm.compiler`; what cannot be evaluated before a deployment is printed back by :func:`print_node`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

MAX_EXPRESSION_LENGTH: Final = 24_576
"""Characters of one expression that Resource Manager accepts."""

MAX_DEPTH: Final = 400
"""How deep calls and indexers may be nested; deeper text is refused instead of exhausting the interpreter's stack."""

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1


class ExpressionSyntaxError(Exception):
    """The text is not an expression. ``offset`` and ``end`` count from the text's start, the opening bracket included."""

    def __init__(self, message: str, offset: int, end: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.end = end if end is not None else offset + 1


VARYING: Final = frozenset(
    [
        "copyindex",
        "lambdavariables",
        "reference",
        "references",
        "providers",
        "roledefinitions",
        "pickzones",
        "tologicalzone",
        "tologicalzones",
        "tophysicalzone",
        "tophysicalzones",
        "getkeyvaultsecret",
        "newguid",
        "utcnow",
        "lambda",
    ]
)
"""Functions whose value differs from call to call within one deployment; ``list*`` functions are the others."""


class Node:
    """A node of an expression's tree. ``start`` and ``end`` are offsets in the text, -1 for a node that was computed.

    ``size`` counts the nodes of the tree. ``varies``: the value may differ between two evaluations in the same deployment (loop
    index, state of a resource).
    """

    __slots__ = ("end", "size", "start", "varies")

    start: int
    end: int
    varies: bool
    size: int


class Literal(Node):
    """A string or an integer as written."""

    __slots__ = ("value",)

    def __init__(self, value: str | int, start: int = -1, end: int = -1) -> None:
        self.value = value
        self.start = start
        self.end = end
        self.varies = False
        self.size = 1


class Call(Node):
    """``name(arguments)``; ``name`` as written, with its name space for a user-defined function (``contoso.name``)."""

    __slots__ = ("arguments", "key", "name")

    def __init__(self, name: str, arguments: Sequence[Node], start: int = -1, end: int = -1) -> None:
        self.name = name
        self.key = name.lower()
        self.arguments = tuple(arguments)
        self.start = start
        self.end = end
        self.size = 1 + sum([node.size for node in self.arguments])
        self.varies = self.key in VARYING or self.key.startswith("list") or any(node.varies for node in self.arguments)


class Access(Node):
    """``target.key`` and ``target[key]``, all accessors of one target together: ``a().b[0]`` has the keys ``'b'`` and ``0``."""

    __slots__ = ("keys", "target")

    target: Node
    keys: tuple[Node, ...]

    def __init__(self, target: Node, keys: Sequence[Node], start: int = -1, end: int = -1) -> None:
        inner = target if isinstance(target, Access) else None
        self.target = inner.target if inner is not None else target
        self.keys = (*inner.keys, *keys) if inner is not None else tuple(keys)
        self.start = start
        self.end = end
        self.size = self.target.size + sum([node.size for node in self.keys])
        self.varies = self.target.varies or any(node.varies for node in self.keys)


_TOKEN = re.compile(r"\s*(?:([^\W\d]\w*)|(-?[0-9]+)|'((?:[^']|'')*)'|([\[\]().,]))")
_SPACE = re.compile(r"\s*")
_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


def is_expression(text: str) -> bool:
    """True for ``[...]``; a text that starts with ``[[`` or does not end with ``]`` is plain."""
    return text[:1] == "[" and text[-1:] == "]" and text[:2] != "[["


def unescape(text: str) -> str:
    """The plain text of a string that is no expression: ``[[x]`` is ``[x]``, everything else itself."""
    return text[1:] if text[:2] == "[[" and text[-1:] == "]" else text


class _Open:
    """A call or an indexer whose closing bracket has not been met."""

    __slots__ = ("arguments", "name", "start", "target")

    def __init__(self, name: str | None, target: Node | None, start: int) -> None:
        self.name = name
        self.target = target
        self.start = start
        self.arguments: list[Node] = []


class _Parser:
    """Reads one expression without recursion, so that depth is a limit of ours and not of the interpreter."""

    __slots__ = ("_end", "_position", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 1
        self._end = len(text) - 1

    def parse(self) -> Node:
        stack: list[_Open] = []
        while True:
            node = self._operand(stack)
            while True:
                if node is None:
                    break
                node = self._accessors(node, stack)
                if node is None:
                    break
                if not stack:
                    self._expect_end()
                    return node
                node = self._close(node, stack)

    def _token(self) -> tuple[int, str, int, int]:
        """(kind, text, start, end): kind 1 identifier, 2 integer, 3 string, 4 punctuation, 0 the end."""
        match = _TOKEN.match(self._text, self._position, self._end)
        if match is None:
            start = _SPACE.match(self._text, self._position, self._end).end()  # type: ignore[union-attr]
            if start >= self._end:
                return 0, "", self._end, self._end + 1
            raise self._unexpected(start)
        kind = match.lastindex or 0
        self._position = match.end()
        return kind, match.group(kind), match.start(kind), match.end()

    def _unexpected(self, start: int) -> ExpressionSyntaxError:
        character = self._text[start]
        if character == "'":
            return ExpressionSyntaxError("the text that starts here has no closing quote", start, self._end)
        return ExpressionSyntaxError(f"the character {character!r} has no place here", start)

    def _peek(self) -> str:
        match = _SPACE.match(self._text, self._position, self._end)
        position = match.end() if match else self._position
        return self._text[position] if position < self._end else ""

    def _operand(self, stack: list[_Open]) -> Node | None:
        """A literal or a call without arguments; None when a call was opened, whose first argument comes next."""
        kind, text, start, end = self._token()
        if kind == 3:
            return Literal(text.replace("''", "'") if "''" in text else text, start - 1, end)
        if kind == 2:
            number = int(text) if len(text) < 21 else INT_MAX + 1
            if not INT_MIN <= number <= INT_MAX:
                raise ExpressionSyntaxError("the number does not fit into 64 bits", start, end)
            return Literal(number, start, end)
        if kind == 1:
            return self._call(text, start, end, stack)
        if kind == 0:
            raise ExpressionSyntaxError("the expression ends where a value is expected", start, end)
        raise ExpressionSyntaxError(f"a value is expected before {text!r}", start, end)

    def _call(self, name: str, start: int, end: int, stack: list[_Open]) -> Node | None:
        if self._peek() == ".":
            self._token()
            kind, member, member_start, end = self._token()
            if kind != 1:
                raise ExpressionSyntaxError("a function's name is expected after the dot", member_start, end)
            name = f"{name}.{member}"
        if self._peek() != "(":
            raise ExpressionSyntaxError(f"{name!r} is neither a text in quotes nor a call with parentheses", start, end)
        self._token()
        if self._peek() == ")":
            return Call(name, (), start, self._token()[3])
        self._push(_Open(name, None, start), stack)
        return None

    @staticmethod
    def _push(opened: _Open, stack: list[_Open]) -> None:
        if len(stack) >= MAX_DEPTH:
            raise ExpressionSyntaxError(f"the expression is nested more than {MAX_DEPTH} levels deep", opened.start)
        stack.append(opened)

    def _accessors(self, node: Node, stack: list[_Open]) -> Node | None:
        """The node with its ``.name`` accessors; None when an indexer was opened, whose key comes next."""
        while True:
            following = self._peek()
            if following == ".":
                self._token()
                kind, name, start, end = self._token()
                if kind != 1:
                    raise ExpressionSyntaxError("a property's name is expected after the dot", start, end)
                self._can_access(node)
                node = Access(node, (Literal(name, start, end),), node.start, end)
            elif following == "[":
                self._can_access(node)
                self._push(_Open(None, node, self._token()[2]), stack)
                return None
            else:
                return node

    @staticmethod
    def _can_access(node: Node) -> None:
        if isinstance(node, Literal):
            raise ExpressionSyntaxError("a literal has no properties", node.start, node.end)
        if isinstance(node, Access) and len(node.keys) >= MAX_DEPTH:
            raise ExpressionSyntaxError(f"more than {MAX_DEPTH} accessors follow one another", node.start, node.end)

    def _close(self, node: Node, stack: list[_Open]) -> Node | None:
        """What a finished value completes: the call or indexer that it closes, or None when another argument follows."""
        opened = stack[-1]
        kind, text, start, end = self._token()
        closing = "]" if opened.name is None else ")"
        if kind == 4 and text == closing:
            stack.pop()
            if opened.name is None:
                assert opened.target is not None  # noqa: S101 - an indexer always has one
                return Access(opened.target, (node,), opened.target.start, end)
            opened.arguments.append(node)
            return Call(opened.name, opened.arguments, opened.start, end)
        if kind == 4 and text == "," and opened.name is not None:
            opened.arguments.append(node)
            return None
        wanted = "']'" if opened.name is None else "',' or ')'"
        found = "the end" if kind == 0 else repr(text)
        raise ExpressionSyntaxError(f"{wanted} is expected, not {found}", start, end)

    def _expect_end(self) -> None:
        kind, text, start, end = self._token()
        if kind != 0:
            raise ExpressionSyntaxError(f"the expression is complete before {text!r}", start, end)


@lru_cache(maxsize=8192)
def parse_expression(text: str) -> Node:
    """Parse ``[...]``, brackets included. Raises ExpressionSyntaxError. Results are shared: nodes are never changed."""
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise ExpressionSyntaxError(
            f"the expression has {len(text)} characters; {MAX_EXPRESSION_LENGTH} are allowed", 0, len(text)
        )
    return _Parser(text).parse()


def value_node(value: Any) -> Node:
    """The tree of a known value, as Resource Manager writes it inside an expression: ``createObject('a', null())``."""
    if value is None:
        return Call("null", ())
    if value is True or value is False:
        return Call("true" if value else "false", ())
    if isinstance(value, int):
        return Literal(value)
    if isinstance(value, str):
        return Literal(value)
    if isinstance(value, float):
        from infra_lib.arm.values import float_text

        return Call("json", (Literal(float_text(value)),))
    if isinstance(value, dict):
        names = _open_names if type(value).__name__ == "OpenDict" else value_node
        return Call("createObject", [part for key, item in value.items() for part in (names(key), value_node(item))])
    if isinstance(value, list):
        return Call("createArray", [value_node(item) for item in value])
    node: Node = value.node
    return node


def _open_names(name: str) -> Node:
    """The tree of a name of an object of which some names are expressions."""
    try:
        return parse_expression(name) if is_expression(name) else Literal(name)
    except ExpressionSyntaxError:
        return Literal(name)


def print_node(node: Node) -> str:
    """The text of a tree, without the outer brackets, in Resource Manager's form: ``reference('x', '2024-01-01').a[0]``."""
    if isinstance(node, Literal):
        if isinstance(node.value, str):
            return "'" + node.value.replace("'", "''") + "'"
        return str(node.value)
    if isinstance(node, Call):
        return f"{node.name}({', '.join(map(print_node, node.arguments))})"
    assert isinstance(node, Access)  # noqa: S101 - there is no fourth kind
    return print_node(node.target) + "".join(map(_print_key, node.keys))


def _print_key(key: Node) -> str:
    if isinstance(key, Literal) and isinstance(key.value, str) and _IDENTIFIER.match(key.value):
        return "." + key.value
    return f"[{print_node(key)}]"
