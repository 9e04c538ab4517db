"""What needs an experimental feature, and the features that are not supported here."""

from __future__ import annotations

from infra_lib.bicep import syntax as s
from infra_lib.bicep.semantics.model import SemanticModel
from infra_lib.bicep.sources.modules import Artifact, resolve
from infra_lib.bicep.sources.paths import Problem, directory_of

UNSUPPORTED_FEATURES = (
    "resourceInfoCodegen", "waitUntil", "localDeploy", "moduleExtensionConfigs", "userDefinedConstraints", "deployCommands",
    "runtimeValuesInTagsAndSku", "azExtensionConfig",
)  # fmt: skip
"""Features that change the template in ways that this compiler does not follow."""


def check_experimental(model: SemanticModel) -> None:
    """Refuse features and extensions that are not supported, and asserts without their feature."""
    configuration = model.compiler.configuration_of(model.path)
    for feature in UNSUPPORTED_FEATURES:
        if configuration.is_enabled(feature):
            model.report("INF310", (0, 0), construct=f'the experimental feature "{feature}"')
    if not configuration.is_enabled("assertions"):
        for symbol in model.asserts:
            model.report("BCP349", symbol.node)
        for resource in model.resources:
            asserts = resource.property("asserts")
            if asserts is not None:
                model.report("BCP349", asserts)
    for node in model.file.program.declarations:
        if isinstance(node, s.TestDeclaration):
            _check_test(model, node, is_enabled=configuration.is_enabled("testFramework"))
    for extension in model.extensions:
        specification = extension.node.specification
        known = type(specification) is not s.Identifier or extension.node.specification.name in configuration.extensions  # type: ignore[attr-defined]
        if isinstance(specification, s.StringSyntax) and specification.expressions:
            model.report("BCP303", specification)
        elif isinstance(specification, s.Skipped):
            continue
        elif known:
            model.report("INF310", extension.node, construct=f'the extension "{extension.name}"')
        else:
            model.report("BCP204", specification, name=extension.name)


def _check_test(model: SemanticModel, node: s.TestDeclaration, *, is_enabled: bool) -> None:
    """Refuse a test, and report a path that leads to no Bicep file."""
    if is_enabled:
        model.report("INF310", (node.keyword_start, node.end), construct="the statement 'test'")
    else:
        model.report("BCP348", (node.keyword_start, node.end))
    path = node.path
    if not isinstance(path, s.StringSyntax):
        model.report("BCP358", path)
    elif path.literal is None:
        model.report("BCP092", path)
    else:
        target = resolve(path.literal, directory_of(model.path), model.compiler.configuration_of(model.path))
        data = target if isinstance(target, Problem) else model.compiler.files.read(target.file, path.literal)
        if isinstance(data, Problem):
            model.report(data.code, path, **data.names)
        elif isinstance(target, Artifact) and target.kind != "bicep":
            model.report("BCP345", path)
