"""The body of a resource compiled: what is sent, without what must stay as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.bodies import Compiled, Constant, compile_json
from infra_lib.arm.template import ResourceDeclaration, Template

if TYPE_CHECKING:
    from infra_lib.arm.frame import Frame

_RULE_TYPE = "microsoft.authorization/policydefinitions"


def compile_body(declaration: ResourceDeclaration, template: Template) -> Compiled:
    """The closure of a resource's body, without what must stay as it is: the template of a nested deployment, and in language
    version 2.0 the rule of a policy definition, whose expressions the policy engine evaluates."""
    body = declaration.body
    kept = None
    if declaration.is_deployment:
        kept = "template"
    elif template.version2 and declaration.type.lower() == _RULE_TYPE:
        kept = "policyrule"
    if kept is None:
        return compile_json(body)
    properties = next((name for name in body if name.lower() == "properties"), None)
    if properties is None or not isinstance(body[properties], dict):
        return compile_json(body)
    inner = body[properties]
    raw = {name: value for name, value in inner.items() if name.lower() == kept}
    rest = {name: value for name, value in inner.items() if name.lower() != kept}
    compiled = compile_json({**body, properties: rest})
    if kept == "template" or not raw:
        return compiled
    order = [name for name in inner if name.lower() != "copy"]
    plain = {name: unescaped(value) for name, value in raw.items()}

    def build(frame: Frame) -> Any:
        evaluated = compiled.value if isinstance(compiled, Constant) else compiled(frame)
        members = {**evaluated[properties], **plain}
        ordered = {name: members[name] for name in [*order, *members] if name in members}
        kind = type(evaluated[properties])
        return type(evaluated)({**evaluated, properties: kind(ordered)})

    return build


def unescaped(value: Any) -> Any:
    """A JSON value whose expressions stay text, and whose plain strings lose their doubled bracket."""
    if isinstance(value, str):
        return value[1:] if value[:2] == "[[" else value
    if isinstance(value, dict):
        return {unescaped(name): unescaped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unescaped(item) for item in value]
    return value
