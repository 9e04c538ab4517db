"""A template at a place, expanded: its resources with loops and conditions decided, their bodies, outputs, nested deployments.

Everything is evaluated when it is first asked for, so that ``reference()`` of a resource further down finds its declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from infra_lib.arm.binding import build_frame, evaluate_declarations, nested_value, unknown_parameters
from infra_lib.arm.bodies import Compiled, Constant, compile_json, compile_string, copy_count
from infra_lib.arm.compiler import describe_value, with_text
from infra_lib.arm.expressions import Access, Call, Literal, Node
from infra_lib.arm.failures import COPY_COUNT, VALIDATION, EvaluationError
from infra_lib.arm.frame import Frame
from infra_lib.arm.graph import Dependencies
from infra_lib.arm.ids import join_type_and_name
from infra_lib.arm.partial import (
    UNKNOWN,
    Declared,
    PartialDict,
    PartialList,
    Residual,
    argument_node,
    materialize,
    mentions,
    residual_call,
)
from infra_lib.arm.places import Place, deployment_context, management_group_context, resource_group_context, scoped_id, subscription_context
from infra_lib.arm.template import MAX_RESOURCES, Declaration, ResourceDeclaration, Template, member
from infra_lib.arm.types import KINDS, check_value, kind_of

if TYPE_CHECKING:
    from infra_lib.arm.deployment import Runtime

_RESOURCE_GROUPS = "microsoft.resources/resourcegroups"


class Instance:
    """One resource of an expanded template: a declaration, or one item of a declaration that is a loop.

    ``id`` and ``name`` are strings or residuals. ``condition``: True, False, or what is left of it; ``conditional``: one was written.
    """

    __slots__ = (
        "_body", "_busy", "_nested", "api_version", "condition", "conditional", "copy_name", "declaration", "existing", "expansion",
        "id", "implied", "index", "name", "not_expanded", "parent", "path", "place", "scope", "type",
    )  # fmt: skip

    def __init__(self, expansion: Expansion, declaration: ResourceDeclaration, index: int | None, copy_name: str | None) -> None:
        self.expansion = expansion
        self.declaration = declaration
        self.index = index
        self.copy_name = copy_name
        self.path = declaration.path if index is None else f"{declaration.path}[{index}]"
        self.type: str = declaration.type
        self.place = expansion.place
        self.scope: Any = None
        self.existing = False
        self.condition: Any = True
        self.conditional = declaration.condition is not None
        self.parent: Instance | None = None
        self.implied: list[Instance] = []
        self.not_expanded: str | None = None
        self._body: Any = None
        self._nested: Expansion | None = None
        self._busy = False

    @property
    def key(self) -> str:
        """What identifies the instance in its template."""
        return self.path

    @property
    def deployed(self) -> bool:
        """True when the resource is certainly deployed by this template."""
        return self.condition is True and not self.existing

    @property
    def names(self) -> list[Any]:
        """The segments of the name."""
        return split_name(self.name, self.type)

    def body(self) -> Any:
        """The evaluated body: properties, location and so on; computed once."""
        if self._body is None:
            if self._busy:
                raise EvaluationError("The resource depends on itself through reference().", kind=VALIDATION).at(self.path)
            self._busy = True
            try:
                self._body = self.expansion.evaluate_body(self)
            finally:
                self._busy = False
        return self._body

    @property
    def busy(self) -> bool:
        """True while the body is being evaluated."""
        return self._busy

    def nested(self) -> Expansion | None:
        """The nested deployment of a resource that is one; expanded once.

        None for one that cannot be expanded: its template is not in it, or a loop in it has an unknown count (``not_expanded``).
        """
        if self._nested is None and self.not_expanded is None and self.declaration.is_deployment and not self.existing and not self._busy:
            self._busy = True
            try:
                self._nested = expand_nested(self)
            except EvaluationError as failure:
                if failure.kind != COPY_COUNT:
                    raise
                self.not_expanded = failure.message
            finally:
                self._busy = False
        return self._nested


def split_name(name: Any, kind: str) -> list[Any]:
    """The segments of a name; of a residual one, expressions that will take it apart."""
    if isinstance(name, str):
        return name.split("/")
    count = kind.count("/")
    if count <= 1:
        return [name]
    body = Call("not", [Call("empty", [Call("lambdaVariables", [Literal("x")])])])
    parts = Call("filter", [Call("split", [argument_node(name), Literal("/")]), Call("lambda", [Literal("x"), body])])
    return [Residual(Access(parts, [Literal(index)])) for index in range(count)]


class Expansion:
    """A template at a place. ``parent`` is the resource that it is nested in; ``deployments`` what the whole deployment shares."""

    def __init__(
        self, template: Template, frame: Frame, place: Place, parent: Instance | None = None, condition: Any = None, *, strict: bool = False
    ) -> None:
        self.template = template
        self.frame = frame
        self.place = place
        self.parent = parent
        self.condition = condition
        self.strict = strict
        self.runtime: Runtime | None = None
        self.instances: list[Instance] = []
        self.by_declaration: dict[str, list[Instance]] = {}
        self.by_id: dict[str, Instance] = {}
        self.by_name: dict[str, list[Instance]] = {}
        self.failures: list[EvaluationError] = []
        self._bodies: dict[str, Compiled] = {}
        self._outputs: dict[str, Any] | None = None
        self._evaluating: Instance | None = None
        self.undeclared = False
        """References are not answered from declarations for the moment."""
        self.evaluated_outside = False
        """The expressions belong to the template around this one (outer evaluation)."""
        self.own_resources_stay = False
        """References to resources of this template stay expressions, although the deployment around it is running."""

    def forget_outputs(self) -> None:
        """Evaluate the outputs anew when they are asked for again."""
        self._outputs = None

    @property
    def root(self) -> Expansion:
        """The outermost deployment."""
        expansion = self
        while expansion.parent is not None:
            expansion = expansion.parent.expansion
        return expansion

    # -------------------------------------------------------------------------------------------------- expanding

    def expand(self, limit: int = MAX_RESOURCES) -> None:
        """Decide loops, names, ids and conditions of all resources. Failures are collected in ``failures``."""
        declared: dict[int, list[Instance]] = {}
        for declaration in self.template.resources:
            try:
                instances = self._instances(declaration, declared, limit)
            except EvaluationError as failure:
                if not failure.path.startswith(("resources", "variables.", "parameters.")):
                    failure.at(declaration.path)
                self.failures.append(failure.as_validation())
                continue
            declared[id(declaration)] = instances
            self.instances += instances
            if len(self.instances) > limit:
                message = f"The template has more than {limit} resources, loops expanded."
                self.failures.append(EvaluationError(message, kind=VALIDATION).at("resources"))
                return
        self._index()

    def _index(self) -> None:
        for instance in self.instances:
            declaration = instance.declaration
            if declaration.name:
                self.by_declaration.setdefault(declaration.name.lower(), []).append(instance)
            if isinstance(instance.id, str):
                self.by_id.setdefault(instance.id.lower(), instance)
            if isinstance(instance.name, str):
                self.by_name.setdefault(instance.name.lower(), []).append(instance)
                kind = instance.type
                if kind.count("/") == instance.name.count("/") + 1:
                    relative = join_type_and_name(kind, instance.name.split("/")).lower()
                    self.by_name.setdefault(relative, []).append(instance)

    def _instances(self, declaration: ResourceDeclaration, declared: dict[int, list[Instance]], limit: int) -> list[Instance]:
        parents = declared.get(id(declaration.parent), []) if declaration.parent is not None else []
        builder = _Builder(self, declaration, parents[0] if parents else None)
        if declaration.copy is None:
            return [builder.build(None, None)]
        frame = self.frame
        name = member(declaration.copy, "name")
        if not isinstance(name, str):
            raise EvaluationError("A loop needs a name.", kind=VALIDATION).at("copy.name")
        try:
            frame.where = "the count of a loop"
            count = copy_count(member(declaration.copy, "count"), frame, limit)
        except EvaluationError as failure:
            raise failure.at("copy.count") from None
        self._check_mode(declaration.copy)
        instances: list[Instance] = []
        with _Loop(frame, name, 0) as loop:
            for index in range(count):
                loop.move(index)
                try:
                    instances.append(builder.build(index, name))
                except EvaluationError as failure:
                    raise failure.at(f"{declaration.path}[{index}]") from None
        return instances

    @staticmethod
    def _check_mode(copy: dict[str, Any]) -> None:
        mode = member(copy, "mode")
        if mode is not None and str(mode).lower() not in ("serial", "parallel"):
            raise EvaluationError(f"The mode of a loop is 'parallel' or 'serial', not {mode!r}.", kind=VALIDATION).at("copy.mode")
        batch = member(copy, "batchSize")
        if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 0):
            raise EvaluationError("batchSize must be an integer that is not negative.", kind=VALIDATION).at("copy.batchSize")

    # -------------------------------------------------------------------------------------------------- evaluating

    def evaluate_body(self, instance: Instance) -> Any:
        """The evaluated body of a resource; a nested deployment's template is left out."""
        declaration = instance.declaration
        compiled = self._bodies.get(declaration.path)
        if compiled is None:
            compiled = self._bodies[declaration.path] = compile_body(declaration, self.template)
        if isinstance(compiled, Constant):
            return compiled.value
        try:
            return self.within(instance, compiled)
        except EvaluationError as failure:
            raise self._placed(failure, instance.path) from None

    def _placed(self, failure: EvaluationError, path: str) -> EvaluationError:
        """The failure with its whole path, unless it comes from a parameter or variable, which has its own."""
        if not failure.path.startswith(("variables.", "parameters.")):
            failure.at(path)
        return failure.at(self.prefix) if self.prefix else failure

    @property
    def prefix(self) -> str:
        """The place of this template in the outermost one, empty for that one."""
        if self.parent is None:
            return ""
        outer = self.parent.expansion.prefix
        return f"{outer}.{self.parent.path}.properties.template" if outer else f"{self.parent.path}.properties.template"

    def within(self, instance: Instance, compiled: Compiled) -> Any:
        """A compiled value evaluated where resources may be referred to, at the loop index of ``instance``."""
        frame = self.frame
        before = self._evaluating, frame.references, frame.where
        self._evaluating, frame.references, frame.where = instance, self, ""
        try:
            if isinstance(compiled, Constant):
                return compiled.value
            if instance.copy_name is None or instance.index is None:
                with _Loop(frame, None, None):
                    return compiled(frame)
            with _Loop(frame, instance.copy_name, instance.index):
                return compiled(frame)
        finally:
            self._evaluating, frame.references, frame.where = before

    def outputs(self) -> dict[str, Any]:
        """``{name: {"type": "String", "value": …}}`` of the outputs whose condition holds; values may be partly unknown."""
        if self._outputs is None:
            self._outputs = {}
            found: dict[str, Any] = {}
            for declaration in self.template.outputs.values():
                try:
                    value = self._output(declaration)
                except EvaluationError as failure:
                    raise self._placed(failure, declaration.path) from None
                if value is not None:
                    found[declaration.name] = value
            self._outputs = found
        return self._outputs

    def _output(self, declaration: Declaration) -> dict[str, Any] | None:
        frame = self.frame
        before = frame.references, frame.where, self._evaluating
        frame.references, frame.where, self._evaluating = self, "", None
        try:
            with _Loop(frame, None, None) as loop:
                if not self._output_condition(declaration):
                    return None
                copy = declaration.get("copy")
                if copy is not None:
                    items: list[Any] = []
                    compiled = compile_json(member(copy, "input"))
                    for index in range(copy_count(member(copy, "count"), frame)):
                        loop.move(index)
                        items.append(compiled.value if isinstance(compiled, Constant) else compiled(frame))
                    value: Any = PartialList(items) if not UNKNOWN.isdisjoint(map(type, items)) else items
                else:
                    value = frame.evaluate(declaration.get("value"))
        finally:
            frame.references, frame.where, self._evaluating = before
        kind = kind_of(declaration.raw, self.template)
        if self.strict or not _refers(declaration.raw):
            check_value(value, declaration.raw, self.template, f"The output {declaration.name!r}")
        return {"type": KINDS.get(kind, "Object"), "value": value}

    def _output_condition(self, declaration: Declaration) -> bool:
        condition = declaration.get("condition")
        if condition is None:
            return True
        decided = materialize(self.frame.evaluate(condition))
        return decided is not False

    # -------------------------------------------------------------------------------------------------- looking up

    def find(self, token: str) -> Instance | None:
        """The resource that a name means: a symbolic name (``app``, ``app[0]``), an id, a name, or ``type/name``."""
        lowered = token.lower()
        if lowered.startswith("/"):
            return self.by_id.get(lowered)
        if self.template.symbolic:
            symbol, index = split_symbol(lowered)
            instances = self.by_declaration.get(symbol, [])
            if index is None:
                return instances[0] if len(instances) == 1 and instances[0].index is None else None
            return instances[index] if index < len(instances) and instances[index].index == index else None
        found = self.by_name.get(lowered)
        return found[0] if found else None

    def declared_by_id(self, identity: str) -> Instance | None:
        """The resource of this id that the whole deployment makes, seen from here outwards."""
        lowered = identity.lower()
        expansion: Expansion | None = self
        while expansion is not None:
            found = expansion.by_id.get(lowered)
            if found is not None and not found.existing:
                return found
            expansion = expansion.parent.expansion if expansion.parent is not None else None
        return self.root.search(lowered)

    def search(self, lowered: str) -> Instance | None:
        """The resource of this id in this deployment and in those nested in it that are already expanded."""
        found = self.by_id.get(lowered)
        if found is not None and not found.existing:
            return found
        for instance in self.instances:
            if instance._nested is not None:
                inner = instance._nested.search(lowered)
                if inner is not None:
                    return inner
        return None

    # ------------------------------------------------------------------------------------------- functions of state

    def reference(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``reference(...)``: a running deployment's answer, what is declared, or the call with the whole id."""
        values = [materialize(argument) for argument in arguments]
        target = values[0]
        if type(target) in UNKNOWN or not UNKNOWN.isdisjoint(map(type, values)):
            if self.template.symbolic and _is_symbol_index(call):
                raise EvaluationError("The index of the resource that reference() names is not known.", node=call)
            return residual_call(call.name, values)
        if not isinstance(target, str):
            raise EvaluationError(f"{call.name}() takes an id or a name, not {describe_value(target)}.", node=call)
        instance = self.find(target)
        version = values[1] if len(values) > 1 else None
        full = len(values) > 2 and str(values[2]).lower() == "full"
        if instance is None and self.evaluated_outside and self.parent is not None:
            return self.parent.expansion.reference(frame, arguments, call)
        if instance is None:
            if self.runtime is not None:
                return self.runtime.reference(self.absolute(target), version, full)
            if target.startswith("/") and not self.strict:
                instance = self.declared_by_id(target)
            return self._declared(instance, target, version, values[2:], call) if instance else residual_call(call.name, values)
        if self._evaluating is not None:
            if instance is not self._evaluating:
                self._evaluating.implied.append(instance)
            elif self.strict:
                raise EvaluationError("The resource refers to its own state.", node=call, kind=VALIDATION)
        return self.state(instance, version, values[2:], call)

    def state(self, instance: Instance, version: str | None, rest: list[Any], call: Call) -> Any:
        """The value of a reference to a resource of this template."""
        version = version or instance.api_version
        if self.strict and (self.runtime is None or self.own_resources_stay):
            return residual_call("reference", [instance.id, version, *rest])
        if self.runtime is not None:
            full = bool(rest) and str(rest[0]).lower() == "full"
            return self.runtime.reference(str(instance.id), version, full)
        made = instance
        if instance.existing and isinstance(instance.id, str):
            made = self.declared_by_id(instance.id) or instance
        return self._declared(made, instance.id, version, rest, call)

    def absolute(self, target: str) -> str:
        """The id that a name without its scope means."""
        return target if target.startswith("/") or "/" not in target else f"{(self.place.id or '').rstrip('/')}/providers/{target}"

    def _declared(self, instance: Instance, identity: Any, version: Any, rest: list[Any], call: Call) -> Any:
        version = version or instance.api_version
        text = residual_call("reference" if call.key == "references" else call.name, [identity, version, *rest])
        if self.undeclared or not instance.deployed or instance.expansion.unknown or version != instance.api_version or instance.busy:
            return text
        full = bool(rest) and str(rest[0]).lower() == "full"
        if instance.declaration.is_deployment:
            if not isinstance(instance.id, str):
                return text
            nested = instance.nested()
            if nested is None:
                return text
            return Declared(text.node, deployment_properties(instance, nested), full=full, followed=True)
        properties = instance.body().get("properties")
        if not isinstance(properties, dict):
            return text
        return Declared(text.node, properties, full=full, followed=False)

    @property
    def unknown(self) -> bool:
        """True when it is not known whether this deployment, or one around it, takes place."""
        return self.condition is not None and self.condition is not True

    def references(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``references('symbol'[, apiVersion][, 'full'])``: an array, one item for each deployed item of the loop."""
        values = [materialize(argument) for argument in arguments]
        symbol = values[0]
        instances = self.by_declaration.get(symbol.lower()) if isinstance(symbol, str) else None
        if instances is None or not UNKNOWN.isdisjoint(map(type, values)):
            if isinstance(symbol, str) and any(d.name.lower() == symbol.lower() for d in self.template.resources):
                return []
            raise EvaluationError("references() takes the symbolic name of a resource that is a loop.", node=call)
        full = any(isinstance(value, str) and value.lower() == "full" for value in values[1:])
        version = next((value for value in values[1:] if isinstance(value, str) and value.lower() != "full"), None)
        found = []
        for instance in instances:
            if instance.condition is not False:
                if self._evaluating is not None and instance is not self._evaluating:
                    self._evaluating.implied.append(instance)
                found.append(self.state(instance, version, ["full"] if full else [], call))
        return PartialList(found) if not UNKNOWN.isdisjoint(map(type, found)) else found

    def list_call(self, frame: Frame, arguments: list[Any], call: Call) -> Any:
        """The value of ``list*(...)``."""
        values = [materialize(argument) for argument in arguments]
        target = values[0]
        if isinstance(target, str) and self.template.symbolic and not target.startswith("/"):
            instance = self.find(target)
            if instance is not None:
                values[0] = instance.id
        if self.runtime is None or not UNKNOWN.isdisjoint(map(type, values)):
            return residual_call(call.name, values)
        return self.runtime.list(call.name, self.absolute(str(values[0])), str(values[1]), values[2] if len(values) > 2 else None)

    def without_declarations(self, evaluate: Callable[[], Any], failure: EvaluationError) -> Any:
        """The value without what declarations say of resources; raises ``failure`` where they were not asked."""
        if self.runtime is not None or self.undeclared:
            raise failure
        self.undeclared = True
        try:
            return evaluate()
        finally:
            self.undeclared = False

    def resolved(self, function: str, symbol: str, arguments: list[Node]) -> list[Node]:
        """The arguments of reference() or list*() with the id, and the API version, of the resource that ``symbol`` names."""
        instance = self.find(symbol) if self.template.symbolic and not symbol.startswith("/") else None
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
        instance = self.find(symbol)
        if instance is None:
            raise EvaluationError(f"The template has no resource {symbol!r}.")
        info = {"id": instance.id, "name": instance.name, "type": instance.type, "apiVersion": instance.api_version}
        return PartialDict(info) if not UNKNOWN.isdisjoint(map(type, info.values())) else info

    # ------------------------------------------------------------------------------------------------------ order

    def dependencies(self) -> Dependencies:
        """The graph of this template's resources."""
        return Dependencies(self)

    def walk(self) -> Iterator[Instance]:
        """The resources in dependency order: each after all that it depends on, otherwise as declared."""
        return self.dependencies().order()


_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_STATE_FUNCTION = re.compile(r"\b(?:references?|list\w+)\s*\(", re.IGNORECASE)


def _refers(value: Any) -> bool:
    """True when an expression in the value asks for the state of a resource: its type is not checked before the deployment."""
    if isinstance(value, str):
        return value[:1] == "[" and _STATE_FUNCTION.search(value) is not None
    if isinstance(value, dict):
        return any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))


