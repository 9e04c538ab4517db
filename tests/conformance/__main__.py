# ruff: noqa: T201
"""The commands. See ``python -m tests.conformance --help``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import measures, report, resource_types
from .adapter import resource_types_index
from .goldens import DEFAULT_CASES, cases, hashed_files
from .outcome import ACCEPTED, CRASHED, DIFFERENT, Outcome
from .runner import Measure, run


class Command(NamedTuple):
    """A measurement: over cases (hash file None) or over the files of a hash file with this usual name."""

    measure: Measure
    hash_file: str | None
    help: str


COMMANDS: dict[str, Command] = {
    "templates": Command(measures.template_case, None, "main.json of the cases"),
    "params": Command(measures.parameters_case, None, "params.json of the cases"),
    "diagnostics": Command(measures.diagnostics_case, None, "errors and warnings of the cases' sources"),
    "snapshots": Command(measures.snapshot_case, None, "snapshot.json of the cases"),
    "engine": Command(measures.engine_case, None, "snapshot.json of the cases, from the recorded template and parameters"),
    "avm": Command(measures.hashed_template, "avm.json", "templates of Azure/bicep-registry-modules"),
    "avm-snapshots": Command(measures.hashed_snapshot, "avm-snapshots.json", "snapshots of its end-to-end tests"),
    "ai-toolkit": Command(measures.hashed_template, "windows-ai-studio-templates.json", "microsoft/windows-ai-studio-templates"),
    "ai-toolkit-snapshots": Command(measures.hashed_snapshot, "windows-ai-studio-snapshots.json", "its snapshots"),
    "docs-json": Command(measures.hashed_snapshot, "docs-json-snapshots.json", "JSON templates of Azure/azure-docs-json-samples"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        options = commands.add_parser(name, help=command.help)
        if command.hash_file is None:
            options.add_argument("--goldens", type=Path, default=DEFAULT_CASES, help="folder of the cases")
        else:
            options.add_argument("--hashes", type=Path, required=True, help=f"the hash file ({command.hash_file})")
            options.add_argument("--checkout", type=Path, required=True, help="checkout of the repository")
        options.add_argument("--filter", help="only names that hold this text")
        place = "an index file or a checkout of Azure/bicep-types-az; default: the user's index"
        options.add_argument("--resource-types", default="", metavar="PLACE", help=place)
        options.add_argument("--no-resource-types", action="store_const", dest="resource_types", const="none")
        options.add_argument("-j", "--processes", type=int, default=2, metavar="N")
        options.add_argument("--timeout", type=int, default=60, metavar="S", help="seconds for one file")
        options.add_argument("--show", type=int, default=10, metavar="K", help="how many outcomes of a kind to show")
        options.add_argument("--json", type=Path, metavar="OUT", help="write all outcomes here")
    options = commands.add_parser("resource-types", help="how fast the index of resource types answers")
    options.add_argument("--resource-types", default="", metavar="PLACE", help="an index file; default: the user's index")
    options.add_argument("--show", type=int, default=5, metavar="K", help="how many of the slowest answers to show")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when nothing is different, wrongly accepted or crashed, 1 otherwise, 2 for bad usage."""
    options = _parser().parse_args(arguments)
    if options.command == "resource-types":
        return 1 if resource_types.measure(options.resource_types, show=options.show) else 0
    command = COMMANDS[options.command]
    items: Sequence[Any]
    if command.hash_file is None:
        items = cases(options.goldens, options.filter)
    else:
        items = hashed_files(options.hashes, options.checkout, options.filter)
    if not items:
        print("nothing to measure: no such cases or files", file=sys.stderr)
        return 2
    start = time.perf_counter()
    with resource_types_index(options.resource_types) as index:
        outcomes: list[Outcome] = sorted(
            run(command.measure, items, resource_types=index, processes=options.processes, timeout=options.timeout),
            key=lambda outcome: outcome.name,
        )
    report.print_report(options.command, outcomes, show=options.show, seconds=time.perf_counter() - start)
    if options.json:
        report.write_json(options.json, outcomes)
    return 1 if any(outcome.status in (DIFFERENT, ACCEPTED, CRASHED) for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
