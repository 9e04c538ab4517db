"""Workload profile types: what Container Apps environments can run on, and where."""

from __future__ import annotations

from typing import Any

from infra_lib.local.protocol import ServiceError

CONSUMPTION = "Consumption"

# Type, category, applicability, cores, memory in GiB, GPUs, display name; as the service lists them.
_ROWS: tuple[tuple[str, str, str, int, int, int, str], ...] = (
    (CONSUMPTION, CONSUMPTION, "LocationDefault", 4, 8, 0, "Consumption"),
    ("Flex", CONSUMPTION, "Custom", 8, 16, 0, "Flexible"),
    ("D4", "GeneralPurpose", "LocationDefault", 4, 16, 0, "Dedicated-D4"),
    ("D8", "GeneralPurpose", "LocationDefault", 8, 32, 0, "Dedicated-D8"),
    ("D16", "GeneralPurpose", "LocationDefault", 16, 64, 0, "Dedicated-D16"),
    ("D32", "GeneralPurpose", "LocationDefault", 32, 128, 0, "Dedicated-D32"),
    ("E4", "MemoryOptimized", "LocationDefault", 4, 32, 0, "Dedicated-E4"),
    ("E8", "MemoryOptimized", "LocationDefault", 8, 64, 0, "Dedicated-E8"),
    ("E16", "MemoryOptimized", "LocationDefault", 16, 128, 0, "Dedicated-E16"),
    ("E32", "MemoryOptimized", "LocationDefault", 32, 256, 0, "Dedicated-E32"),
    ("NC24-A100", "GPU-NC-A100", "Custom", 24, 220, 1, "Dedicated-NC24-A100"),
    ("NC48-A100", "GPU-NC-A100", "Custom", 48, 440, 2, "Dedicated-NC48-A100"),
    ("NC96-A100", "GPU-NC-A100", "Custom", 96, 880, 4, "Dedicated-NC96-A100"),
    ("Consumption-GPU-NC24-A100", "Consumption-GPU-NC24-A100", "Custom", 24, 220, 1, "Consumption GPU NC24 A100"),
    ("Consumption-GPU-NC8as-T4", "Consumption-GPU-NC8as-T4", "Custom", 8, 56, 1, "Consumption GPU NC8as T4"),
)
_TYPES = {row[0].lower(): row for row in _ROWS}

# Locations that have no GPUs to offer here, so that a plan can meet one.
WITHOUT_GPU = frozenset(
    {"westcentralus", "jioindiacentral", "jioindiawest", "southafricawest", "australiacentral2", "koreasouth"}
)

# Quotas of an environment or a location: name, display name, limit.
QUOTAS: dict[str, tuple[str, int]] = {
    "ManagedEnvironmentCount": ("Managed Environment Count", 50),
    "ManagedEnvironmentConsumptionCores": ("Managed Environment Consumption Cores", 100),
    "ManagedEnvironmentGeneralPurposeCores": ("Managed Environment General Purpose Cores", 100),
    "ManagedEnvironmentMemoryOptimizedCores": ("Managed Environment Memory Optimized Cores", 50),
    "SubscriptionDedicatedNCA100Gpus": ("Subscription Dedicated NCA 100 Gpus", 100),
    "SubscriptionConsumptionNCA100Gpus": ("Subscription Consumption NCA 100 Gpus", 100),
    "SubscriptionConsumptionT4Gpus": ("Subscription Consumption T 4 Gpus", 100),
}
_QUOTA_OF_CATEGORY = {
    "GPU-NC-A100": "SubscriptionDedicatedNCA100Gpus",
    "Consumption-GPU-NC24-A100": "SubscriptionConsumptionNCA100Gpus",
    "Consumption-GPU-NC8as-T4": "SubscriptionConsumptionT4Gpus",
}


def is_consumption(profile_type: str) -> bool:
    """Whether a profile of this type has no minimum and maximum count of nodes."""
    return profile_type.lower().startswith("consumption") or profile_type.lower() == "flex"


def available(location: str) -> list[dict[str, Any]]:
    """The profile types that a location offers, as it lists them."""
    return [
        {
            "category": category,
            "applicability": applicability,
            "cores": cores,
            "memoryGiB": memory,
            "gpus": gpus,
            "displayName": display,
            "name": name,
        }
        for name, category, applicability, cores, memory, gpus, display in _ROWS
        if not (gpus and location in WITHOUT_GPU)
    ]


