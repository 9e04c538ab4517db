"""What a provider says about one of its resource types; :mod:`infra_lib.local.lifecycle` does the rest alike for all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from infra_lib.local.addresses import Address
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.shapes import Shape
from infra_lib.local.store import Record

if TYPE_CHECKING:
    from infra_lib.local.context import Context

Body = dict[str, Any]

Check = Callable[["Context", Address, Body, Record | None], None]
Complete = Callable[["Context", Address, Body, Record | None], Record]
Present = Callable[["Context", Record, Call], Body]
Implicit = Callable[["Context", Address], Record | None]
Hook = Callable[["Context", Record], None]
Handler = Callable[["Context", Address, Call], Reply]

PutStyle = Literal["sync", "async", "location"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRule:
    """What names a type takes: a pattern of the whole name, and the refusal of another one (``{name}`` in the text)."""

    pattern: re.Pattern[str]
    code: str
    message: str

    def check(self, name: str) -> None:
        """Raise ServiceError for a name that does not match."""
        if not self.pattern.fullmatch(name):
            raise ServiceError(400, self.code, self.message.format(name=name), target=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """A resource type.

    ``tracked``: has a location (required) and tags. ``put``: how a PUT answers: at once (``sync``), with Azure-
    AsyncOperation (``async``) or with 202 and Location. ``created`` is the status of a PUT that creates; ``replaces``
    False: a later PUT keeps what it leaves out (tags excepted). ``shape`` is what its body must look like
    (:func:`infra_lib.local.shapes.check_shape`), ``check`` refuses a body on its own terms (also before a deployment
    begins); ``complete`` makes the record to keep, with defaults and read-only properties, and refuses what does not fit
    the rest of the state. ``present`` makes the body that is shown. ``implicit`` gives a resource that exists without
    having been written, ``is_singleton`` says that it is the only one, named default. ``on_delete_asked`` may refuse a
    deletion, ``on_delete`` is told of it, also when it comes with that of the group. ``actions`` are POSTs by name,
    ``reads`` GETs below the resource by name. ``order`` is what a list is ordered by, in place of the ids.
    """

    name: str
    api_versions: tuple[str, ...]
    complete: Complete
    tracked: bool = True
    name_rule: NameRule | None = None
    methods: frozenset[str] = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
    lists: bool = True
    order: Callable[[Record], float] | None = None
    put: PutStyle = "sync"
    created: int = 201
    replaces: bool = True
    in_progress: str = "InProgress"
    status_collection: str = "operationStatuses"
    shape: Shape = field(default_factory=dict)
    check: Check | None = None
    present: Present | None = None
    implicit: Implicit | None = None
    is_singleton: bool = False
    on_written: Hook | None = None
    on_delete_asked: Hook | None = None
    on_delete: Hook | None = None
    delete_style: PutStyle = "sync"
    actions: Mapping[str, Handler] = field(default_factory=dict)
    reads: Mapping[str, Handler] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name, lower-cased."""
        return self.name.lower()

    def part(self, method: str, name: str) -> Handler | None:
        """What answers an action (POST) or a part (GET) of a resource, by name in any casing; None when there is none."""
        table = self.actions if method == "POST" else self.reads
        return next((handler for known, handler in table.items() if known.lower() == name.lower()), None)

    @property
    def parent_type(self) -> str | None:
        """``Microsoft.App/jobs`` of ``Microsoft.App/jobs/executions``; None for a top-level type."""
        head, _, _ = self.name.rpartition("/")
        return head if "/" in head else None
