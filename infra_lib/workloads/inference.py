"""The inference workload: an app that serves the model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra_lib.deploy.progress import Event, Listener, ignore
from infra_lib.errors import InputError
from infra_lib.workloads import live
from infra_lib.workloads.app_status import AppStatus, ReplicaStatus, RevisionStatus, read_status, read_text
from infra_lib.workloads.endpoint import Endpoint
from infra_lib.workloads.live import Place
from infra_lib.workloads.secrets import patch_with_secret, patch_without_secret, secret_to_set, variables_of
from infra_lib.workloads.workload import Workload

if TYPE_CHECKING:
    from infra_lib.deploy.log_stream import LogLine, LogSource
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.sync.model import Confirm, SyncListener

DEPLOY_SECONDS = 1800.0
TAIL_LINES = 100
MOST_REPLICAS = 1000
_APP_TYPE = "Microsoft.App/containerApps"
_CRASHES = 3
# A container that has settled on the wrong address does not come to the right one by itself.
_MISPLACED, _MISPLACED_SECONDS = "It listens on", 15.0
_NOT_RUNNING = ("ScaledToZero", "Stopped")
_FAILED = ("Failed", "ActivationFailed")
# The state of a revision that failed before may be shown for a while after its restart.
_STALE_SECONDS = 60.0
# An app that is scaled to zero starts when it is asked for.
_WAKE_SECONDS, _WAKE_TIMEOUT = 5.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """A revision before its restart: its state, and the restarts of its replicas by name."""

    state: str = ""
    restarts: Mapping[str, int] = field(default_factory=dict)

    def crashes(self, replica: ReplicaStatus) -> int:
        """How often a replica has been started again since."""
        return replica.restarts - self.restarts.get(replica.name, 0)

    def is_fresh(self, replica: ReplicaStatus) -> bool:
        """Whether a replica, or what it runs, was started since."""
        return replica.name not in self.restarts or self.crashes(replica) > 0


class Inference(Workload):
    """The container app that serves a fine-tuned model.

    What its parameter file leaves null is taken from fine-tuning, so that the app is put beside the job: the same resource
    group, environment, storage account, share and workspace.
    """

    name = "inference"

    def inherited(self) -> list[Any]:
        """The fine-tuning parameter file's value of the same name, then what finetuning.config.json has."""
        from infra_lib.parameters import ParameterFile
        from infra_lib.parameters.sources import ConfigValues

        sources: list[Any] = []
        path = self.project.find_parameters("finetuning")
        if path is not None:
            sources.append(ParameterFile.load(path))
        config = self.project.config("finetuning")
        sources.append(ConfigValues.from_config(str(config.path), config.values))
        return sources

    def configured_resource_group(self) -> str | None:
        """The resource group of its own config file, else that of fine-tuning."""
        return super().configured_resource_group() or self.project.finetuning.configured_resource_group()

    # ------------------------------------------------------------------------------------------ deploying

    def deploy(
        self,
        target: Target,
        *,
        timeout: float = DEPLOY_SECONDS,
        sync: bool = True,
        listener: Listener = ignore,
        progress: SyncListener | None = None,
        confirm: Confirm | None = None,
    ) -> Endpoint:
        """Synchronise the workspace, then restart the app, and wait until it answers.

        The active revision's replicas are restarted; when the parameter file's commands are others than the app's, a new
        revision is made instead. ``timeout`` is in seconds; ``listener`` is told what happens, ``progress`` how far the transfer
        is, and ``confirm`` is asked before it begins. Raises InputError for a config file that does not fit, DeploymentError with
        the container's last log lines when it does not start.
        """
        if not timeout > 0:
            raise InputError(f"The time limit is in seconds and more than 0, not {timeout}.")
        place = self._place(target)
        with live.service_errors(self, place, f"reading app '{place.name}'"):
            app = target.container_apps.container_apps.get(place.resource_group, place.name)
        endpoint = self.endpoint_of(app)
        if sync:
            self.project.sync(target, workload=self.name, confirm=confirm, progress=progress)
        began = time.monotonic()

        def tell(state: Any, message: str) -> None:
            event = Event(
                state=state, resource_id=str(app.id), resource_type=_APP_TYPE, name=place.name, message=message,
                seconds=time.monotonic() - began,
            )  # fmt: skip
            listener(event)

        with live.service_errors(self, place, f"restarting app '{place.name}'"):
            revision, before = self._roll(target, place, app, tell)
            self._await_replica(target, place, endpoint, revision, before, timeout, tell)
        tell("running", f"waiting until {endpoint.url} answers")
        try:
            endpoint.wait(max(timeout - (time.monotonic() - began), 1.0))
        except Exception:
            tell("failed", "it does not answer")
            raise
        tell("succeeded", endpoint.url)
        return endpoint

    def _roll(self, target: Target, place: Place, app: Any, tell: Any) -> tuple[str, _Before]:
        """Restart or renew; the revision to wait for, and how it was before."""
        clients: Any = target.container_apps
        apps, revisions = clients.container_apps, clients.container_apps_revisions
        if read_text(app.properties.running_status) == "Stopped":
            tell("started", "the app is stopped; it is started")
            apps.begin_start(place.resource_group, place.name, polling_interval=2).result()
            return str(app.properties.latest_revision_name), _Before()
        commands = live.default_commands(self)
        containers = app.properties.template.containers
        if commands is not None and live.joined(commands) != live.command_of(containers[0]):
            tell("started", "its commands changed: a new revision")
            app = self._patch(target, place, {"template": {"containers": live.with_command(containers, commands)}})
            name = str(app.properties.latest_revision_name)
            state = read_text(revisions.get_revision(place.resource_group, place.name, name).properties.running_state)
            if state in _NOT_RUNNING:
                revisions.restart_revision(place.resource_group, place.name, name)
            return name, _Before()
        name = str(app.properties.latest_revision_name)
        held = self.status(target).revision(name)
        tell("started", f"revision {name} is restarted")
        revisions.restart_revision(place.resource_group, place.name, name)
        return name, _Before(state=held.state, restarts={replica.name: replica.restarts for replica in held.replicas})

    def _await_replica(
        self, target: Target, place: Place, endpoint: Endpoint, revision: str, before: _Before, timeout: float, tell: Any
    ) -> None:
        """Wait until a replica that was not there before is ready. Raises DeploymentError when it fails or takes too long.

        A restart makes new replicas, with new names (azureossd.github.io, "Container Apps - Demystifying restarts").
        """
        said, misplaced, crashed, late = "", 0.0, False, False
        for passed in live.pauses(timeout):
            state = self.status(target).revision(revision)
            fresh = [replica for replica in state.replicas if before.is_fresh(replica)]
            if any(replica.ready for replica in fresh):
                return
            if not state.replicas and passed > _WAKE_SECONDS:
                endpoint.is_ready(timeout=_WAKE_TIMEOUT)
            details = next((replica.details for replica in fresh if replica.details), "")
            if details and details != said:
                said, misplaced = details, passed
                tell("running", details)
            crashed = any(before.crashes(replica) >= _CRASHES for replica in fresh)
            settled = said.startswith(_MISPLACED) and passed - misplaced > _MISPLACED_SECONDS
            failed = state.state in _FAILED and (state.state != before.state or passed > _STALE_SECONDS)
            if failed or crashed or settled:
                break
        else:
            late = True
        tell("failed", said)
        slow = f"is not ready after {timeout:.0f} s" if late else "did not become ready"
        why = "crashes again and again" if crashed else slow
        wrong = "image or its registry's login" if "ImagePull" in said else "commands or the code"
        longer = "It goes on starting: give it longer with --timeout, or mend" if late and not crashed else "Mend"
        advice = f"{longer} the {wrong}, and run `infra deploy inference` again."
        raise live.failed(f"The app '{place.name}' {why}.", [said, advice], self._last_lines(target))

    def _last_lines(self, target: Target) -> list[LogLine]:
        from azure.core.exceptions import AzureError

        try:
            return list(self.logs(target, lines=live.LAST_LINES))
        except (AzureError, InputError):
            return []

    # ------------------------------------------------------------------------------------------ the running app

    @property
    def endpoint(self) -> Endpoint:
        """Where the web API answers, as the config file says it. Raises InputError."""
        config = self.config
        return Endpoint(config.require("ACA_APP_ENDPOINT"), f"{config.path}: ACA_APP_ENDPOINT")

    def find_endpoint(self, target: Target) -> Endpoint:
        """Where the web API answers, as the target says it."""
        place = self._place(target)
        with live.service_errors(self, place, f"reading app '{place.name}'"):
            return self.endpoint_of(target.container_apps.container_apps.get(place.resource_group, place.name))

    def endpoint_of(self, app: Any) -> Endpoint:
        """Where an app answers. Raises InputError for one without ingress."""
        ingress = app.properties.configuration.ingress
        if ingress is None or not ingress.fqdn:
            raise InputError(f"The app '{app.name}' has no ingress, so that nothing reaches it: add one to the template.")
        return Endpoint(str(ingress.fqdn), f"The host name of app '{app.name}'")

    def status(self, target: Target) -> AppStatus:
        """The app's revisions and replicas as they are now."""
        place = self._place(target)
        with live.service_errors(self, place, f"reading app '{place.name}'"):
            return read_status(target, place)

    def logs(
        self, target: Target, *, follow: bool = False, lines: int = TAIL_LINES, container: str | None = None
    ) -> Iterator[LogLine]:
        """The console log of the newest replica of the latest revision; ``follow`` goes on until the caller ends it.

        Following begins anew with the next replica when one is gone. ``lines`` are the last ones to begin with, at most 300.
        """
        from infra_lib.deploy.log_stream import follow_log, read_log

        place = self._place(target)
        name = ""
        while True:
            status = self.status(target)
            replicas = status.revision(status.latest_revision).replicas
            newest = max(replicas, key=lambda item: item.created, default=None)
            if newest is None and not follow:
                raise InputError(f"The app '{place.name}' has no replica, so there is no log: run `infra deploy inference`.")
            if newest is None or newest.name == name:
                time.sleep(1.0)
                continue
            name = newest.name
            source = self._log_source(target, place, newest.stream(container))
            if not follow:
                yield from read_log(target, source, lines=lines)
                return

            def is_over(replica: str = name) -> bool:
                current = self.status(target)
                return replica not in {item.name for item in current.revision(current.latest_revision).replicas}

            yield from follow_log(target, source, lines=lines, is_over=is_over, pause=time.sleep)

    def _log_source(self, target: Target, place: Place, url: str) -> LogSource:
        from infra_lib.deploy.log_stream import LogSource

        def token() -> str:
            answer: Any = target.container_apps.container_apps.get_auth_token(place.resource_group, place.name)
            return str(answer.properties.token)

        return LogSource(url=url, token=token)

    def scale(self, target: Target, *, minimum: int, maximum: int) -> RevisionStatus:
        """Change how many replicas there are; the new revision that this makes. Raises InputError for counts that cannot be."""
        whole = all(isinstance(count, int) and not isinstance(count, bool) for count in (minimum, maximum))
        if not whole or not 0 <= minimum <= maximum <= MOST_REPLICAS or maximum < 1:
            raise InputError(
                f"{minimum} to {maximum} replicas cannot be: minimum and maximum are whole numbers, minimum 0 or more, maximum "
                f"from 1 to {MOST_REPLICAS} and not less than minimum."
            )
        place = self._place(target)
        with live.service_errors(self, place, f"scaling app '{place.name}'"):
            app = self._patch(target, place, {"template": {"scale": {"minReplicas": minimum, "maxReplicas": maximum}}})
        return self.status(target).revision(str(app.properties.latest_revision_name))

    def set_secret(self, target: Target, name: str, value: str) -> str:
        """Keep a secret with the app and set it as an environment variable in all containers; that variable's name.

        It is in effect with the new revision that this makes; where the app runs, that starts at once.
        """
        _, variable = secret_to_set(name)
        place = self._place(target)
        with live.service_errors(self, place, f"setting a secret of app '{place.name}'"):
            apps = target.container_apps.container_apps
            current = apps.get(place.resource_group, place.name).as_dict()
            held = apps.list_secrets(place.resource_group, place.name).value or []
            self._patch(target, place, **patch_with_secret(current, held, name, value))
        return variable

    def remove_secret(self, target: Target, name: str) -> list[str]:
        """Take a secret away from the app, and its environment variable out of all containers; the variables taken out.

        It is in effect with the new revision that this makes; where the app runs, that starts at once. Raises InputError for a
        secret that is not there or that something else uses.
        """
        place = self._place(target)
        clients: Any = target.container_apps
        with live.service_errors(self, place, f"removing a secret of app '{place.name}'"):
            apps = clients.container_apps
            current = apps.get(place.resource_group, place.name).as_dict()
            held = apps.list_secrets(place.resource_group, place.name).value or []
            listed = clients.container_apps_auth_configs.list_by_container_app(place.resource_group, place.name)
            sign_in = [{f"authConfigs/{one.name}": one.as_dict().get("properties")} for one in listed]
            self._patch(target, place, **patch_without_secret(current, held, name, sign_in))
        return variables_of(current, name)

    def _patch(self, target: Target, place: Place, properties: dict[str, Any], tags: dict[str, str] | None = None) -> Any:
        apps = target.container_apps.container_apps
        body: Any = {"properties": properties, **({"tags": tags} if tags is not None else {})}
        apps.begin_update(place.resource_group, place.name, body, polling_interval=2).result()
        return apps.get(place.resource_group, place.name)

    def _place(self, target: Target) -> Place:
        return live.locate(self, target, "ACA_APP_NAME")