def _is_symbol_index(call: Call) -> bool:
    node = call.arguments[0]
    if not isinstance(node, Call) or node.key != "format" or not node.arguments:
        return False
    pattern = node.arguments[0]
    return isinstance(pattern, Literal) and isinstance(pattern.value, str) and pattern.value.endswith("[{0}]")


def split_symbol(token: str) -> tuple[str, int | None]:
    """``app[3]`` as ('app', 3), ``app`` as ('app', None)."""
    if token.endswith("]") and "[" in token:
        symbol, _, index = token[:-1].rpartition("[")
        if index.isdigit():
            return symbol, int(index)
    return token, None


class _Loop:
    """The loop that copyIndex() means, for the time of a with statement."""

    __slots__ = ("_before", "_frame", "_index", "_name")

    def __init__(self, frame: Frame, name: str | None, index: int | None) -> None:
        self._frame = frame
        self._name = name.lower() if name is not None else None
        self._index = index

    def __enter__(self) -> _Loop:
        frame = self._frame
        self._before = frame.index, frame.copies, frame.lambdas
        frame.index = self._index
        frame.copies = {self._name: self._index} if self._name is not None and self._index is not None else {}
        frame.lambdas = {}
        return self

    def move(self, index: int) -> None:
        """Go on to another item."""
        self._frame.index = index
        if self._name is not None:
            self._frame.copies[self._name] = index

    def __exit__(self, *_: object) -> None:
        self._frame.index, self._frame.copies, self._frame.lambdas = self._before


