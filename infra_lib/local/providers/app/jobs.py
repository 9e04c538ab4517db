"""Microsoft.App/jobs and their executions."""

from __future__ import annotations

from typing import Any

from infra_lib.local import lifecycle, refusals
from infra_lib.local.addresses import Address, parse
from infra_lib.local.context import Context
from infra_lib.local.protocol import Call, Reply
from infra_lib.local.providers.app import common, console
from infra_lib.local.providers.app.common import API_VERSIONS, NAME, refuse
from infra_lib.local.providers.values import filled, one_of, properties_of, spelled, unchanged, whole_number
from infra_lib.local.routes import GROUP, Route
from infra_lib.local.shapes import check_shape
from infra_lib.local.store import Record
from infra_lib.local.types import Body, NameRule, ResourceType

TRIGGERS = ("Manual", "Schedule", "Event")
MAX_TIMEOUT = 31536000
HISTORY = 100
"""How many executions that have ended a job remembers (learn.microsoft.com/azure/container-apps/jobs, "Get job execution
history": so many of scheduled and event-driven jobs; here of any)."""
_CRON_FIELDS = 5
_MOST_REPLICAS = 2**31 - 1
_TRIGGER_CONFIG = {"Manual": "manualTriggerConfig", "Schedule": "scheduleTriggerConfig", "Event": "eventTriggerConfig"}
_UNFINISHED = ("Running", "Processing", "Unknown")
_OVERRIDABLE = ("image", "name", "command", "args", "env", "resources", "volumeMounts")

_TRIGGER_SHAPE = {"replicaCompletionCount": int, "parallelism": int}
_SHAPE = {
    "properties": {
        "environmentId": str,
        "workloadProfileName": str,
        "configuration": {
            **common.SECRETS_SHAPE,
            "triggerType": str,
            "manualTriggerConfig": _TRIGGER_SHAPE,
            "scheduleTriggerConfig": {"cronExpression": str, **_TRIGGER_SHAPE},
            "eventTriggerConfig": {
                "scale": {"minExecutions": int, "maxExecutions": int, "pollingInterval": int, "rules": [{"name": str}]},
                **_TRIGGER_SHAPE,
            },
        },
        "template": common.TEMPLATE_SHAPE,
    }
}
_CONFIGURATION_DEFAULTS: Body = {
    "secrets": None,
    "replicaRetryLimit": 0,
    "scheduleTriggerConfig": None,
    "eventTriggerConfig": None,
    "manualTriggerConfig": None,
    "registries": None,
    "identitySettings": [],
    "dapr": None,
}


# ---------------------------------------------------------------------------------------------- jobs


def _check(_context: Context, address: Address, body: Body, existing: Record | None) -> None:
    properties = properties_of(body)
    configuration = properties.get("configuration") or {}
    trigger = configuration.get("triggerType")
    if not trigger:
        raise refuse("InvalidRequestContent", f"The job '{address.name}' needs properties.configuration.triggerType.")
    one_of(trigger, TRIGGERS, "properties.configuration.triggerType")
    if configuration.get("replicaTimeout") is None:
        raise refuse(
            "InvalidRequestContent", f"The job '{address.name}' needs properties.configuration.replicaTimeout, in seconds."
        )
    whole_number(configuration["replicaTimeout"], "properties.configuration.replicaTimeout", 1, MAX_TIMEOUT)
    whole_number(configuration.get("replicaRetryLimit"), "properties.configuration.replicaRetryLimit", 0, 1000)
    _check_trigger(address, spelled(trigger, TRIGGERS), configuration)
    common.check_template(properties.get("template"), common.check_secrets(configuration))
    if existing is not None:
        unchanged(properties.get("environmentId"), existing.properties["environmentId"], "properties.environmentId", address.name)


def _check_trigger(address: Address, trigger: str, configuration: Body) -> None:
    name = _TRIGGER_CONFIG[trigger]
    path = f"properties.configuration.{name}"
    config: Body = configuration.get(name) or {}
    if trigger != "Manual" and not config:
        raise refuse("InvalidRequestContent", f"The job '{address.name}' needs {path}.")
    for key in _TRIGGER_SHAPE:
        whole_number(config.get(key), f"{path}.{key}", 1, _MOST_REPLICAS)
    if trigger != "Schedule":
        return
    expression = config.get("cronExpression")
    if not expression:
        raise refuse("InvalidRequestContent", f"The job '{address.name}' needs {path}.cronExpression.")
    if len(expression.split()) != _CRON_FIELDS:
        raise refuse(
            "InvalidCronExpression",
            f"{path}.cronExpression of the job '{address.name}' is '{expression}': it has five fields, minute, hour, day of the "
            "month, month and day of the week, in UTC, as in '0 0 * * *'.",
        )


