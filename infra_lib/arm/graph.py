"""The order of a template's resources: what dependsOn names, what reference() implies, and the walk over both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from infra_lib.arm.bodies import Compiled, Constant, compile_string
from infra_lib.arm.expressions import Call, Literal
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.ids import ResourceId
from infra_lib.arm.partial import Residual, materialize
from infra_lib.arm.template import member
from infra_lib.errors import InputError

if TYPE_CHECKING:
    from infra_lib.arm.evaluate import Expansion
    from infra_lib.arm.instances import Instance


_TYPE_POSITION: Final = {
    "resourceid": 2,
    "subscriptionresourceid": 1,
    "managementgroupresourceid": 1,
    "tenantresourceid": 0,
    "extensionresourceid": 1,
}
"""Where the type stands among the arguments of an id that is not known yet; the names come after it."""


class Dependencies:
    """The dependencies between the instances of one expanded template."""

    def __init__(self, expansion: Expansion) -> None:
        self._expansion = expansion
        self._copies: dict[str, list[Instance]] = {}
        for instance in expansion.instances:
            if instance.copy_name is not None and instance.declaration.copy is not None:
                self._copies.setdefault(instance.copy_name.lower(), []).append(instance)
        self._loops = {
            name.lower()
            for declaration in expansion.template.resources
            if declaration.copy is not None
            for name in (str(member(declaration.copy, "name")), declaration.name)
        }
        self._compiled: dict[str, list[Compiled]] = {}
        self._listed: dict[int, list[Instance]] = {}
        self._untargeted: list[tuple[Instance, int, Any]] = []

    def of(self, instance: Instance) -> list[Instance]:
        """What the instance depends on: what its references imply, then its list in order.

        Names of nothing in the template are ignored, as Azure's own preview does; :meth:`unmet` has them.
        """
        return [*instance.implied, *self._named(instance)]

    def unmet(self) -> list[EvaluationError]:
        """A failure for each item of a dependsOn that names nothing in the template, once for all items of a loop.

        A resource whose condition does not hold is there; one of another template or deployment is not, whatever its id. What
        cannot be told before more is known (of the scope, of a name) is taken to be there.
        """
        for instance in self._expansion.instances:
            self._named(instance)
        failures: dict[tuple[str, str], EvaluationError] = {}
        for instance, position, token in self._untargeted:
            shown = str(token)
            key = instance.declaration.path, shown.lower()
            if key not in failures and not self._may_be_there(token):
                message = f"dependsOn names {shown!r}, which the template does not have."
                failures[key] = EvaluationError(message, kind=VALIDATION).at(f"{instance.path}.dependsOn[{position}]")
        return list(failures.values())

    def _may_be_there(self, token: str | Residual) -> bool:
        """True for a name that may turn out to be a resource's."""
        instances = self._expansion.instances
        if isinstance(token, Residual):
            named = _named_in(token)
            return named is None or any(_is_or_may_be(instance, *named) for instance in instances)
        if token.lower() in self._loops:
            return True
        unknown = [instance for instance in instances if not isinstance(instance.id, str) or not instance.id]
        if self._expansion.template.symbolic and not token.startswith("/"):
            return False
        if not token.startswith("/"):
            return any(not isinstance(instance.name, str) or not instance.name for instance in unknown)
        try:
            identity = ResourceId.parse(token)
        except InputError:
            return False
        return any(_is_or_may_be(instance, identity.type, identity.name) for instance in unknown)

    def _named(self, instance: Instance) -> list[Instance]:
        """What the list of the instance names, in order."""
        found = self._listed.get(id(instance))
        if found is None:
            found = self._listed[id(instance)] = []
            for position, token in self._tokens(instance):
                targets = self._targets(instance, token) if isinstance(token, str) else []
                if not targets:
                    self._untargeted.append((instance, position, token))
                found += targets
        return found

    def _tokens(self, instance: Instance) -> Iterator[tuple[int, str | Residual]]:
        """Each name in the list, known or not, with its position."""
        declaration = instance.declaration
        compiled = self._compiled.get(declaration.path)
        if compiled is None:
            compiled = self._compiled[declaration.path] = [
                compile_string(item) if isinstance(item, str) else Constant(item) for item in declaration.depends_on
            ]
        frame = self._expansion.frame
        for position, item in enumerate(compiled):
            if isinstance(item, Constant):
                value: Any = item.value
            else:
                value = self._evaluate(instance, item, frame, position)
            for entry in value if isinstance(value, list) else [value]:
                if isinstance(entry, str | Residual):
                    yield position, entry

    def _evaluate(self, instance: Instance, item: Any, frame: Any, position: int) -> Any:
        frame.functions_allowed = False
        try:
            return materialize(self._expansion.within(instance, item))
        except EvaluationError as failure:
            raise failure.as_validation().at(f"{instance.path}.dependsOn[{position}]") from None
        finally:
            frame.functions_allowed = True

    def _targets(self, instance: Instance, token: str) -> list[Instance]:
        """What a name means: an id, a loop, a whole name, or else the last part of the names of other children."""
        expansion = self._expansion
        lowered = token.lower()
        if expansion.template.symbolic and not lowered.startswith("/"):
            instances = expansion.by_declaration.get(lowered)
            if instances is not None:
                return instances
            found = expansion.find(lowered)
            return [found] if found is not None else self._copies.get(lowered, [])
        if lowered.startswith("/"):
            found = expansion.by_id.get(lowered)
            return [found] if found is not None else []
        return self._copies.get(lowered) or expansion.by_name.get(lowered) or self._children(instance, lowered)

    def _children(self, instance: Instance, name: str) -> list[Instance]:
        """The other children whose names end so; those of the instance's own family, where there are any."""
        found = [child for child in self._expansion.by_last_name.get(name, ()) if child is not instance]
        family = _first_name(instance)
        return [child for child in found if _first_name(child) == family] or found

    def order(self) -> Iterator[Instance]:
        """Each instance after all that it depends on; cycles are cut where they are met."""
        done: set[int] = set()
        for start in self._expansion.instances:
            if id(start) in done:
                continue
            done.add(id(start))
            stack = [(start, iter(self.of(start)))]
            while stack:
                instance, targets = stack[-1]
                following = next((target for target in targets if id(target) not in done), None)
                if following is None:
                    stack.pop()
                    yield instance
                else:
                    done.add(id(following))
                    stack.append((following, iter(self.of(following))))

    def cycle(self) -> list[Instance] | None:
        """The instances of one cycle, in the order in which each depends on the next; None when there is none."""
        state: dict[int, int] = {}
        for start in self._expansion.instances:
            if id(start) in state:
                continue
            state[id(start)] = 1
            stack = [(start, iter(self.of(start)))]
            while stack:
                instance, targets = stack[-1]
                target = next(targets, None)
                if target is None:
                    state[id(instance)] = 2
                    stack.pop()
                elif state.get(id(target)) == 1:
                    chain = [waiting for waiting, _ in stack]
                    return chain[next(index for index, waiting in enumerate(chain) if waiting is target) :]
                elif id(target) not in state:
                    state[id(target)] = 1
                    stack.append((target, iter(self.of(target))))
        return None


