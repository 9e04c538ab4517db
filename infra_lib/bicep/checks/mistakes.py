"""Whether an expression has a mistake in it: it has no type then, and nothing is said of what it is assigned to."""

from __future__ import annotations

from collections.abc import Iterator

from infra_lib.bicep import syntax as s
from infra_lib.bicep.findings import Finding
from infra_lib.bicep.semantics.model import SemanticModel

_CODES = frozenset((
    "BCP025", "BCP032", "BCP052", "BCP053", "BCP057", "BCP059", "BCP060", "BCP061", "BCP062", "BCP063", "BCP065", "BCP066",
    "BCP067", "BCP069", "BCP070", "BCP071", "BCP079", "BCP080", "BCP082", "BCP083", "BCP091", "BCP100", "BCP101", "BCP102",
    "BCP107", "BCP108", "BCP109", "BCP110", "BCP137", "BCP186", "BCP187", "BCP265", "BCP288", "BCP339", "BCP402", "BCP410",
    "INF315",
))  # fmt: skip
"""Mistakes of an expression itself; others say that a sound expression may not stand where it does."""


def has_mistake(model: SemanticModel, node: s.Expression) -> bool:
    """True for an expression with a mistake in it; of resources that are nested in a body, those of syntax alone count."""
    if not model.findings:
        return False
    return model.file.parsed.has_mistake(node) or any(True for _ in _mistakes(model, node))


def drop_untyped(model: SemanticModel) -> None:
    """Forget the mistakes in the values of modules and resources whose type is wrong: nothing there has been looked at."""
    if not model.findings:
        return
    untyped = model.untyped | {module for module in model.modules if module.target is None}
    dropped = {id(finding) for symbol in untyped for finding in _mistakes(model, symbol.node.value, conditions=True)}
    if dropped:
        model.findings = [finding for finding in model.findings if id(finding) not in dropped]


def _mistakes(model: SemanticModel, node: s.Expression, *, conditions: bool = False) -> Iterator[Finding]:
    """The mistakes of expressions in the value of a declaration, those of its condition only if asked for."""
    apart: list[s.Node] = []
    pending: list[s.Node] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, s.IfCondition):
            apart += [] if conditions else [current.condition]
            pending.append(current.body)
        elif isinstance(current, s.ForExpression):
            pending.append(current.body)
        elif isinstance(current, s.ObjectSyntax):
            apart += [item for item in current.items if isinstance(item, s.ResourceDeclaration)]
    return (
        finding
        for finding in model.findings
        if finding.code in _CODES and _inside(finding, node) and not any(_inside(finding, other) for other in apart)
    )


def _inside(finding: Finding, node: s.Node) -> bool:
    return node.start <= finding.start and finding.end <= node.end