def _complete(context: Context, address: Address, body: Body, existing: Record | None) -> Record:
    properties = properties_of(body)
    environment, profile = common.place(context, address, body, "job")
    shown = common.envelope(context, JOB, address, body, existing)
    configuration = filled(properties["configuration"], _CONFIGURATION_DEFAULTS)
    trigger = configuration["triggerType"] = spelled(configuration["triggerType"], TRIGGERS)
    name = _TRIGGER_CONFIG[trigger]
    configuration[name] = filled(common.pruned(configuration[name]), {"replicaCompletionCount": 1, "parallelism": 1})
    secrets = configuration["secrets"] or []
    configuration["secrets"] = common.shown_secrets(secrets)
    configuration["registries"] = common.shown_registries(configuration["registries"])
    shown["properties"] = {
        **properties,
        "provisioningState": "Succeeded",
        "runningStatus": "Ready",
        "environmentId": environment.id,
        "workloadProfileName": profile,
        "configuration": configuration,
        "template": common.complete_template(properties["template"]),
    }
    return Record(address.key, JOB.key, shown, {"secrets": secrets})


def _job_at(context: Context, address: Address) -> Record:
    record = context.store.get(address.key)
    if record is None:
        raise refusals.not_found(address, JOB.name)
    return record


def _list_secrets(context: Context, address: Address, _call: Call) -> Reply:
    return Reply(200, {"value": common.listed_secrets(_job_at(context, address).private["secrets"])})


# ---------------------------------------------------------------------------------------------- executions


def _execution_template(job: Record, given: Body) -> Body:
    """What an execution runs: the job's template, with the containers that the start asks for in place of it."""
    template = job.properties["template"]
    held = {container["name"]: container for container in template["containers"]}
    shown: Body = {}
    for name in ("containers", "initContainers"):
        wanted = given.get(name)
        if not wanted:
            shown[name] = [_kept(container) for container in template.get(name) or []]
            continue
        for container in wanted:
            if not container.get("image") or not container.get("name"):
                raise refuse("InvalidRequestContent", "A container that a job is started with needs a name and an image.")
        shown[name] = [
            {**({} if container["name"] not in held else {"resources": held[container["name"]]["resources"]}), **_kept(container)}
            for container in wanted
        ]
    return shown


def _kept(container: Body) -> Body:
    return {name: container[name] for name in _OVERRIDABLE if container.get(name) is not None}


def _start(context: Context, address: Address, call: Call) -> Reply:
    job = _job_at(context, address)
    given = call.json_object()
    check_shape(given, common.TEMPLATE_SHAPE)
    template = _execution_template(job, given)
    known = {secret["name"] for secret in job.private["secrets"]}
    for container in template["containers"]:
        for variable in container.get("env") or []:
            if variable.get("secretRef") and variable["secretRef"] not in known:
                raise refuse(
                    "ContainerAppSecretRefNotFound",
                    f"SecretRef '{variable['secretRef']}' defined for container '{container['name']}' not found.",
                )
    name = f"{job.body['name']}-{common.random_suffix()}"
    body: Body = {
        "id": f"{job.id}/executions/{name}",
        "name": name,
        "type": EXECUTION.name,
        "properties": {"startTime": common.whole_seconds(context.now), "template": template},
    }
    private = {"started": context.now, "ends": context.due(EXECUTION.name)}
    execution = Record(f"{job.key}/executions/{name}", EXECUTION.key, body, private)
    context.store.put(execution)
    context.runtime.start_execution(job, execution)
    _forget_oldest(context, job)
    return Reply(200, {"id": body["id"], "name": name})


def _forget_oldest(context: Context, job: Record) -> None:
    """Drop the oldest executions that have ended, with their logs, beyond those that a job remembers."""
    if context.store.count_below(job.key, EXECUTION.key) <= HISTORY:
        return
    executions = sorted(context.store.below(job.key, EXECUTION.key), key=lambda item: float(item.private["started"]))
    ended = [item for item in executions if _state(context, job, item)[0] not in _UNFINISHED]
    for execution in ended[: max(len(ended) - HISTORY, 0)]:
        context.runtime.forget_execution(execution)
        context.store.delete(execution.key)