class _Builder:
    """Makes the instances of one declaration; what does not vary is compiled once."""

    __slots__ = ("_condition", "_declaration", "_expansion", "_name", "_parent")

    def __init__(self, expansion: Expansion, declaration: ResourceDeclaration, parent: Instance | None) -> None:
        self._expansion = expansion
        self._declaration = declaration
        self._parent = parent
        self._name = compile_json(declaration.raw_name)
        self._condition = compile_json(declaration.condition)

    def build(self, index: int | None, copy_name: str | None) -> Instance:
        expansion, declaration = self._expansion, self._declaration
        frame = expansion.frame
        frame.where = "a resource's name, condition or scope"
        instance = Instance(expansion, declaration, index, copy_name)
        instance.parent = self._parent
        instance.condition = self._decide()
        if declaration.existing is not None:
            instance.existing = frame.evaluate(declaration.existing) is True
        version = frame.evaluate(declaration.api_version)
        instance.api_version = version if isinstance(version, str) else ""
        kind = self._text(declaration.type, "type")
        if not isinstance(kind, str) or "/" not in kind and declaration.extension is None:
            raise EvaluationError("The type must be a known one, such as Microsoft.Storage/storageAccounts.", kind=VALIDATION).at("type")
        instance.type = kind
        if declaration.extension is not None:
            instance.name = instance.id = None
            return instance
        try:
            instance.name = self._named(kind)
            self._place(instance)
        except EvaluationError:
            if instance.condition is not False:
                raise
            instance.name = instance.id = ""
        return instance

    def _evaluated(self, raw: Any, place: str) -> Any:
        try:
            return self._expansion.frame.evaluate(raw)
        except EvaluationError as failure:
            raise failure.at(place) from None

    def _text(self, raw: Any, place: str) -> Any:
        """A string, a residual, or None when it is not given."""
        value = materialize(self._evaluated(raw, place))
        if value is None or isinstance(value, str | Residual):
            return value
        raise EvaluationError(f"{place} must be a string, not {describe_value(value)}.", kind=VALIDATION).at(place)

    def _decide(self) -> Any:
        raw = self._declaration.condition
        if raw is None:
            return True
        try:
            value = self._condition.value if isinstance(self._condition, Constant) else self._condition(self._expansion.frame)
        except EvaluationError as failure:
            raise _with_raw(failure, raw).at("condition") from None
        value = materialize(value)
        if isinstance(value, bool | str | Residual):
            return value
        raise EvaluationError(f"A condition must be true or false, not {describe_value(value)}.", kind=VALIDATION).at("condition")

    def _named(self, instance_type: str) -> Any:
        try:
            name = self._name.value if isinstance(self._name, Constant) else self._name(self._expansion.frame)
        except EvaluationError as failure:
            raise _with_raw(failure, self._declaration.raw_name).at("name") from None
        name = materialize(name)
        if type(name) is Residual:
            return name
        if not isinstance(name, str):
            raise EvaluationError(f"A resource's name must be a string, not {describe_value(name)}.", kind=VALIDATION).at("name")
        parent = self._parent
        if parent is not None and name.count("/") + 1 < instance_type.count("/"):
            if not isinstance(parent.name, str):
                return residual_call("concat", [parent.name, "/", name])
            name = f"{parent.name}/{name}"
        if name.count("/") + 1 != instance_type.count("/"):
            kind = instance_type
            message = f"The name {name!r} must have as many segments as the type {kind!r} has after its provider: {kind.count('/')}."
            raise EvaluationError(message, kind=VALIDATION).at("name")
        return name

    def _place(self, instance: Instance) -> None:
        declaration, place = self._declaration, self._expansion.place
        scope = self._text(declaration.scope, "scope")
        subscription = self._text(declaration.subscription_id, "subscriptionId")
        group = self._text(declaration.resource_group, "resourceGroup")
        if declaration.is_deployment and isinstance(subscription, str) and subscription and not _GUID.match(subscription):
            raise EvaluationError(f"The subscription {subscription!r} is not a GUID.", kind=VALIDATION).at("subscriptionId")
        if subscription or group:
            instance.place = place = _other_place(place, subscription, group)
        elif declaration.is_deployment and scope is not None:
            instance.place = place = _named_place(place, scope)
            scope = None
        instance.scope = scope
        if scope is not None:
            instance.id = scoped_id(place, scope, instance.type, instance.names)
        elif instance.type.lower() == "microsoft.resources/subscriptions" and isinstance(instance.name, str):
            instance.id = f"/subscriptions/{instance.name}"
        else:
            instance.id = place.resource_id(instance.type, instance.names)


