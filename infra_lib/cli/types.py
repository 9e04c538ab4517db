"""``infra types``: a Python module of a template's parameters."""

from __future__ import annotations

from pathlib import Path

import click

from infra_lib.cli.console import note, result, result_json
from infra_lib.cli.options import json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=None, help="The module to write (default: print it).")
@json_option
def command(file: Path, out: Path | None, as_json: bool) -> None:
    """Write dataclasses for the parameters of a .bicep or .json FILE."""
    from infra_lib import pipeline
    from infra_lib.parameters.atomic import write_atomic

    text = pipeline.parameters_module(file)
    if out is not None:
        write_atomic(out, text.encode())
        note(f"{out} written.")
    if as_json:
        result_json({"module": text, "out": str(out) if out is not None else None})
    elif out is None:
        result(text.rstrip("\n"))