def _first_name(instance: Instance) -> str | None:
    """The name of the outermost resource that the instance is or belongs to; None while it is not known."""
    return instance.name.partition("/")[0].lower() if isinstance(instance.name, str) else None


def circular(instances: list[Instance]) -> EvaluationError:
    """The failure for resources that wait for one another."""
    chain = " -> ".join([repr(instance.path) for instance in [*instances, instances[0]]])
    return EvaluationError(f"The resources depend on one another in a circle: {chain}.", kind=VALIDATION).at("resources")


def _named_in(identity: Residual) -> tuple[str, str | None] | None:
    """(type, name) that an id which is not known yet is of, the name None while a part of it is unknown; None for another
    expression."""
    node = identity.node
    position = _TYPE_POSITION.get(node.key) if isinstance(node, Call) else None
    if not isinstance(node, Call) or position is None or len(node.arguments) <= position:
        return None
    texts = [part.value if isinstance(part, Literal) and isinstance(part.value, str) else None for part in node.arguments]
    kind, names = texts[position], texts[position + 1 :]
    if kind is None or "/" not in kind:
        return None
    return kind, None if None in names else "/".join(map(str, names))


def _is_or_may_be(instance: Instance, kind: str, name: str | None) -> bool:
    """True when the instance is of the type and has the name, as far as both names are known."""
    if instance.type.lower() != kind.lower():
        return False
    return name is None or not isinstance(instance.name, str) or not instance.name or instance.name.lower() == name.lower()