def _with_raw(failure: EvaluationError, raw: Any) -> EvaluationError:
    return with_text(failure, raw) if isinstance(raw, str) else failure


def _other_place(place: Place, subscription: Any, group: Any) -> Place:
    chosen = subscription or place.subscription
    if not group:
        return Place(kind="subscription", subscription=chosen)
    return Place(kind="resourceGroup", subscription=chosen, group=group)


def _named_place(place: Place, scope: Any) -> Place:
    """The place that a nested deployment's ``scope`` names: ``/``, a management group, a subscription or a resource group."""
    if scope == "/":
        return Place(kind="tenant")
    if type(scope) is Residual:
        node = scope.node
        if isinstance(node, Call) and node.key == "format" and len(node.arguments) == 2:
            return Place(kind="managementGroup", management_group=Residual(node.arguments[1]))
        return Place(kind="managementGroup", management_group=Residual(Call("last", [Call("split", [node, Literal("/")])])))
    parts = str(scope).strip("/").split("/")
    lowered = [part.lower() for part in parts]
    if lowered[-2:-1] == ["managementgroups"]:
        return Place(kind="managementGroup", management_group=parts[-1])
    if lowered[:1] == ["subscriptions"] and len(parts) in (2, 4):
        return _other_place(place, parts[1], parts[3] if len(parts) == 4 else None)
    raise EvaluationError(f"The scope {scope!r} is none that a deployment can have.", kind=VALIDATION).at("scope")


