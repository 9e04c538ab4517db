"""``infra local``: the embedded Resource Manager by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra_lib.cli import options
from infra_lib.cli.console import confirm, note, result, result_json

if TYPE_CHECKING:
    from infra_lib.local import LocalResourceManager


@click.group()
def command() -> None:
    """The embedded Resource Manager: serve it to other clients, look into its store, empty it."""


@contextmanager
def _manager(project: Path | None, pace: float = 0.0) -> Iterator[LocalResourceManager]:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.project import STORE_FOLDER

    with Target.local((project or Path(".")) / STORE_FOLDER, pace=pace) as target:
        if target.manager is not None:
            yield target.manager


@command.command("serve")
@options.project_option
@click.option("--host", default="127.0.0.1", show_default=True, help="An address of this machine.")
@click.option("--port", default=8443, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--pace", default=0.0, type=click.FloatRange(min=0), help="Seconds that a long-running operation takes.")
def serve_command(project: Path | None, host: str, port: int, pace: float) -> None:
    """Answer Resource Manager's protocol on loopback until interrupted."""
    from infra_lib.local import serve

    with _manager(project, pace) as manager:
        server = serve(manager, host, port)
        note(f"Resource Manager at {server.url}; use it with --target {server.url}. Ctrl-C ends it.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            note("Ended.")
        finally:
            server.stop()


@command.command("status")
@options.project_option
@options.json_option
def status_command(project: Path | None, as_json: bool) -> None:
    """Say what is in the store."""
    with _manager(project) as manager:
        status = manager.status()
    if as_json:
        result_json(status)
        return
    for name, value in status.items():
        result(f"{name:<20} {value}")


@command.command("reset")
@options.project_option
@options.yes_option
@options.json_option
def reset_command(project: Path | None, yes: bool, as_json: bool) -> None:
    """Forget every resource of the store."""
    if not yes:
        confirm("Forget every resource of the local store?", "Forgetting every resource of the store asks first: add --yes.")
    with _manager(project) as manager:
        manager.reset()
        if as_json:
            result_json(manager.status())
    note("The local store is empty.")


@command.command("export")
@options.project_option
@click.option("--json", is_flag=True, expose_value=False, help="JSON it is in any case.")
def export_command(project: Path | None) -> None:
    """Print every resource of the store as JSON, without secrets."""
    with _manager(project) as manager:
        result_json(manager.export())