def check_profiles(profiles: Any, location: str) -> None:
    """Refuse profiles that are unknown, not offered in the location, given twice, or have counts that cannot be."""
    if profiles is None:
        return
    offered = {row["name"].lower() for row in available(location)}
    names: set[str] = set()
    for profile in profiles:
        name, profile_type = str(profile.get("name", "")), str(profile.get("workloadProfileType", ""))
        if not name or not profile_type:
            raise ServiceError(400, "InvalidRequestContent", "A workload profile needs a name and a workloadProfileType.")
        if profile_type.lower() not in offered:
            raise ServiceError(
                400,
                "WorkloadProfileTypeNotAvailable" if profile_type.lower() in _TYPES else "InvalidWorkloadProfileType",
                f"The workload profile type '{profile_type}' of '{name}' is not available in location '{location}'. "
                f"Available there: {', '.join(row['name'] for row in available(location))}.",
                target=name,
            )
        if name.lower() in names:
            raise ServiceError(400, "DuplicateWorkloadProfileName", f"The workload profile '{name}' is given twice.", target=name)
        names.add(name.lower())
        _check_counts(profile, name, profile_type)


def _check_counts(profile: dict[str, Any], name: str, profile_type: str) -> None:
    least, most = profile.get("minimumCount"), profile.get("maximumCount")
    if is_consumption(profile_type):
        if least or most:
            raise ServiceError(
                400,
                "InvalidWorkloadProfileCount",
                f"The consumption profile '{name}' has no minimumCount and maximumCount.",
                target=name,
            )
        return
    if least is None or most is None:
        raise ServiceError(
            400, "InvalidWorkloadProfileCount", f"The workload profile '{name}' needs minimumCount and maximumCount.", target=name
        )
    if not (isinstance(least, int) and isinstance(most, int)) or least < 0 or most < max(least, 1):
        raise ServiceError(
            400,
            "InvalidWorkloadProfileCount",
            f"The workload profile '{name}' has minimumCount {least} and maximumCount {most}; "
            "the minimum is 0 or more, the maximum 1 or more and not below it.",
            target=name,
        )


def gpus_wanted(profiles: Any) -> dict[str, int]:
    """How many GPUs an environment's profiles may use at most, by quota."""
    wanted: dict[str, int] = {}
    for profile in profiles or []:
        row = _TYPES.get(str(profile.get("workloadProfileType", "")).lower())
        if row is not None and row[5]:
            quota = _QUOTA_OF_CATEGORY[row[1]]
            wanted[quota] = wanted.get(quota, 0) + row[5] * int(profile.get("maximumCount") or 0)
    return wanted


def check_size(profile_type: str, resources: list[dict[str, Any]], name: str) -> None:
    """Refuse containers that together ask for more than one node of the profile has, or an odd share of Consumption."""
    row = _TYPES.get(profile_type.lower())
    if row is None:
        return
    cores = sum(float(item["cpu"]) for item in resources)
    memory = sum(_gibibytes(item["memory"], name) for item in resources)
    if cores > row[3] or memory > row[4]:
        raise ServiceError(
            400,
            "ContainerAppInvalidResourceTotal",
            f"The containers of '{name}' ask for {cores:g} cores and {memory:g}Gi of memory; a replica on workload profile type "
            f"{profile_type} has at most {row[3]} cores and {row[4]}Gi.",
        )
    if profile_type == CONSUMPTION and (cores % 0.25 or abs(memory - 2 * cores) > 1e-6):
        raise ServiceError(
            400,
            "ContainerAppInvalidResourceTotal",
            f"The total requested CPU and memory resources for this application (CPU: {cores:g}, memory: {memory:g}) is invalid. "
            "Total CPU and memory for all containers defined in a Container App must add up to one of the following CPU - Memory "
            "combinations: a multiple of 0.25 cores up to 4, with 2Gi for each core.",
        )


def _gibibytes(memory: Any, name: str) -> float:
    text = str(memory)
    for ending, factor in (("Gi", 1.0), ("Mi", 1 / 1024)):
        try:
            if text.endswith(ending):
                return float(text[:-2]) * factor
        except ValueError:
            break
    raise ServiceError(400, "ContainerAppInvalidResource", f"The memory '{memory}' of '{name}' is not a size such as 1Gi.")
