"""The service: a request comes in, its route's handler answers. Also a WSGI application."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from email.utils import formatdate
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, Rule

from infra_lib.local import deployments, events, tokens
from infra_lib.local.context import Context
from infra_lib.local.files import FileService
from infra_lib.local.protocol import Call, Reply, ServiceError
from infra_lib.local.providers import generic, route_table
from infra_lib.local.providers.app.console import is_stream
from infra_lib.local.routes import Endpoint, Route

_LOG = logging.getLogger(__name__)
_UNLOCKED_METHODS = frozenset({"GET", "HEAD"})


class Service:
    """The control plane and the Azure Files data plane behind one door."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.files = FileService(context)
        self._lock = threading.RLock()
        self._places, self._router = _router()
        context.answer = self.answer

    # ------------------------------------------------------------------------------------------ answering

    def respond(self, call: Call) -> Reply:
        """Answer a client: authentication, what has become due, the handler, errors as bodies, the usual headers."""
        if self.files.is_meant(call):
            return self.files.respond(call)
        try:
            reply = self._respond_locked(call)
        except ServiceError as error:
            reply = error.reply()
        identifier = call.headers.get("x-ms-client-request-id") or str(uuid.uuid4())
        reply.headers.setdefault("x-ms-request-id", identifier)
        reply.headers.setdefault("x-ms-correlation-request-id", call.headers.get("x-ms-correlation-request-id", identifier))
        reply.headers.setdefault("Date", formatdate(usegmt=True))
        reply.headers.setdefault("Cache-Control", "no-cache")
        return reply

    def _respond_locked(self, call: Call) -> Reply:
        context = self.context
        if not is_stream(call.path):
            tokens.verify(context.store.vault, call)
        with self._lock:
            context.now = context.clock.now()
            if context.store.has_event(context.now):
                with context.store.transaction():
                    events.run_due(context, call)
            if call.method in _UNLOCKED_METHODS:
                return self.answer(call)
            with context.store.transaction():
                return self.answer(call)

    def answer(self, call: Call) -> Reply:
        """The handler's answer; refusals as ServiceError. What runs inside the service (a deployment) calls this."""
        if self.context.faults:
            self.context.refuse_if_asked(call)
        try:
            rule, _ = self._router.match(call.path.lower(), call.method)
        except MethodNotAllowed as refusal:
            methods = sorted(set(refusal.valid_methods or ()))
            raise ServiceError(
                405,
                "MethodNotAllowed",
                f"{call.method} {call.path} is not supported by the local target; supported there: {', '.join(methods)}.",
                headers={"Allow": ", ".join(methods)},
            ) from None
        except NotFound:
            raise generic.unsupported(self.context, call) from None
        # Werkzeug lets what answers GET answer HEAD as well; a handler of both looks at the method.
        endpoints = self._places[rule]
        return (endpoints.get(call.method) or endpoints["GET"])(self.context, call)

    # ------------------------------------------------------------------------------------------ WSGI

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer as a WSGI application."""
        from werkzeug.wrappers import Request

        request = Request(environ)
        raw = environ.get("RAW_URI") or environ.get("REQUEST_URI") or quote(request.path)
        call = Call(
            request.method,
            str(raw).partition("?")[0],
            query=request.query_string.decode("ascii", "replace"),
            headers=dict(request.headers),
            body=request.get_data(),
            origin=request.host_url.rstrip("/"),
        )
        try:
            reply = self.respond(call)
        except Exception:
            _LOG.exception("%s %s failed", call.method, call.path)
            text = "The local target failed to answer; its log says why."
            reply = ServiceError(500, "InternalServerError", text).reply()
        if reply.stream is not None:
            start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", [*reply.headers.items()])
            return reply.stream
        payload = reply.payload()
        headers = [*reply.headers.items()]
        if "Content-Length" not in reply.headers:
            headers.append(("Content-Length", str(len(payload))))
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [] if call.method == "HEAD" else [payload]


def all_routes() -> list[Route]:
    """Every operation of the control plane, deployments included, the fallback for all other resource types last."""
    return [*route_table(), *deployments.routes(), *generic.routes()]


class _MatchOnly(Rule):
    """A rule to match with. Building URLs is never asked for, and preparing for it would take most of the start's time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        return lambda *_arguments, **_values: None


@cache
def _router() -> tuple[dict[str, dict[str, Endpoint]], MapAdapter]:
    """The endpoints by lower-cased rule and method, and a matcher of lower-cased paths that gives a rule."""
    places: dict[str, dict[str, Endpoint]] = {}
    for route in all_routes():
        places.setdefault(route.rule.lower(), {})[route.method] = route.endpoint
    rules = [_MatchOnly(rule, endpoint=rule, methods=[*endpoints]) for rule, endpoints in places.items()]
    return places, Map(rules, strict_slashes=False, merge_slashes=False).bind("local")
