"""``infra build``: Bicep to JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from infra_lib.cli.console import note, report, result, result_json
from infra_lib.cli.main import EXIT_BAD_INPUT
from infra_lib.cli.options import json_option

Compiler = Literal["built-in", "official"]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--outfile", type=click.Path(path_type=Path), default=None, help="Where to write (default: beside FILE, as .json).")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the result instead.")
@click.option(
    "--compiler", type=click.Choice(["built-in", "official"]), default="built-in",
    help="official runs an installed Bicep CLI.",
)
@json_option
def command(file: Path, outfile: Path | None, to_stdout: bool, compiler: Compiler, as_json: bool) -> int:
    """Compile a .bicep file to an ARM template, or a .bicepparam file to deployment parameters.

    Diagnostics go to standard error in the official one-line form. Exit status 2 with an error; then nothing is written.
    """
    from infra_lib import pipeline
    from infra_lib.bicep.emission.json_writer import write_document
    from infra_lib.errors import BicepError, InputError

    if outfile is not None and to_stdout:
        raise InputError("--outfile and --stdout exclude each other.")
    try:
        compiled = pipeline.compile(file, compiler=compiler)
    except BicepError as error:
        report(error.diagnostics)
        if as_json:
            result_json({"template": None, "diagnostics": [item.to_dict() for item in error.diagnostics]})
        return EXIT_BAD_INPUT
    report(compiled.diagnostics)
    if compiled.note:
        note(compiled.note)
    content = compiled.to_dict()
    if as_json:
        result_json({"template": content, "diagnostics": [item.to_dict() for item in compiled.diagnostics]})
        if outfile is None:
            return 0
    text = write_document(content)
    if to_stdout:
        result(text)
        return 0
    from infra_lib.parameters.atomic import write_atomic

    destination = outfile or file.with_suffix(".json")
    write_atomic(destination, (text + "\n").encode())
    if not as_json:
        note(f"{destination} written.")
    return 0
