"""The resources of an expanded template: one for each declaration, or for each item of a declaration that is a loop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from infra_lib.arm.bodies import Constant, compile_json
from infra_lib.arm.compiler import describe_value, with_text
from infra_lib.arm.expressions import Access, Call, Literal
from infra_lib.arm.failures import COPY_COUNT, VALIDATION, EvaluationError
from infra_lib.arm.frame import Frame
from infra_lib.arm.partial import Residual, argument_node, materialize, residual_call
from infra_lib.arm.places import Place, scoped_id
from infra_lib.arm.template import ResourceDeclaration

if TYPE_CHECKING:
    from infra_lib.arm.evaluate import Expansion

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


class Instance:
    """One resource of an expanded template: a declaration, or one item of a declaration that is a loop.

    ``id`` and ``name`` are strings or residuals. ``condition``: True, False, or what is left of it; ``conditional``: one was
    written.
    """

    __slots__ = (
        "_body", "_busy", "_nested", "api_version", "condition", "conditional", "copy_name", "declaration", "existing",
        "expansion", "id", "implied", "index", "name", "not_expanded", "parent", "path", "place", "scope", "type",
    )  # fmt: skip

    api_version: str
    id: Any
    name: Any

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
        if (
            self._nested is None
            and self.not_expanded is None
            and self.declaration.is_deployment
            and not self.existing
            and not self._busy
        ):
            from infra_lib.arm.nested import expand_nested

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


class Loop:
    """The loop that copyIndex() means, for the time of a with statement."""

    __slots__ = ("_before", "_frame", "_index", "_name")

    def __init__(self, frame: Frame, name: str | None, index: int | None) -> None:
        self._frame = frame
        self._name = name.lower() if name is not None else None
        self._index = index

    def __enter__(self) -> Loop:
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


class InstanceBuilder:
    """Makes the instances of one declaration; what does not vary is compiled once."""

    __slots__ = ("_condition", "_declaration", "_expansion", "_name")

    def __init__(self, expansion: Expansion, declaration: ResourceDeclaration) -> None:
        self._expansion = expansion
        self._declaration = declaration
        self._name = compile_json(declaration.raw_name)
        self._condition = compile_json(declaration.condition)

    def build(self, index: int | None, copy_name: str | None, parent: Instance | None) -> Instance:
        """The instance at the loop index that the frame is at; ``index`` is None outside of a loop. ``parent`` is the resource
        that it is declared in."""
        expansion, declaration = self._expansion, self._declaration
        frame = expansion.frame
        frame.where = "a resource's name, condition or scope"
        instance = Instance(expansion, declaration, index, copy_name)
        instance.parent = parent
        instance.condition = self._decide()
        if declaration.existing is not None:
            instance.existing = frame.evaluate(declaration.existing) is True
        version = frame.evaluate(declaration.api_version)
        instance.api_version = version if isinstance(version, str) else ""
        kind = self._text(declaration.type, "type")
        if not isinstance(kind, str) or ("/" not in kind and declaration.extension is None):
            raise EvaluationError("The type must be a known one, such as Microsoft.Storage/storageAccounts.", kind=VALIDATION).at(
                "type"
            )
        instance.type = kind
        if declaration.extension is not None:
            instance.name = instance.id = None
            return instance
        try:
            instance.name = self._named(kind, parent)
            self._place(instance)
        except EvaluationError as failure:
            if instance.condition is not False or failure.final:
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

    def _named(self, instance_type: str, parent: Instance | None) -> Any:
        try:
            name = self._name.value if isinstance(self._name, Constant) else self._name(self._expansion.frame)
        except EvaluationError as failure:
            raise _with_raw(failure, self._declaration.raw_name).at("name") from None
        name = materialize(name)
        if type(name) is Residual:
            return name
        if not isinstance(name, str):
            raise EvaluationError(f"A resource's name must be a string, not {describe_value(name)}.", kind=VALIDATION).at("name")
        if parent is not None and name.count("/") + 1 < instance_type.count("/"):
            if not isinstance(parent.name, str):
                return residual_call("concat", [parent.name, "/", name])
            name = f"{parent.name}/{name}"
        if name.count("/") + 1 != instance_type.count("/"):
            kind = instance_type
            message = (
                f"The name {name!r} must have as many segments as the type {kind!r} has after its provider: {kind.count('/')}."
            )
            raise EvaluationError(message, kind=VALIDATION).at("name")
        return name

    def _place(self, instance: Instance) -> None:
        declaration, place = self._declaration, self._expansion.place
        scope = self._text(declaration.scope, "scope")
        subscription = self._text(declaration.subscription_id, "subscriptionId")
        group = self._text(declaration.resource_group, "resourceGroup")
        if declaration.is_deployment and isinstance(subscription, str) and subscription and not _GUID.match(subscription):
            raise EvaluationError(f"The subscription {subscription!r} is not a GUID.", kind=VALIDATION).at("subscriptionId")
        if not self._expansion.strict and any(isinstance(part, str) and "/" in part for part in (subscription, group)):
            failure = EvaluationError("The subscription and the resource group are names, not ids.")
            failure.final = True
            raise failure
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