# ------------------------------------------------------------------------------------------------------------- bodies

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


# ------------------------------------------------------------------------------------------------- nested deployments


def deployment_properties(instance: Instance, nested: Expansion) -> dict[str, Any]:
    """What ``reference()`` of a nested deployment is answered from."""
    properties = instance.declaration.body.get("properties") or {}
    shown = {name: value for name, value in properties.items() if name.lower() in ("expressionevaluationoptions", "mode", "template")}
    outputs = nested.outputs()
    partial = any(type(output["value"]) in UNKNOWN for output in outputs.values())
    if not partial:
        return {**shown, "Outputs": outputs}
    entries = {name: PartialDict(output) if type(output["value"]) in UNKNOWN else output for name, output in outputs.items()}
    return PartialDict({**shown, "Outputs": PartialDict(entries)})


def is_inner(properties: Mapping[str, Any], template: Template) -> bool:
    """True when a nested template is evaluated with its own parameters and variables."""
    options = member(properties, "expressionEvaluationOptions")
    scope = member(options, "scope") if isinstance(options, Mapping) else None
    return str(scope).lower() == "inner" if isinstance(scope, str) and scope.lower() != "notspecified" else template.symbolic


def expand_nested(instance: Instance) -> Expansion | None:
    """The deployment that a resource nests; None when its template is not in it (templateLink)."""
    outer = instance.expansion
    raw = member(instance.declaration.body, "properties")
    inline, inner = inline_template(instance)
    if inline is None:
        _check_link(instance)
        return None
    path = f"{instance.path}.properties.template"
    if instance.place.kind != "resourceGroup" and member(instance.declaration.body, "location") is None:
        message = f"A deployment at the scope of a {instance.place.kind} needs a location."
        raise EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.location")
    try:
        template = Template(inline)
        check_nested_types(template)
        place = instance.place
        template.scope_kind = place.kind
        if inner:
            frame = _inner_frame(instance, template, raw, place)
        else:
            frame = outer_frame(outer, template)
    except EvaluationError as failure:
        raise failure.at(path) from None
    frame.template_scope = place.kind
    condition = combine_conditions(outer.condition, instance)
    nested = Expansion(template, frame, place, instance, condition, strict=outer.strict)
    nested.evaluated_outside = not inner
    if inner:
        for failure in evaluate_declarations(frame):
            raise failure.at(path)
    nested.expand()
    for failure in nested.failures:
        raise failure.at(path)
    return nested


