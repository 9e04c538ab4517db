"""Tokens and trees as text, one thing a line, for baselines."""

from __future__ import annotations

from collections.abc import Iterator

from infra_lib.bicep.parsing.lexer import tokens
from infra_lib.bicep.parsing.parser import Parsed
from infra_lib.bicep.syntax import Node
from infra_lib.diagnostics import LineIndex


def dump_tokens(text: str) -> str:
    found, lines = tokens(text), LineIndex(text)
    rows = []
    for kind, start, end, value in zip(found.kinds, found.starts, found.ends, found.values, strict=True):
        line, column = lines.place(start)
        shown = "" if kind in ("newline", "end") or kind == value else f" {value!r}"
        rows.append(f"{line}:{column}+{end - start} {kind}{shown}")
    return "\n".join(rows) + "\n"


def dump_tree(parsed: Parsed) -> str:
    lines = LineIndex(parsed.text)
    rows = []
    for depth, role, node in walk(parsed.program):
        line, column = lines.place(node.start)
        end_line, end_column = lines.place(node.end)
        details = "".join(f" {name}={value!r}" for name, value in attributes(node) if not is_node(value))
        rows.append(f"{'  ' * depth}{role}{type(node).__name__} [{line}:{column}-{end_line}:{end_column}]{details}")
    for finding in parsed.findings:
        line, column = lines.place(finding.start)
        end_line, end_column = lines.place(finding.end)
        rows.append(f"{finding.code} [{line}:{column}-{end_line}:{end_column}]")
    return "\n".join(rows) + "\n"


def walk(root: Node) -> Iterator[tuple[int, str, Node]]:
    pending = [(0, "", root)]
    while pending:
        depth, role, node = pending.pop()
        yield depth, role, node
        below: list[tuple[int, str, Node]] = []
        for name, value in attributes(node):
            if isinstance(value, Node):
                below.append((depth + 1, f"{name}: ", value))
            elif isinstance(value, list):
                items = [item for item in value if isinstance(item, Node)]
                below.extend((depth + 1, f"{name}[{index}]: ", item) for index, item in enumerate(items))
        pending.extend(reversed(below))


def attributes(node: Node) -> Iterator[tuple[str, object]]:
    for cls in reversed(type(node).__mro__):
        for name in getattr(cls, "__slots__", ()):
            if name not in ("start", "end"):
                yield name, getattr(node, name)


def is_node(value: object) -> bool:
    return isinstance(value, Node) or (isinstance(value, list) and (not value or isinstance(value[0], Node)))
