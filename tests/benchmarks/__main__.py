"""``python -m tests.benchmarks [NAME ...]``: run the measurements and print the table of docs/benchmarks.md.

Needs the ``benchmarks`` extra. Each row is ours against a named peer, in turn in one run; nothing here fails a test suite.
"""

from __future__ import annotations

import argparse
import sys

from tests.benchmarks import compiler, engine, first_run, parameters, planning, replicas, sync
from tests.benchmarks.harness import Row, table

GROUPS = {
    "first-run": first_run.rows,
    "compiler": compiler.rows,
    "engine": engine.rows,
    "parameters": parameters.rows,
    "planning": planning.rows,
    "sync": sync.rows,
    "replicas": replicas.rows,
}


def main() -> int:
    """Measure what is asked for and print the table; exit status 1 when a bound does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help=f"what to measure: {', '.join(GROUPS)} (default: all)")
    chosen = parser.parse_args().groups or list(GROUPS)
    rows: list[Row] = []
    for name in chosen:
        rows.extend(GROUPS[name]())
    sys.stdout.write(table(rows) + "\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
