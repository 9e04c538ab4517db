"""The state of resources, as functions ask for it: answered by a running deployment, from declarations, or left as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra_lib.arm.compiler import describe_value
from infra_lib.arm.expressions import Call, Literal, Node
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.frame import Frame
from infra_lib.arm.partial import UNKNOWN, Declared, PartialDict, PartialList, argument_node, materialize, residual_call

if TYPE_CHECKING:
    from infra_lib.arm.deployment import Runtime
    from infra_lib.arm.evaluate import Expansion
    from infra_lib.arm.instances import Instance


class ResourceState:
    """Answers reference(), list*() and their like for the expressions of one expanded template.

    ``runtime`` is the running deployment, None before. ``evaluating`` is the resource whose body is being evaluated.
    ``own_resources_stay``: references to resources of this template stay expressions, although the deployment around it is
    running.
    """

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.runtime: Runtime | None = None
        self.evaluating: Instance | None = None
        self.own_resources_stay = False

    def reference(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``reference(...)``: a running deployment's answer, what is declared, or the call with the whole id."""
        values = [materialize(argument) for argument in arguments]
        target = values[0]
        if type(target) in UNKNOWN or not UNKNOWN.isdisjoint(map(type, values)):
            if self.expansion.template.symbolic and _is_symbol_index(call):
                raise EvaluationError("The index of the resource that reference() names is not known.", node=call.arguments[0])
            return residual_call(call.name, values)
        if not isinstance(target, str):
            raise EvaluationError(f"{call.name}() takes an id or a name, not {describe_value(target)}.", node=call.arguments[0])
        instance = self.expansion.find(target)
        version = values[1] if len(values) > 1 else None
        full = len(values) > 2 and str(values[2]).lower() == "full"
        outside = self.expansion.evaluated_outside and self.expansion.parent is not None
        if outside and (instance is None or instance is self.evaluating):
            # What a resource says of itself there is what it is before this deployment.
            assert self.expansion.parent is not None  # noqa: S101 - a narrowing for the type checker
            return self.expansion.parent.expansion.state.reference(frame, arguments, call)
        if instance is None:
            if self.expansion.strict and "/" not in target:
                message = f"{call.name}() names {target!r}, which the template does not have."
                raise EvaluationError(message, node=call.arguments[0], kind=VALIDATION)
            if self.runtime is not None:
                return self.runtime.reference(self.absolute(target), version, full)
            if target.startswith("/") and not self.expansion.strict:
                instance = self.expansion.declared_by_id(target)
            return self._declared(instance, target, version, values[2:], call) if instance else residual_call(call.name, values)
        if self.evaluating is not None:
            if instance is not self.evaluating:
                self.evaluating.implied.append(instance)
            elif self.expansion.strict:
                raise EvaluationError("The resource refers to its own state.", node=call, kind=VALIDATION)
        return self.of(instance, version, values[2:], call)

    def of(self, instance: Instance, version: str | None, rest: list[Any], call: Call) -> Any:
        """The value of a reference to a resource of this template."""
        version = version or instance.api_version
        if self.expansion.strict and (self.runtime is None or self.own_resources_stay):
            return residual_call("reference", [instance.id, version, *rest])
        if self.runtime is not None:
            full = bool(rest) and str(rest[0]).lower() == "full"
            return self.runtime.reference(str(instance.id), version, full)
        made = instance
        if instance.existing and isinstance(instance.id, str):
            made = self.expansion.declared_by_id(instance.id) or instance
        return self._declared(made, instance.id, version, rest, call)

    def absolute(self, target: str) -> str:
        """The id that a name without its scope means."""
        return (
            target
            if target.startswith("/") or "/" not in target
            else f"{(self.expansion.place.id or '').rstrip('/')}/providers/{target}"
        )

    def _declared(self, instance: Instance, identity: Any, version: Any, rest: list[Any], call: Call) -> Any:
        version = version or instance.api_version
        text = residual_call("reference" if call.key == "references" else call.name, [identity, version, *rest])
        if not instance.deployed or instance.expansion.unknown or version != instance.api_version or instance.busy:
            return text
        full = bool(rest) and str(rest[0]).lower() == "full"
        if instance.declaration.is_deployment:
            if not isinstance(instance.name, str):
                return text
            nested = instance.nested()
            if nested is None:
                return text
            from infra_lib.arm.nested import deployment_properties

            properties = deployment_properties(instance, nested)
            return Declared(text.node, properties, full=full, followed=True, output=nested.output_member)
        properties = instance.body().get("properties")
        if not isinstance(properties, dict):
            return text
        return Declared(text.node, properties, full=full, followed=False)

    def references(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``references('symbol'[, apiVersion][, 'full'])``: an array, one item for each deployed item of the
        loop."""
        values = [materialize(argument) for argument in arguments]
        symbol = values[0]
        instances = self.expansion.by_declaration.get(symbol.lower()) if isinstance(symbol, str) else None
        if instances is None or not UNKNOWN.isdisjoint(map(type, values)):
            if isinstance(symbol, str) and any(d.name.lower() == symbol.lower() for d in self.expansion.template.resources):
                return []
            raise EvaluationError("references() takes the symbolic name of a resource that is a loop.", node=call.arguments[0])
        full = any(isinstance(value, str) and value.lower() == "full" for value in values[1:])
        version = next((value for value in values[1:] if isinstance(value, str) and value.lower() != "full"), None)
        found = []
        for instance in instances:
            if instance.condition is not False:
                if self.evaluating is not None and instance is not self.evaluating:
                    self.evaluating.implied.append(instance)
                found.append(self.of(instance, version, ["full"] if full else [], call))
        return PartialList(found) if not UNKNOWN.isdisjoint(map(type, found)) else found

    def list_call(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``list*(...)``."""
        values = [materialize(argument) for argument in arguments]
        target = values[0]
        symbolic = self.expansion.template.symbolic
        if isinstance(target, str) and not target.startswith("/") and (symbolic or self.expansion.strict):
            instance = self.expansion.find(target)
            if instance is not None:
                values[0] = instance.id
                if not symbolic and self.evaluating is not None and instance is not self.evaluating:
                    self.evaluating.implied.append(instance)
        if self.runtime is None or not UNKNOWN.isdisjoint(map(type, values)):
            return residual_call(call.name, values)
        return self.runtime.list(call.name, self.absolute(str(values[0])), str(values[1]), values[2] if len(values) > 2 else None)

    def resolved(self, function: str, symbol: str, arguments: list[Node]) -> list[Node]:
        """The arguments of reference() or list*() with the id, and the API version, of the resource that ``symbol`` names."""
        instance = self.expansion.find(symbol) if self.expansion.template.symbolic and not symbol.startswith("/") else None
        if instance is None or not instance.id:
            return arguments
        rest = arguments[1:]
        if function == "reference" and not rest:
            rest = [Literal(instance.api_version)]
        return [argument_node(instance.id), *rest]

    def other(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of a function that only a deployment can answer; arguments are known."""
        if self.runtime is not None and call.key == "providers":
            return self.runtime.provider(arguments[0], arguments[1] if len(arguments) > 1 else None)
        if self.runtime is not None and call.key == "getkeyvaultsecret":
            return self.runtime.secret(arguments[0], arguments[1], arguments[2] if len(arguments) > 2 else None)
        if self.runtime is not None:
            raise EvaluationError(f"{call.name}() is not supported in a deployment.", node=call)
        return residual_call(call.name, arguments)

    def resource_info(self, frame: Frame, symbol: str) -> Any:
        """The value of ``resourceInfo('symbol')``."""
        instance = self.expansion.find(symbol)
        if instance is None:
            raise EvaluationError(f"The template has no resource {symbol!r}.")
        info = {"id": instance.id, "name": instance.name, "type": instance.type, "apiVersion": instance.api_version}
        return PartialDict(info) if not UNKNOWN.isdisjoint(map(type, info.values())) else info


def _is_symbol_index(call: Call) -> bool:
    node = call.arguments[0]
    if not isinstance(node, Call) or node.key != "format" or not node.arguments:
        return False
    pattern = node.arguments[0]
    return isinstance(pattern, Literal) and isinstance(pattern.value, str) and pattern.value.endswith("[{0}]")
