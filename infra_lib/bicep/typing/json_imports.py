"""Symbols imported from ARM JSON templates: what they need, and how they are written under their new names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from infra_lib.bicep.emission.lowering_terms import UnsupportedError
from infra_lib.bicep.typing.json_types import apply_modifiers, json_type, member, schema_at
from infra_lib.bicep.typing.type_schema import SchemaWriter

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission
    from infra_lib.bicep.semantics.model import JsonTemplate
    from infra_lib.bicep.typing.imports import Export, ImportClosure, Imported

_REFERENCE = re.compile(
    r"'(?:[^']|'')*'"
    r"|\bvariables\(\s*'(?P<variable>(?:[^']|'')+)'\s*\)"
    r"|\bcopyIndex\(\s*'(?P<loop>(?:[^']|'')+)'"
    r"|\b(?P<function>[A-Za-z_]\w*\.[A-Za-z_]\w*)\s*\(",
    re.IGNORECASE,
)


def _template(export: Export) -> JsonTemplate:
    from infra_lib.bicep.semantics.model import JsonTemplate

    assert isinstance(export.target, JsonTemplate)  # noqa: S101 - a narrowing for the type checker
    return export.target


# ---------------------------------------------------------------------------------------------- what is there


def functions_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The user-defined functions of a template by qualified name."""
    found = {}
    for group in member(template, "functions") or ():
        namespace = member(group, "namespace")
        for name, function in (member(group, "members") or {}).items():
            found[f"{namespace}.{name}"] = function
    return found


def _variable_source(template: dict[str, Any], name: str) -> dict[str, Any] | None:
    from infra_lib.bicep.sources.arm_module import variable_source

    found = variable_source(member(template, "variables") or {}, name)
    return found if isinstance(found, dict) else None


# ---------------------------------------------------------------------------------------------- what is needed


def needs(export: Export) -> Iterator[Export]:
    """The symbols that an exported one refers to."""
    template = _template(export)
    if export.kind == "type":
        yield from _types_in(template, schema_at(template, export.identity))
    elif export.kind == "variable":
        yield from _expressions_in(template, _variable_source(template.template, export.identity))
    else:
        function = functions_of(template.template).get(export.identity)
        output = member(function, "output")
        for parameter in member(function, "parameters") or ():
            yield from _types_in(template, parameter)
        yield from _types_in(template, output)
        yield from _expressions_in(template, member(output, "value"))


def _types_in(template: JsonTemplate, node: Any) -> Iterator[Export]:
    from infra_lib.bicep.typing.imports import Export

    if not isinstance(node, dict):
        return
    pointer = member(node, "$ref")
    if isinstance(pointer, str):
        yield Export(template, "type", pointer, pointer)
    mapping = member(member(node, "discriminator"), "mapping") or {}
    below = [*(member(node, "properties") or {}).values(), *(member(node, "prefixItems") or ()), *mapping.values()]
    for child in (*below, member(node, "items"), member(node, "additionalProperties")):
        yield from _types_in(template, child)


def _expressions_in(template: JsonTemplate, value: Any) -> Iterator[Export]:
    from infra_lib.bicep.typing.imports import Export

    known = functions_of(template.template)
    for text in _texts(value):
        if not _is_expression(text):
            continue
        for found in _REFERENCE.finditer(text):
            if found["variable"]:
                name = found["variable"].replace("''", "'")
                yield Export(template, "variable", name, name)
            elif found["function"] and found["function"] in known:
                yield Export(template, "function", found["function"], found["function"])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)


def _is_expression(text: str) -> bool:
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


# ---------------------------------------------------------------------------------------------- what is written


def definition(emission: Emission, export: Export) -> dict[str, Any]:
    """The schema of an imported type, its references renamed."""
    template = _template(export)
    place = emission.model.file.program
    node = schema_at(template, export.identity)
    if node is None:
        raise UnsupportedError(place, f"the imported type {export.name}")
    return apply_modifiers(node, SchemaWriter(emission, place).write(json_type(template, node)))


def function(emission: Emission, export: Export) -> dict[str, Any]:
    """An imported function, without the word of where it comes from."""
    template = _template(export)
    writer = SchemaWriter(emission, emission.model.file.program)
    source = functions_of(template.template).get(export.identity, {})
    rename = _renamer(emission.model.imported, template)
    parameters = []
    for parameter in member(source, "parameters") or ():
        parameters.append({**writer.write(json_type(template, parameter)), "name": member(parameter, "name")})
    output = member(source, "output")
    result: dict[str, Any] = {
        "parameters": parameters,
        "output": {**writer.write(json_type(template, output)), "value": _renamed(member(output, "value"), rename)},
    }
    description = member(member(source, "metadata"), "description")
    if isinstance(description, str):
        result["metadata"] = {"description": description}
    return result


def variable(closure: ImportClosure, entry: Imported, loops: list[dict[str, Any]], plain: dict[str, Any]) -> None:
    """Add an imported variable to the section."""
    template = _template(entry.export)
    source = _variable_source(template.template, entry.export.identity) or {"value": None}
    rename = _renamer(closure, template)
    if "copy" not in source:
        plain[entry.name] = _renamed(source["value"], rename)
        return
    loop = source["copy"]
    count = _renamed(member(loop, "count"), rename)
    inner = count[1:-1] if isinstance(count, str) and _is_expression(count) else str(count)
    loops.append(
        {"name": entry.name, "count": f"[length(range(0, {inner}))]", "input": _renamed(member(loop, "input"), rename)}
    )


Rename = Callable[[re.Match[str]], str]


def _renamer(closure: ImportClosure, template: JsonTemplate) -> Rename:
    def name_of(kind: str, identity: str) -> str | None:
        entry = closure.entry(template, kind, identity)
        return None if entry is None else entry.name

    def rename(found: re.Match[str]) -> str:
        variable, loop, function = found["variable"], found["loop"], found["function"]
        if variable is not None or loop is not None:
            name = name_of("variable", (variable or loop).replace("''", "'"))
            quoted = (name or variable or loop).replace("'", "''")
            return f"variables('{quoted}')" if variable is not None else f"copyIndex('{quoted}'"
        if function is not None:
            name = name_of("function", function)
            if name is not None:
                return f"{name if '.' in name else f'__bicep.{name}'}("
        return found[0]

    return rename


def _renamed(value: Any, rename: Rename) -> Any:
    if isinstance(value, str):
        return _REFERENCE.sub(rename, value) if _is_expression(value) else value
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    if isinstance(value, dict):
        return {_renamed(name, rename): _renamed(item, rename) for name, item in value.items()}
    return value
