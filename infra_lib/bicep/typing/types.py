"""The types of a file for the other stages: their schemas, which of them hold secrets, and what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.bicep import syntax as s
from infra_lib.bicep.typing.declared_types import (
    AliasType,
    ArrayType,
    DeclaredType,
    DiscriminatedType,
    Member,
    NullableType,
    ObjectType,
    TupleType,
    UnionType,
    expressed,
)
from infra_lib.bicep.typing.type_schema import SchemaWriter
from infra_lib.bicep.typing.type_table import types_of

if TYPE_CHECKING:
    from infra_lib.bicep.emission.emit import Emission
    from infra_lib.bicep.semantics.model import SemanticModel

_SECURE_TYPES = frozenset(("securestring", "secureobject"))


def schema(emission: Emission, node: s.Expression) -> dict[str, Any]:
    """The schema node of a type as it is written, without what decorators around it add.

    Raises UnsupportedError for a type that cannot be written.
    """
    return SchemaWriter(emission, node).write(types_of(emission.model).type_of(node))


def is_secure(model: SemanticModel, node: s.ParameterDeclaration | s.OutputDeclaration) -> bool:
    """True with ``@secure()`` on a parameter or output or anywhere within its type."""
    if "secure" in model.decorators(node):
        return True
    return node.type is not None and _holds_secret(types_of(model).type_of(node.type))


def _holds_secret(type_: DeclaredType) -> bool:
    seen: set[int] = set()
    pending = [type_]
    while pending:
        found = pending.pop()
        if isinstance(found, AliasType) and _is_secret_definition(found):
            return True
        found = expressed(found)
        if id(found) in seen:
            continue
        seen.add(id(found))
        members: list[Member] = []
        if isinstance(found, ObjectType):
            members = [*found.properties.values(), *([found.additional] if found.additional else [])]
        elif isinstance(found, TupleType):
            members = found.items
        elif isinstance(found, ArrayType):
            pending.append(found.item)
        elif isinstance(found, (UnionType, DiscriminatedType)):
            pending.extend(found.members)
        elif isinstance(found, NullableType):
            pending.append(found.base)
        if any(_is_secret(member) for member in members):
            return True
        pending.extend(member.type for member in members)
    return False


def _is_secret(member: Member) -> bool:
    source = member.source
    if isinstance(source, dict):
        return str(source.get("type", "")).lower() in _SECURE_TYPES
    return any(_decorator_name(decorator) == "secure" for decorator in source.decorators)


def _decorator_name(decorator: s.Decorator) -> str | None:
    call = decorator.expression
    return call.identifier.name if isinstance(call, (s.FunctionCall, s.InstanceCall)) else None


def _is_secret_definition(alias: AliasType) -> bool:
    from infra_lib.bicep.semantics.model import JsonTemplate, SemanticModel
    from infra_lib.bicep.typing.json_types import schema_at

    if isinstance(alias.owner, SemanticModel):
        return "secure" in types_of(alias.owner).definition_decorators(alias.name)
    node = schema_at(alias.owner, alias.name) if isinstance(alias.owner, JsonTemplate) else None
    return node is not None and str(node.get("type", "")).lower() in _SECURE_TYPES


def check_types(model: SemanticModel) -> None:
    """Report what is wrong with the imports, types and decorators of a file, and each use of what is declared with a wrong type.

    Imports have to be linked before. Runs once for a file.
    """
    from infra_lib.bicep.checks.decorator_checks import check_decorators
    from infra_lib.bicep.checks.function_checks import check_functions
    from infra_lib.bicep.checks.import_checks import check_imports
    from infra_lib.bicep.checks.type_checks import check_declarations

    table = types_of(model)
    check_imports(model)
    check_declarations(model, table)
    check_decorators(model, table)
    check_functions(model, table)
