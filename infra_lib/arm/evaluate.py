"""A template at a place, expanded: its resources with loops and conditions decided, their bodies, and its outputs.

Everything is evaluated when it is first asked for, so that ``reference()`` of a resource further down finds its declaration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra_lib.arm.bodies import Compiled, Constant, compile_json, copy_count
from infra_lib.arm.compiler import compile_node
from infra_lib.arm.expressions import Access, is_expression, parse_expression, value_node
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.frame import Frame
from infra_lib.arm.graph import Dependencies
from infra_lib.arm.ids import join_type_and_name
from infra_lib.arm.instances import Instance, InstanceBuilder, Loop
from infra_lib.arm.partial import UNKNOWN, PartialList, materialize
from infra_lib.arm.places import Place
from infra_lib.arm.resource_bodies import compile_body
from infra_lib.arm.state import ResourceState
from infra_lib.arm.template import MAX_RESOURCES, Declaration, ResourceDeclaration, Template, member
from infra_lib.arm.types import KINDS, check_value, kind_of


class Expansion:
    """A template at a place. ``parent`` is the resource that it is nested in; ``deployments`` what the whole deployment
    shares."""

    def __init__(
        self,
        template: Template,
        frame: Frame,
        place: Place,
        parent: Instance | None = None,
        condition: Any = None,
        *,
        strict: bool = False,
    ) -> None:
        self.template = template
        self.frame = frame
        self.place = place
        self.parent = parent
        self.condition = condition
        self.strict = strict
        self.instances: list[Instance] = []
        self.by_declaration: dict[str, list[Instance]] = {}
        self.by_id: dict[str, Instance] = {}
        self.by_name: dict[str, list[Instance]] = {}
        self.by_last_name: dict[str, list[Instance]] = {}
        self.failures: list[EvaluationError] = []
        self._bodies: dict[str, Compiled] = {}
        self._outputs: dict[str, Any] | None = None
        self._declared: dict[str, Instance] = parent.expansion._declared if parent is not None else {}
        self.state = ResourceState(self)
        self.evaluated_outside = False
        """The expressions belong to the template around this one (outer evaluation)."""

    def forget_outputs(self) -> None:
        """Evaluate the outputs anew when they are asked for again."""
        self._outputs = None

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
                if not instance.existing and instance.condition is not False:
                    self._declared[instance.id.lower()] = instance
            if isinstance(instance.name, str):
                self.by_name.setdefault(instance.name.lower(), []).append(instance)
                kind = instance.type
                if kind.count("/") == instance.name.count("/") + 1:
                    relative = join_type_and_name(kind, instance.name.split("/")).lower()
                    self.by_name.setdefault(relative, []).append(instance)
                parent, _, last = instance.name.lower().rpartition("/")
                if parent:
                    self.by_last_name.setdefault(last, []).append(instance)

    def _instances(self, declaration: ResourceDeclaration, declared: dict[int, list[Instance]], limit: int) -> list[Instance]:
        parents = declared.get(id(declaration.parent), []) if declaration.parent is not None else []
        builder = InstanceBuilder(self, declaration)
        if declaration.copy is None and _is_in_loop(declaration.parent):
            return [self._item_of_parent(builder, declaration, parent) for parent in parents]
        parent = parents[0] if parents else None
        if declaration.copy is None:
            return [builder.build(None, None, parent)]
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
        with Loop(frame, name, 0) as loop:
            for index in range(count):
                loop.move(index)
                try:
                    instances.append(builder.build(index, name, parent))
                except EvaluationError as failure:
                    raise failure.at(f"{declaration.path}[{index}]") from None
        return instances

    def _item_of_parent(self, builder: InstanceBuilder, declaration: ResourceDeclaration, parent: Instance) -> Instance:
        """The child that is declared inside one item of a loop: copyIndex() in it is the item's."""
        with Loop(self.frame, parent.copy_name, parent.index):
            try:
                return builder.build(parent.index, parent.copy_name, parent)
            except EvaluationError as failure:
                raise failure.at(f"{declaration.path}[{parent.index}]") from None

    def _check_mode(self, copy: dict[str, Any]) -> None:
        mode = member(copy, "mode")
        if mode is not None and str(mode).lower() not in ("serial", "parallel"):
            raise EvaluationError(f"The mode of a loop is 'parallel' or 'serial', not {mode!r}.", kind=VALIDATION).at("copy.mode")
        self.batch_size(copy)

    def batch_size(self, copy: dict[str, Any]) -> int:
        """How many items of a serial loop are deployed at once."""
        try:
            batch = materialize(self.frame.evaluate(member(copy, "batchSize")))
        except EvaluationError as failure:
            raise failure.at("copy.batchSize") from None
        if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 0):
            raise EvaluationError("batchSize must be an integer that is not negative.", kind=VALIDATION).at("copy.batchSize")
        return int(batch) if batch else 1

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
        return failure.at(path).under(self.prefix)

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
        before = self.state.evaluating, frame.references, frame.where
        self.state.evaluating, frame.references, frame.where = instance, self.state, ""
        try:
            if isinstance(compiled, Constant):
                return compiled.value
            if instance.copy_name is None or instance.index is None:
                with Loop(frame, None, None):
                    return compiled(frame)
            with Loop(frame, instance.copy_name, instance.index):
                return compiled(frame)
        finally:
            self.state.evaluating, frame.references, frame.where = before

    def outputs(self) -> dict[str, Any]:
        """``{name: {"type": "String", "value": …}}`` of the outputs whose condition holds; values may be partly unknown."""
        if self._outputs is None:
            self._outputs = {}
            found: dict[str, Any] = {}
            failures: list[EvaluationError] = []
            for declaration in self.template.outputs.values():
                try:
                    value = self._output(declaration)
                except EvaluationError as failure:
                    failures.append(self._placed(failure, declaration.path))
                    continue
                if value is not None:
                    found[declaration.name] = value
            if failures:
                self._outputs = None
                raise failures[0].with_siblings(failures[1:])
            self._outputs = found
        return self._outputs

    @contextmanager
    def _at_outputs(self) -> Iterator[Loop]:
        """Evaluate where the state of resources may be asked for, outside of any resource."""
        frame = self.frame
        before = frame.references, frame.where, self.state.evaluating
        frame.references, frame.where, self.state.evaluating = self.state, "", None
        try:
            with Loop(frame, None, None) as loop:
                yield loop
        finally:
            frame.references, frame.where, self.state.evaluating = before

    def output_member(self, name: str, keys: list[Any]) -> Any:
        """What the expression of an output gives with ``keys`` behind it. Raises EvaluationError."""
        declaration = self.template.outputs.get(name.lower())
        value = declaration.get("value") if declaration is not None else None
        if not isinstance(value, str) or not is_expression(value):
            raise EvaluationError(f"The output {name!r} has no such member.")
        node = Access(parse_expression(value), [value_node(key) for key in keys])
        with self._at_outputs():
            return compile_node(node)(self.frame)

    def _output(self, declaration: Declaration) -> dict[str, Any] | None:
        frame = self.frame
        with self._at_outputs() as loop:
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
        kind = kind_of(declaration.raw, self.template)
        if self.strict or not _refers(declaration.raw):
            check_value(value, declaration.raw, self.template, f"The output {declaration.name!r}")
        return {"type": KINDS.get(kind, "Object"), "value": value}

    def _output_condition(self, declaration: Declaration) -> bool:
        condition = declaration.get("condition")
        if condition is None:
            return True
        try:
            return materialize(self.frame.evaluate(condition)) is not False
        except EvaluationError as failure:
            raise failure.at("condition") from None

    # -------------------------------------------------------------------------------------------------- looking up

    def find(self, token: str) -> Instance | None:
        """The resource that a name means: a symbolic name (``app``, ``app[0]``), an id, a name, ``type/name``, or the last part
        of a child's name."""
        lowered = token.lower()
        if lowered.startswith("/"):
            return self.by_id.get(lowered)
        if self.template.symbolic:
            symbol, index = split_symbol(lowered)
            instances = self.by_declaration.get(symbol, [])
            if index is None:
                return instances[0] if len(instances) == 1 and instances[0].index is None else None
            return instances[index] if index < len(instances) and instances[index].index == index else None
        found = self.by_name.get(lowered) or self.by_last_name.get(lowered)
        return found[0] if found else None

    def declared_by_id(self, identity: str) -> Instance | None:
        """The resource of this id that the whole deployment makes, nested deployments included as far as they are expanded: the
        last one where several have the id, as in Azure's preview."""
        return self._declared.get(identity.lower())

    @property
    def unknown(self) -> bool:
        """True when it is not known whether this deployment, or one around it, takes place."""
        return self.condition is not None and self.condition is not True

    # ------------------------------------------------------------------------------------------------------ order

    def dependencies(self) -> Dependencies:
        """The graph of this template's resources."""
        return Dependencies(self)

    def walk(self) -> Iterator[Instance]:
        """The resources in dependency order: each after all that it depends on, otherwise as declared."""
        return self.dependencies().order()


def _is_in_loop(declaration: ResourceDeclaration | None) -> bool:
    """True for a loop, and for what is declared inside one."""
    while declaration is not None:
        if declaration.copy is not None:
            return True
        declaration = declaration.parent
    return False


def split_symbol(token: str) -> tuple[str, int | None]:
    """``app[3]`` as ('app', 3), ``app`` as ('app', None)."""
    if token.endswith("]") and "[" in token:
        symbol, _, index = token[:-1].rpartition("[")
        if index.isdigit():
            return symbol, int(index)
    return token, None


_STATE_FUNCTION = re.compile(r"\b(?:references?|list\w+)\s*\(", re.IGNORECASE)


def _refers(value: Any) -> bool:
    """True when an expression in the value asks for the state of a resource: its type is not checked before the deployment."""
    if isinstance(value, str):
        return value[:1] == "[" and _STATE_FUNCTION.search(value) is not None
    if isinstance(value, dict):
        return any(map(_refers, value.values()))
    return isinstance(value, list) and any(map(_refers, value))
