"""Reading live state: every resource by its id, at the API version of its declaration, several at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from infra_lib.arm.ids import ResourceId
from infra_lib.deploy.wire import raw_body
from infra_lib.planning.model import MISSING, LiveState

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target

DEFAULT_CONCURRENCY = 16

# Reads that are answered sooner than this, in seconds, are computation in this process, which threads make slower (measured:
# 110 ms for 200 reads one by one, 220 ms by 16 threads).
_WORTH_A_THREAD = 0.004

# Where a provider names no version of a type.
_ANY_VERSION = "2021-04-01"


def discover(
    target: Target, resources: Iterable[tuple[str, str]], *, concurrency: int = DEFAULT_CONCURRENCY
) -> dict[str, LiveState]:
    """Read the live state of (resource id, API version) pairs; the result is by lower-case id, each id read once.

    What may not be read is a finding (``unreadable`` with the service's reason), as is an API version that the service does not
    have. Failures of the connection and of signing in are raised as the SDK raises them.
    """
    wanted = {resource_id.lower(): (resource_id, api_version) for resource_id, api_version in resources}
    found: dict[str, LiveState] = {}
    for key, pair in wanted.items():
        began = time.perf_counter()
        found[key] = read_resource(target, *pair)
        if time.perf_counter() - began > _WORTH_A_THREAD:
            break
    rest = {key: pair for key, pair in wanted.items() if key not in found}
    if rest:
        with ThreadPoolExecutor(max_workers=min(concurrency, len(rest)), thread_name_prefix="discover") as pool:
            found.update(zip(rest, pool.map(lambda pair: read_resource(target, *pair), rest.values()), strict=True))
    return found


def read_resource(target: Target, resource_id: str, api_version: str) -> LiveState:
    """Read one resource; 404 is ``missing``, 400 and 403 are ``unreadable``.

    Without an API version, as in a template with an ``apiProfile``, at the version that the type has by default.
    """
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

    try:
        version = api_version or _default_version(target, resource_id)
        body = target.resources.resources.get_by_id(resource_id, api_version=version, cls=raw_body)
    except ResourceNotFoundError:
        return MISSING
    except ClientAuthenticationError:
        raise
    except HttpResponseError as error:
        if error.status_code not in (400, 403, 405):
            raise
        return LiveState(status="unreadable", reason=_reason(error))
    return LiveState(status="present", body=body if isinstance(body, dict) else {})


def _default_version(target: Target, resource_id: str) -> str:
    """The API version that the resource's provider has for its type by default."""
    namespace, _, kind = ResourceId.parse(resource_id).type.partition("/")
    provider = target.resources.providers.get(namespace)
    for offered in provider.resource_types or []:
        if str(offered.resource_type).lower() == kind.lower():
            versions = [getattr(offered, "default_api_version", None), *(offered.api_versions or [])]
            return next((version for version in versions if version), _ANY_VERSION)
    return _ANY_VERSION


def _reason(error: Any) -> str:
    from infra_lib.deploy.failures import describe_error, error_body

    causes = describe_error(error_body(error))
    return causes[0] if causes else f"HTTP status {error.status_code}"
