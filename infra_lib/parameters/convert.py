"""From one language of parameter files to the other."""

from __future__ import annotations

import os
import re
from typing import Any

from infra_lib.errors import InputError
from infra_lib.parameters.bicep_document import BicepDocument, bicep_value, syntax_name
from infra_lib.parameters.entry import Expression, KeyVaultReference, from_arm_entry
from infra_lib.parameters.file import ParameterFile
from infra_lib.parameters.literals import bicep_string


def to_json(file: ParameterFile, path: str | os.PathLike[str] | None) -> ParameterFile:
    """See :meth:`ParameterFile.to_json`."""
    if file.format == "json":
        return ParameterFile.parse(file.text, path)
    converted = ParameterFile.parse(ParameterFile.new().text, path)
    values: dict[str, Any] = {}
    for name, entry in file.arm_parameters().items():
        _, value = from_arm_entry(entry)
        values[name] = value
    converted.update(values)
    return converted


def to_bicepparam(file: ParameterFile, path: str | os.PathLike[str] | None, using: str | None) -> ParameterFile:
    """See :meth:`ParameterFile.to_bicepparam`."""
    document = file.document
    if isinstance(document, BicepDocument):
        return ParameterFile.parse(file.text, path, bicep=True)
    lines = [f"using {bicep_string(using)}" if using else "using none", ""]
    for name, entry in file.entries.items():
        if not syntax_name(name):
            raise InputError(f'"{name}" cannot be a parameter in a Bicep file: names are letters, digits and underscores.')
        if isinstance(entry.value, Expression):
            raise InputError(f'"{name}" has an externalInputs expression, which is made from a .bicepparam file and not back.')
        description = (entry.metadata or {}).get("description")
        if isinstance(description, str) and description.strip():
            lines += [f"// {line}" for line in re.split(r"[\r\n\u0085\u2028\u2029]+", description.strip())]
        value = entry.value if isinstance(entry.value, KeyVaultReference) else file[name]
        lines.append(f"param {name} = {bicep_value(value)}")
    return ParameterFile.parse("\n".join(lines) + "\n", path, bicep=True)
