"""Printing: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TextIO

import click

from infra_lib.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from infra_lib.diagnostics import Diagnostic


_UNBOUNDED = 1000
_MOST_LINES = 200


def result(text: str) -> None:
    """Print a result."""
    click.echo(text)


def result_json(value: Any) -> None:
    """Print a result as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def note(text: str) -> None:
    """Print what is good to know, to standard error."""
    click.echo(text, err=True)


def fail(text: str) -> None:
    """Print why it failed, to standard error."""
    lines = text.split("\n")
    for index, line in enumerate(lines[:_MOST_LINES]):
        click.echo(f"infra: {line}" if index == 0 else f"  {line}", err=True)
    if len(lines) > _MOST_LINES:
        click.echo(f"  ... and {len(lines) - _MOST_LINES} more.", err=True)


def report(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics, a line each in the official form that editors know, to standard error; the first of very many."""
    found = list(diagnostics)
    for diagnostic in found[:_MOST_LINES]:
        click.echo(str(diagnostic), err=True)
    if len(found) > _MOST_LINES:
        click.echo(f"... and {len(found) - _MOST_LINES} more.", err=True)


def rich_console(*, stderr: bool = False) -> Console:
    """A console for tables and live views; plain text, and as wide as it needs, where the stream is no terminal."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, width=None if _is_terminal(stderr) else _UNBOUNDED)


def is_interactive() -> bool:
    """True when somebody can be asked: standard input and standard error are terminals."""
    return _is_open_terminal(sys.stdin) and _is_terminal(stderr=True)


def confirm(question: str, refusal: str) -> None:
    """Ask before something is done; raises click's Abort when the answer is no, and InputError where nobody can be asked."""
    if not is_interactive():
        raise InputError(refusal)
    click.confirm(question, abort=True, err=True)


def _is_terminal(stderr: bool) -> bool:
    return _is_open_terminal(sys.stderr if stderr else sys.stdout)


def _is_open_terminal(stream: TextIO | None) -> bool:
    """A stream that was closed before the command began is None."""
    return stream is not None and stream.isatty()