def _state(context: Context, job: Record | None, execution: Record) -> tuple[str, float | None, str]:
    """Status, end and reason of an execution: stopped, as the runtime says, else ended well after the pace's time."""
    stopped = execution.private.get("stopped")
    if stopped is not None:
        return "Stopped", float(stopped), ""
    known = context.runtime.execution(job, execution) if job is not None else None
    if known is not None:
        return str(known["status"]), known.get("endTime"), str(known.get("details") or "")
    ends = float(execution.private["ends"])
    return ("Succeeded", ends, "") if ends <= context.now else ("Running", None, "")


def _present_execution(context: Context, record: Record, _call: Call) -> Body:
    status, ends, reason = _state(context, context.store.get(record.key.rpartition("/executions/")[0]), record)
    properties = {"status": status, **record.properties, "template": _shown_template(record.properties["template"])}
    if ends is not None:
        properties["endTime"] = common.whole_seconds(ends)
    if reason:
        properties["message"] = reason
    return {**record.body, "properties": properties}


def _shown_template(template: Body) -> Body:
    """The template of an execution as it is shown."""
    return {
        name: [
            {
                **container,
                "imageType": "ContainerImage",
                "resources": {**(container.get("resources") or {}), "ephemeralStorage": ""},
            }
            for container in containers or []
        ]
        for name, containers in template.items()
    }


def _stop_one(context: Context, execution: Record) -> None:
    job = context.store.get(execution.key.rpartition("/executions/")[0])
    status, _, _ = _state(context, job, execution)
    if status not in _UNFINISHED:
        return
    execution.private["stopped"] = context.now
    context.store.put(execution)
    if job is not None:
        context.runtime.stop_execution(job, execution)


def _stop_execution(context: Context, address: Address, _call: Call) -> Reply:
    execution = context.store.get(address.key)
    if execution is None:
        raise refusals.not_found(address, EXECUTION.name)
    _stop_one(context, execution)
    return Reply(200)


def _stop_named(context: Context, call: Call) -> Reply:
    """``.../jobs/J/stop/X``, which the Azure CLI asks for."""
    job, _, name = call.path.rpartition("/")
    address = parse(f"{job.rpartition('/')[0]}/executions/{name}")
    return lifecycle.act(context, EXECUTION, address, _stop_execution, call)


def _stop_executions(context: Context, address: Address, call: Call) -> Reply:
    job = _job_at(context, address)
    executions = context.store.below(job.key, EXECUTION.key)
    for execution in executions:
        _stop_one(context, execution)
    return Reply(200, {"value": [_present_execution(context, execution, call) for execution in executions]})


def _auth_token(context: Context, address: Address, call: Call) -> Reply:
    console.require_stream_version(call, "jobs/getAuthToken")
    return console.issue_token(context, _job_at(context, address))


def _made_by_start(_context: Context, _address: Address, _body: Body, _existing: Record | None) -> Any:
    raise NotImplementedError("executions are made by starting their job")


JOB = ResourceType(
    name="Microsoft.App/jobs",
    api_versions=API_VERSIONS,
    name_rule=NameRule(
        pattern=NAME,
        code="ContainerAppsJobInvalidName",
        message="Invalid Job name '{name}'. A name must consist of lower case alphanumeric characters or '-', start "
        "with a letter, end "
        "with an alphanumeric character and cannot have '--'. The length must be between 2 and 32 characters.",
    ),
    put="async",
    update="async",
    updated=201,
    patch="location",
    delete_style="location",
    status_collection="containerappsjobOperationStatuses",
    result_collection="containerappsjobOperationResults",
    shape=_SHAPE,
    reads_numbers=True,
    check=_check,
    complete=_complete,
    present=common.presented,
    on_delete=common.forget_runs,
    actions={"listSecrets": _list_secrets, "getAuthToken": _auth_token, "start": _start, "stop": _stop_executions},
)
EXECUTION = ResourceType(
    name="Microsoft.App/jobs/executions",
    api_versions=API_VERSIONS,
    tracked=False,
    methods=frozenset({"GET"}),
    # The latest first, which is what the Azure CLI takes the first one for.
    order=lambda execution: -float(execution.private["started"]),
    complete=_made_by_start,
    present=_present_execution,
    actions={"stop": _stop_execution},
    reads={"replicas": console.list_execution_replicas},
)

TYPES = (JOB, EXECUTION)
ROUTES = [
    Route(
        method="POST",
        rule=f"{GROUP}/providers/Microsoft.App/jobs/<job>/stop/<execution>",
        endpoint=_stop_named,
        summary="execution of a job: stop",
    )
]
