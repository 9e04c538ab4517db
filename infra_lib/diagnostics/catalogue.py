"""The one catalogue of codes: what each code means, its default level and what to do about it.

Codes ``BCP###`` and the linter's rule names are the official Bicep compiler's, with messages of our own. ``ARM*`` codes are
Resource Manager's (``InvalidTemplate`` and so on); ``INF###`` are this library's. Each area keeps its table in a module here.
"""

from __future__ import annotations

from infra_lib.diagnostics import (
    bicep_files,
    bicep_params,
    bicep_semantics,
    bicep_structure,
    bicep_syntax,
    bicep_types,
    parameters,
    project,
    template,
)
from infra_lib.diagnostics.entry import Entry

AREAS = (bicep_syntax, bicep_semantics, bicep_structure, bicep_types, bicep_files, bicep_params, parameters, template, project)
"""The tables; no code is in two of them (a test holds that)."""

CATALOGUE: dict[str, Entry] = {code: entry for area in AREAS for code, entry in area.CODES.items()}
