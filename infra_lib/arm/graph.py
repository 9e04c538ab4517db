"""The order of a template's resources: what dependsOn names, what reference() implies, and the walk over both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from infra_lib.arm.bodies import Compiled, Constant, compile_string
from infra_lib.arm.failures import VALIDATION, EvaluationError
from infra_lib.arm.partial import materialize
from infra_lib.arm.template import member

if TYPE_CHECKING:
    from infra_lib.arm.evaluate import Expansion
    from infra_lib.arm.instances import Instance


class Dependencies:
    """The dependencies between the instances of one expanded template."""

    def __init__(self, expansion: Expansion) -> None:
        self._expansion = expansion
        self._copies: dict[str, list[Instance]] = {}
        for instance in expansion.instances:
            if instance.copy_name is not None:
                self._copies.setdefault(instance.copy_name.lower(), []).append(instance)
        self._empty = {
            str(member(declaration.copy, "name")).lower()
            for declaration in expansion.template.resources
            if declaration.copy is not None
        }
        self._compiled: dict[str, list[Compiled]] = {}

    def of(self, instance: Instance, unknown: list[str] | None = None) -> list[Instance]:
        """What the instance depends on: what its references imply, then its list in order.

        Names of nothing in the template are ignored, as Azure's own preview does; with ``unknown`` they are added to it.
        """
        found: list[Instance] = []
        for token in self._tokens(instance):
            targets = self._targets(token)
            if not targets and unknown is not None and token.lower() not in self._empty:
                unknown.append(token)
            found += targets
        return [*instance.implied, *found]

    def _tokens(self, instance: Instance) -> Iterator[str]:
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
            if isinstance(value, str):
                yield value
            elif isinstance(value, list):
                yield from (entry for entry in value if isinstance(entry, str))

    def _evaluate(self, instance: Instance, item: Any, frame: Any, position: int) -> Any:
        frame.functions_allowed = False
        try:
            return materialize(self._expansion.within(instance, item))
        except EvaluationError as failure:
            raise failure.as_validation().at(f"{instance.path}.dependsOn[{position}]") from None
        finally:
            frame.functions_allowed = True

    def _targets(self, token: str) -> list[Instance]:
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
        return self._copies.get(lowered) or expansion.by_name.get(lowered) or []

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


def circular(instances: list[Instance]) -> EvaluationError:
    """The failure for resources that wait for one another."""
    chain = " -> ".join([repr(instance.path) for instance in [*instances, instances[0]]])
    return EvaluationError(f"The resources depend on one another in a circle: {chain}.", kind=VALIDATION).at("resources")
