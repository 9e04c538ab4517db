"""The one catalogue of codes: what each code means, its default level and what to do about it.

Codes ``BCP###`` and the linter's rule names are the official Bicep compiler's, with messages of our own. ``ARM*`` codes are
Resource Manager's (``InvalidTemplate`` and so on); ``INF###`` are this library's. Each area keeps its table in a module here.
"""

from __future__ import annotations

from infra_lib.diagnostics import bicep_files, bicep_params, bicep_semantics, bicep_syntax, parameters, project, template
from infra_lib.diagnostics.entry import Entry


def _assemble() -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for module in (bicep_syntax, bicep_semantics, bicep_files, bicep_params, parameters, template, project):
        for code, row in module.CODES.items():
            if code in merged:
                raise ValueError(f"diagnostic code {code} is defined twice")
            merged[code] = row
    return merged


CATALOGUE: dict[str, Entry] = _assemble()
