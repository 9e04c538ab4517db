"""Statements that contradict each other or have a name that they may not have."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.checks.mistakes import has_mistake
from infra_lib.bicep.semantics import symbols as sym
from infra_lib.bicep.semantics.constants import not_constant
from infra_lib.bicep.semantics.model import SemanticModel

_TARGET_SCOPES = ("managementGroup", "resourceGroup", "subscription", "tenant")
_EXPERIMENTAL_SCOPES = {"local": "localDeploy", "desiredStateConfiguration": "desiredStateConfiguration"}
_KEYWORD = len("targetScope")


def check_target_scope(model: SemanticModel) -> None:
    """Report a second ``targetScope`` and one that is no scope."""
    declarations = model.target_scope_declarations
    for declaration in declarations:
        start = declaration.keyword_start
        if len(declarations) > 1:
            model.report("BCP112", (start, start + _KEYWORD))
        if declaration.decorators:
            start = declaration.decorators[0].start
            model.report("BCP130", (start, start + 1))
        value = declaration.value
        for node in not_constant(value):
            model.report("BCP032", node)
        text = value.literal if isinstance(value, s.StringSyntax) else None
        if text is not None and not _is_target_scope(model, text):
            expected = " | ".join(f"'{scope}'" for scope in _TARGET_SCOPES)
            model.report("BCP033", value, expected=expected, actual=f"'{text}'")


def _is_target_scope(model: SemanticModel, text: str) -> bool:
    feature = _EXPERIMENTAL_SCOPES.get(text)
    return text in _TARGET_SCOPES or (feature is not None and model.compiler.configuration_of(model.path).is_enabled(feature))


def check_reserved_names(model: SemanticModel) -> None:
    """Report variables and metadata whose names the template needs for itself."""
    for variable in model.variables:
        if variable.name.lower() == "copy":
            model.report("BCP239", variable.identifier, name=variable.name)
            break
    for metadata in model.metadata:
        if metadata.name.startswith("_"):
            model.report("BCP268", metadata.identifier, name=metadata.name)


def check_metadata(model: SemanticModel) -> None:
    """Report metadata that is not written out."""
    for metadata in model.metadata:
        if not has_mistake(model, metadata.node.value):
            for node in not_constant(metadata.node.value):
                model.report("BCP032", node)


def check_decorator_forms(model: SemanticModel) -> None:
    """Report decorators that name a declaration, and those of existing resources on others."""
    for statement in model.file.program.declarations:
        for decorator in statement.decorators:
            expression = decorator.expression
            symbol = model.symbols.get(expression) if isinstance(expression, s.VariableAccess) else None
            if isinstance(symbol, sym.NamespaceSymbol) or (
                isinstance(symbol, sym.DeclaredSymbol)
                and not isinstance(symbol, sym.TypeSymbol | sym.FunctionSymbol)
                and symbol not in model.invalid
                and symbol not in model.cycles
            ):
                model.report("BCP141", expression)
    for resource in model.all_resources():
        for decorator in resource.node.decorators:
            call = decorator.expression
            if not isinstance(call, s.FunctionCall | s.InstanceCall) or call.identifier.name != "nullIfNotFound":
                continue
            if resource.is_existing:
                model.report("INF310", decorator, construct="@nullIfNotFound()")
            else:
                model.report("BCP445", decorator)
