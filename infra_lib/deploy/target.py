"""Which Resource Manager: Azure, the embedded one, or any endpoint that speaks the protocol.

Everything above this module sees SDK clients and nothing else; it cannot tell one target from another.
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from infra_lib.arm.clouds import PUBLIC_CLOUD
from infra_lib.errors import InputError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.mgmt.appcontainers import ContainerAppsAPIClient
    from azure.mgmt.resource.deployments import DeploymentsMgmtClient
    from azure.mgmt.resource.resources import ResourceManagementClient
    from azure.mgmt.storage import StorageManagementClient
    from azure.storage.fileshare import ShareClient

    from infra_lib.local import LocalResourceManager

LOCAL_SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
AZURE_ENDPOINT = "https://management.azure.com"

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


class Target:
    """A Resource Manager to deploy to, and the SDK clients for it.

    Make one with :meth:`local` or :meth:`azure`. The clients are made when first used and share one credential. A target is a
    context manager; :meth:`close` ends its connections (and, for a local one, its store).
    """

    def __init__(
        self,
        *,
        name: str,
        subscription_id: str,
        credential: TokenCredential,
        endpoint: str,
        manager: LocalResourceManager | None = None,
    ) -> None:
        self.name = name
        self.subscription_id = subscription_id
        self.endpoint = endpoint
        self._credential = credential
        self._manager = manager

    # ------------------------------------------------------------------------------------------ making one

    @classmethod
    def local(cls, store: str | Path | None = None, *, pace: float = 0.0, containers: str | None = None) -> Target:
        """The embedded Resource Manager, in this process.

        ``store`` is the folder that keeps its state (a project's ``.infra``); without one the state lives in memory and ends
        with the target. ``pace`` is how long a long-running operation takes, in seconds. ``containers`` is what runs the
        containers of apps and jobs from now on: ``process`` (the default: this machine's programs, in namespaces), ``docker``
        or ``podman``; the store keeps the choice. Raises InputError for a container engine that does not answer, and for a pace
        that is no number of seconds from 0 on.
        """
        if isinstance(pace, bool) or not isinstance(pace, int | float) or not 0 <= pace < math.inf:
            raise InputError(f"The pace is how many seconds a long-running operation takes, 0 or more, not {pace!r}.")
        from infra_lib.local import LocalResourceManager

        manager = LocalResourceManager(Path(store) if store is not None else None, pace=pace)
        if containers is not None:
            manager.choose_containers(containers)
        return cls(
            name="local",
            subscription_id=manager.subscription_id,
            credential=manager.credential(),
            endpoint=manager.base_url,
            manager=manager,
        )

    @classmethod
    def azure(
        cls,
        subscription_id: str | None = None,
        *,
        credential: TokenCredential | None = None,
        endpoint: str = AZURE_ENDPOINT,
    ) -> Target:
        """Azure, or another endpoint that speaks its protocol.

        ``subscription_id`` falls back to the environment's AZURE_SUBSCRIPTION_ID; ``credential`` to azure-identity's
        DefaultAzureCredential (environment, managed identity, az, and so on). A plain ``http`` endpoint is taken on this
        machine's loopback only. Raises InputError without a subscription, or with one that is no GUID.
        """
        subscription = subscription_id or os.environ.get("AZURE_SUBSCRIPTION_ID")
        if not subscription:
            raise InputError(
                "No Azure subscription is known: pass subscription_id (--subscription-id), or set AZURE_SUBSCRIPTION_ID, "
                "or write SUBSCRIPTION_ID into the project's config file."
            )
        if not _GUID.match(subscription):
            raise InputError(f"The subscription id '{subscription}' is not a GUID such as 11111111-2222-3333-4444-555555555555.")
        parts = urlsplit(endpoint)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK_HOSTS:
            raise InputError(f"The endpoint {endpoint} is not encrypted; http is taken on 127.0.0.1 only. Write https://.")
        if credential is None:
            from azure.identity import DefaultAzureCredential

            credential = DefaultAzureCredential()
        host = "azure" if endpoint == AZURE_ENDPOINT else parts.netloc
        return cls(
            name=f"{host} subscription {subscription}", subscription_id=subscription, credential=credential, endpoint=endpoint
        )

    # ------------------------------------------------------------------------------------------ what it is

    @property
    def is_local(self) -> bool:
        """True for the embedded Resource Manager of this process."""
        return self._manager is not None

    @property
    def cloud(self) -> str | None:
        """The name of the cloud that it is of, as environment().name gives it; None where that is not known."""
        host = urlsplit(self.endpoint).hostname
        is_public = self.is_local or host in (urlsplit(AZURE_ENDPOINT).hostname, *_LOOPBACK_HOSTS)
        return PUBLIC_CLOUD if is_public else None

    @property
    def manager(self) -> LocalResourceManager | None:
        """The embedded Resource Manager behind a local target, for serving and resetting; None for any other."""
        return self._manager

    def sleep(self, seconds: float) -> None:
        """Wait on the target's clock: real time, but none where the embedded Resource Manager has no pace."""
        if self._manager is not None:
            self._manager.transport().sleep(seconds)
        else:
            time.sleep(seconds)

    def __repr__(self) -> str:
        return f"Target({self.name})"

    def __enter__(self) -> Target:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the clients' connections and, for a local target, close its store."""
        for name in ("resources", "deployments", "container_apps", "storage"):
            client = self.__dict__.pop(name, None)
            if client is not None:
                client.close()
        if self._manager is not None:
            self._manager.close()

    # ------------------------------------------------------------------------------------------ clients

    @cached_property
    def resources(self) -> ResourceManagementClient:
        """Resource groups, generic resources, providers and tags."""
        from azure.mgmt.resource.resources import ResourceManagementClient

        return ResourceManagementClient(self._credential, self.subscription_id, **self._client_options())

    @cached_property
    def deployments(self) -> DeploymentsMgmtClient:
        """Deployments and their operations, at every scope."""
        from azure.mgmt.resource.deployments import DeploymentsMgmtClient

        return DeploymentsMgmtClient(self._credential, self.subscription_id, **self._client_options())

    @cached_property
    def container_apps(self) -> ContainerAppsAPIClient:
        """Microsoft.App: environments, apps, revisions, jobs."""
        from azure.mgmt.appcontainers import ContainerAppsAPIClient

        return ContainerAppsAPIClient(self._credential, self.subscription_id, **self._client_options())

    @cached_property
    def storage(self) -> StorageManagementClient:
        """Microsoft.Storage: accounts and their keys."""
        from azure.mgmt.storage import StorageManagementClient

        return StorageManagementClient(self._credential, self.subscription_id, **self._client_options())

    def share(
        self, account_url: str, share_name: str, account_key: str, *, retried: Callable[[float], None] | None = None
    ) -> ShareClient:
        """The data plane of a file share. ``account_url`` is the account's file endpoint, ``account_key`` one of its keys.

        Clients derived from it wait on this target's clock between tries, too; ``retried`` is told the seconds of each wait.
        """
        from azure.storage.fileshare import ShareClient

        from infra_lib.deploy.connections import pooled_transport
        from infra_lib.deploy.data_plane import RANGE, TargetRetry

        return ShareClient(
            account_url,
            share_name,
            credential=account_key,
            transport=self._manager.transport() if self._manager is not None else pooled_transport(account_url),
            retry_policy=TargetRetry(self.sleep, retried),
            max_single_get_size=RANGE,
            allow_trailing_dot=True,
            allow_source_trailing_dot=True,
        )

    def _client_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"base_url": self.endpoint}
        if self._manager is not None:
            options["transport"] = self._manager.transport()
        if self.endpoint.startswith("http://"):
            from infra_lib.deploy.connections import pooled_transport

            options["authentication_policy"] = _loopback_policy(self._credential)
            options["transport"] = pooled_transport(self.endpoint)
        elif self.endpoint != AZURE_ENDPOINT:
            options["credential_scopes"] = [f"{self.endpoint.rstrip('/')}/.default"]
        return options


def _loopback_policy(credential: TokenCredential) -> Any:
    """An authentication policy that sends the token over plain http; the SDK's own refuses to, loopback or not."""
    from azure.core.pipeline import PipelineRequest
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class LoopbackBearerPolicy(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: PipelineRequest[Any]) -> None:
            token = credential.get_token(f"{AZURE_ENDPOINT}/.default")
            request.http_request.headers["Authorization"] = f"Bearer {token.token}"

    return LoopbackBearerPolicy()