def inline_template(instance: Instance) -> tuple[Mapping[str, Any] | None, bool]:
    """(the template of a nested deployment, whether it is evaluated with its own parameters and variables).

    None for a link. A template that an expression gives is always evaluated on its own: the expression has been evaluated already.
    """
    raw = member(instance.declaration.body, "properties")
    if not isinstance(raw, Mapping):
        return None, True
    template = member(raw, "template")
    if isinstance(template, str):
        evaluated = materialize(instance.expansion.within(instance, compile_json(template)))
        return (evaluated if isinstance(evaluated, dict) else None), True
    return (template if isinstance(template, Mapping) else None), is_inner(raw, instance.expansion.template)


def _check_link(instance: Instance) -> None:
    """Refuse a link that only means something to a template that was itself linked."""
    properties = member(outer_body(instance), "properties")
    link = member(properties, "templateLink") if isinstance(properties, Mapping) else None
    if isinstance(link, Mapping) and member(link, "relativePath") is not None:
        message = "templateLink.relativePath is relative to the link of the template around it, which has none."
        raise EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.properties.templateLink")


def outer_body(instance: Instance) -> dict[str, Any]:
    """The evaluated body of a nested deployment, without its template."""
    try:
        body: dict[str, Any] = instance.expansion.evaluate_body(instance)
    except EvaluationError as failure:
        raise failure.as_validation() from None
    return body


