"""A template made ready to be deployed: the interface between the engine and what runs deployments.

:func:`prepare` validates a template, binds its parameters and expands its loops and conditions, without any state. What is
left, each resource's body and the outputs, is evaluated when it is the turn of that resource, against a :class:`Runtime`
that answers ``reference()``, ``listKeys()`` and their like from what exists by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from infra_lib.arm.scopes import Scope


class Runtime(Protocol):
    """What only a running deployment knows. A method that has no answer raises; the exception passes through unchanged."""

    def reference(self, resource_id: str, api_version: str | None, full: bool) -> Any:
        """The state of a resource: its ``properties``, or with ``full`` all of it.

        ``api_version`` is None where the template gave none and declares no resource of this id. For a deployment
        (Microsoft.Resources/deployments) ``properties.outputs`` are its outputs, secure values included.
        """
        ...

    def list(self, function: str, resource_id: str, api_version: str, body: Any) -> Any:
        """The answer of a POST action: ``function`` is ``listKeys`` and so on as written; ``body`` is None when not given."""
        ...

    def provider(self, namespace: str, resource_type: str | None) -> Any:
        """What ``providers()`` gives: the provider, or one of its types with apiVersions and locations."""
        ...

    def secret(self, vault_id: str, secret_name: str, secret_version: str | None) -> str:
        """The value of a Key Vault secret that a parameter of a nested deployment refers to."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundParameter:
    """A parameter with its value, from the file or the template's default.

    ``type`` is the declared one in Resource Manager's spelling: String, SecureString, Int, Bool, Object, SecureObject, Array.
    ``value`` is plain JSON data. ``is_default`` says that the template's default was used.
    """

    name: str
    type: str
    value: Any
    secure: bool
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceOptions:
    """``@options`` of a resource. ``retry_on``: error codes; ``retry_count``: how often, 0 without ``retryOn``."""

    only_if_not_exists: bool = False
    retry_on: tuple[str, ...] = ()
    retry_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedResource:
    """One resource of a deployment: a declaration, or one item of a declaration that is a loop.

    ``key`` identifies it in ``depends_on`` (unique in the deployment). ``symbol`` is the symbolic name or None, ``copy_name``
    and ``copy_index`` the loop's. ``condition`` False: not deployed, its dependents don't wait for it. ``existing`` True: read,
    never written. ``scope`` is the id of the scope it is deployed at (``/subscriptions/S/resourceGroups/G``, ``/`` for the
    tenant, a resource's id for an extension resource). ``path`` is its place in the template (``resources[3]``,
    ``resources.app[0]``). A loop that is serial or in batches shows as ``depends_on`` between its items; loops need nothing else.

    A nested deployment has type Microsoft.Resources/deployments; its body holds mode, evaluated parameters and the inner
    template, raw with inner evaluation, evaluated with outer evaluation (what only the inner deployment knows is left in it as
    expressions). The scope to run it at is ``scope``.
    """

    key: str
    symbol: str | None
    copy_name: str | None
    copy_index: int | None
    type: str
    name: str
    id: str
    api_version: str
    existing: bool
    condition: bool
    scope: str
    options: ResourceOptions
    depends_on: tuple[str, ...]
    path: str
    _evaluate: Callable[[Runtime], dict[str, Any]]

    def body(self, runtime: Runtime) -> dict[str, Any]:
        """The request body: location, tags, sku, properties and so on as plain data, evaluated against ``runtime``.

        Without id, type, name, apiVersion and what steers the deployment (condition, copy, dependsOn, scope …).
        Raises TemplateError (DeploymentFailed-class codes) for an expression that cannot be evaluated.
        """
        return self._evaluate(runtime)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedDeployment:
    """A validated deployment: bound ``parameters`` by name, ``resources`` in the order in which they could run one by one."""

    template: Mapping[str, Any]
    scope: Scope
    parameters: Mapping[str, BoundParameter]
    resources: tuple[PreparedResource, ...]
    output_types: Mapping[str, str]
    _evaluate_outputs: Callable[[Runtime], dict[str, Any]]

    def outputs(self, runtime: Runtime) -> dict[str, Any]:
        """``{name: {"type": "String", "value": …}}``, secure ones with their value; those whose condition is false are left out.

        Types are in Resource Manager's spelling, SecureString and SecureObject for those whose value must not be shown.
        """
        return self._evaluate_outputs(runtime)


def prepare(
    template: Mapping[str, Any],
    parameters: Mapping[str, Any] | None,
    scope: Scope,
    *,
    context: Mapping[str, Any] | None = None,
    now: datetime | None = None,
    new_guid: Callable[[], str] | None = None,
    secret: Callable[[str, str, str | None], str] | None = None,
) -> PreparedDeployment:
    """Validate ``template``, bind ``parameters`` and expand loops and conditions for a deployment at ``scope``.

    ``parameters`` is the section of a parameter file: ``{name: {"value": …}}`` or
    ``{name: {"reference": {"keyVault": {"id": …}, "secretName": …}}}``, which ``secret`` answers. ``context`` gives what
    functions without arguments return, by function name: ``resourceGroup``, ``subscription``, ``tenant``, ``managementGroup``,
    ``deployment``, ``environment``, ``deployer``, each the whole object; what is left out is made from ``scope`` as far as it
    goes. ``now`` (UTC) and ``new_guid`` answer utcNow() and newGuid() in defaults; the clock and random values when left out.

    Raises TemplateError with every independent finding: InvalidTemplate for the template itself, circles and two resources of one
    id included, and for parameters that do not fit.
    """
    from infra_lib.arm.preparation import Preparation

    return Preparation(template, parameters or {}, scope, context or {}, now, new_guid, secret).run()
