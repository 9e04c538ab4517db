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

AnswerStyle = Literal["sync", "async", "location", "both"]
"""How a write answers: ``sync`` at once; ``async`` with the resource and Azure-AsyncOperation; ``location`` with 202 and
Location, without a body; ``both`` with 202 and both headers."""


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

    ``tracked``: has a location (required) and tags. ``put``, ``update`` (a PUT on a resource that exists), ``patch`` and
    ``delete_style`` say how these answer; ``created`` and ``updated`` are the statuses of a PUT that answers with a body.
    ``in_progress`` and ``updating`` are the states meanwhile, ``pending`` names the properties that are not there yet when a
    PUT answers. ``still``: an update that changes nothing answers at once. ``echoes``: a write answers with what it was given
    and the properties of these names. ``missing`` is code and text (with ``{name}``) of a 404 in the provider's own words.
    ``status_collection`` and ``result_collection`` are where a location shows its operations. ``replaces`` False: a later PUT
    keeps what it leaves out (tags excepted). ``shape`` is what its body must look like
    (:func:`infra_lib.local.shapes.check_shape`; with
    ``reads_numbers``, numbers may come as text), ``check`` refuses a body on its own terms (also before a deployment begins);
    ``complete`` makes the record to keep, with defaults and read-only properties, and refuses what does not fit the rest of
    the state. ``present`` makes the body that is shown. ``implicit`` gives a resource that exists without having been written,
    ``is_singleton`` says that it is the only one, named default. ``on_delete_asked`` may refuse a deletion, ``on_delete`` is
    told of it, also when it comes with that of the group. ``actions`` are POSTs by name, ``reads`` GETs below the resource by
    name. ``order`` is what a list is ordered by, in place of the ids.
    """

    name: str
    api_versions: tuple[str, ...]
    complete: Complete
    tracked: bool = True
    name_rule: NameRule | None = None
    methods: frozenset[str] = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
    lists: bool = True
    order: Callable[[Record], float] | None = None
    put: AnswerStyle = "sync"
    update: AnswerStyle = "sync"
    patch: AnswerStyle = "sync"
    created: int = 201
    updated: int = 200
    replaces: bool = True
    in_progress: str = "InProgress"
    updating: str | None = None
    pending: tuple[str, ...] = ()
    still: bool = False
    echoes: tuple[str, ...] | None = None
    missing: tuple[str, str] | None = None
    status_collection: str = "operationStatuses"
    result_collection: str = "operationResults"
    shape: Shape = field(default_factory=dict)
    reads_numbers: bool = False
    check: Check | None = None
    present: Present | None = None
    implicit: Implicit | None = None
    is_singleton: bool = False
    on_written: Hook | None = None
    on_delete_asked: Hook | None = None
    on_delete: Hook | None = None
    delete_style: AnswerStyle = "sync"
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