def check_nested_types(template: Template) -> None:
    """Refuse type syntax of language version 2.0 in a nested template of version 1.0, as the service does."""
    if template.version2:
        return
    for declaration in template.parameters.values():
        for name in ("additionalProperties", "properties", "items", "prefixItems", "$ref", "discriminator", "nullable"):
            if declaration.has(name):
                message = f"{name!r} of the parameter {declaration.name!r} needs \"languageVersion\": \"2.0\"."
                raise EvaluationError(message, kind=VALIDATION).at(declaration.path)


def outer_frame(outer: Expansion, template: Template) -> Frame:
    """The frame of a template with outer evaluation: its expressions belong to the template around it."""
    frame = Frame(template, outer.frame.parameters, outer.frame.variables, outer.frame.metadata, None)
    frame.functions = outer.frame.functions
    return frame


def _inner_frame(instance: Instance, template: Template, raw: Mapping[str, Any], place: Place) -> Frame:
    outer = instance.expansion
    given = outer.within(instance, compile_json(member(raw, "parameters") or {}))
    given = materialize(given)
    if not isinstance(given, dict):
        raise EvaluationError("The parameters of a nested deployment are not known.", kind=VALIDATION)
    failures = unknown_parameters(template, {name.lower(): name for name in given})
    if failures:
        raise failures[0]
    values = {name.lower(): nested_value(name, entry, template) for name, entry in given.items()}
    if place.kind != "managementGroup" and any(mentions(value, "managementgroup") for value in values.values()):
        message = "managementGroup(), which is not known here, has no meaning at the scope of the nested deployment."
        raise EvaluationError(message, kind=VALIDATION)
    location = outer.within(instance, compile_json(member(instance.declaration.body, "location")))
    return build_frame(template, values, nested_metadata(instance, template, place, location))


