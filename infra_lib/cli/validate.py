"""``infra validate``: everything that can be known to be wrong before a deployment."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli import options
from infra_lib.cli.console import note, report, result_json
from infra_lib.cli.main import EXIT_BAD_INPUT


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@options.parameters_option
@options.set_option
@options.json_option
def command(file: Path, parameters: Path | None, set_values: tuple[str, ...], as_json: bool) -> int:
    """Check a .bicep, .bicepparam or .json file and its parameters; all problems at once. Exit status 2 with an error."""
    from infra_lib import pipeline
    from infra_lib.diagnostics import has_errors

    problems = pipeline.validate(file, parameters=parameters, set_values=set_values)
    if as_json:
        result_json({"problems": [problem.to_dict() for problem in problems]})
    else:
        report(problems)
        errors = sum(problem.is_error for problem in problems)
        counts = f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}" if problems else "no problems"
        note(f"{file}: {counts}.")
    return EXIT_BAD_INPUT if has_errors(problems) else 0


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