def nested_metadata(instance: Instance, template: Template, place: Place, location: Any) -> dict[str, Any]:
    """What the context functions of a nested deployment return."""
    outer = instance.expansion
    before = outer.frame.metadata
    known: dict[str, Any] = {name: before[name] for name in ("tenant", "environment", "deployer", "externalinputs") if name in before}
    if place.kind in ("resourceGroup", "subscription"):
        same = outer.place.kind in ("resourceGroup", "subscription") and place.subscription == outer.place.subscription
        if same and "subscription" in before:
            known["subscription"] = before["subscription"]
        elif isinstance(place.subscription, str) or not same:
            tenant = before["tenant"]["tenantId"] if "tenant" in before else None
            known["subscription"] = subscription_context(place.subscription, tenant)
    if place.kind == "resourceGroup":
        if place == outer.place:
            if "resourcegroup" in before:
                known["resourcegroup"] = before["resourcegroup"]
        else:
            known["resourcegroup"] = _group_context(outer, place)
    if place.kind == "managementGroup" and isinstance(place.management_group, str):
        known["managementgroup"] = management_group_context(place.management_group)
    at_group = place.kind == "resourceGroup"
    shown = None if at_group else (location if location is not None else Residual(Access(Call("deployment", ()), [Literal("location")])))
    known["deployment"] = deployment_context(instance.name, template.content_version, shown)
    return known


def _group_context(outer: Expansion, place: Place) -> dict[str, Any]:
    identity = place.id
    made = outer.declared_by_id(identity) if identity is not None else None
    if made is None or made.busy or made.condition is False:
        return resource_group_context(place.subscription, place.group, None)
    body = made.body()
    return resource_group_context(place.subscription, made.name, body.get("location"), body)


def combine_conditions(outer: Any, instance: Instance) -> Any:
    """Whether a resource is deployed, given whether the deployment around it is: True, False, a residual, None without a condition."""
    own = instance.condition if instance.conditional else None
    if outer is None:
        return own
    if own is None or outer is True and own is True:
        return outer
    return residual_call("and", [outer, own])
