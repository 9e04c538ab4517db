"""The ``infra`` command: finds the subcommand, runs it, and turns failures into one message and an exit status.

Exit status 0: done; 1: the operation failed, or a plan has a conflict; 2: bad usage or bad input; 3: drift found;
130: interrupted.
"""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from infra_lib.cli.console import fail

if TYPE_CHECKING:
    from infra_lib.errors import InfraError

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_DRIFT = 3
EXIT_INTERRUPTED = 130

# name -> (module in this package, one line of help); a module is imported when its command runs.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write a new AI Toolkit project, or what a project misses."),
    "build": ("build", "Compile a .bicep or .bicepparam file to JSON."),
    "snapshot": ("snapshot", "Show what a template would deploy, evaluated offline."),
    "validate": ("validate", "Check a file and its parameters; nothing is deployed."),
    "plan": ("plan", "Decide for every resource: create, update, keep or leave."),
    "provision": ("provision", "Plan, deploy what has to change, write the config file."),
    "sync": ("sync", "Send the project folder to its file share; only what changed."),
    "download": ("download", "Fetch results from the project's file share."),
    "deploy": ("deploy", "Send the code, restart the app, wait until it answers."),
    "run": ("run", "Send the code, start the fine-tuning job, wait until it has ended."),
    "status": ("status", "Show the app's revisions and replicas, or the job's executions."),
    "logs": ("logs", "Show the console log of the app or of the job."),
    "endpoint": ("endpoint", "Show the URL of the web API, or open it."),
    "secret": ("secret", "Set or remove a secret of the job or the app."),
    "down": ("down", "Delete what this project created, and only that."),
    "types": ("types", "Write a Python module of a template's parameters."),
    "resource-types": ("resource_types", "Import or show what is known of Azure's resource types."),
    "doctor": ("doctor", "Say what this machine has and what is missing."),
    "local": ("local", "Serve, show, reset or export the embedded Resource Manager."),
}


# What goes on after an interruption, and how to come back to it.
_INTERRUPTED = {
    "provision": "A deployment that has begun goes on: run the same command again, and it is followed to its end.",
    "deploy": "What was sent stays, and an app that has begun to start goes on: run the same command again.",
    "run": "What was sent stays. A run that has begun goes on: `infra logs finetuning --follow` shows it, "
    "`infra run finetuning --stop` ends it.",
    "sync": "What was sent stays: run the same command again, and it goes on from there.",
    "download": "What was fetched stays: run the same command again, and it goes on from there.",
    "down": "What is deleted is gone: run the same command again to delete the rest.",
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for, so that each starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of a deployment."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"infra_lib.cli.{COMMANDS[cmd_name][0]}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="infra-lib", prog_name="infra")
def cli() -> None:
    """Take a Bicep file and its parameters to running Azure resources, on Azure or on this machine."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status. Messages go to standard error."""
    from infra_lib.errors import InfraError

    try:
        status: Any = cli.main(args=None if arguments is None else list(arguments), prog_name="infra", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.UsageError as error:
        error.show()
        return EXIT_BAD_INPUT
    except click.ClickException as error:
        error.show()
        return EXIT_FAILED
    except (KeyboardInterrupt, click.Abort) as error:
        if isinstance(error, click.Abort) and not isinstance(error.__cause__, KeyboardInterrupt):
            fail("Nothing was done.")
            return EXIT_FAILED
        chosen = next((name for name in (sys.argv[1:] if arguments is None else arguments) if name in COMMANDS), "")
        fail(f"Interrupted. {_INTERRUPTED.get(chosen, '')}".rstrip())
        return EXIT_INTERRUPTED
    except InfraError as error:
        return _report(error)
    except BrokenPipeError:
        return EXIT_FAILED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        fail("The disk is full: the result could not be written whole.")
        return EXIT_FAILED
    except Exception as error:
        text = _service_failure(error)
        if text is None:
            raise
        fail(text)
        return EXIT_FAILED


def _report(error: InfraError) -> int:
    from infra_lib.errors import DeploymentError, PlanError

    fail(str(error))
    return EXIT_FAILED if isinstance(error, DeploymentError | PlanError) else EXIT_BAD_INPUT


def _service_failure(error: Exception) -> str | None:
    """A failure of the Azure SDK in words: no sign-in, no connection, a refusal; None for any other exception."""
    if not type(error).__module__.startswith(("azure.", "infra_lib.")) or "azure.core" not in sys.modules:
        return None
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError

    if isinstance(error, ClientAuthenticationError):
        from infra_lib.deploy.failures import no_sign_in

        return no_sign_in(error)
    if isinstance(error, HttpResponseError):
        from infra_lib.deploy.failures import failure

        return str(failure(error, "talking to Resource Manager"))
    if isinstance(error, ServiceRequestError):
        return f"Resource Manager cannot be reached: {error}. Check the network, a proxy, and the endpoint."
    return str(error) if isinstance(error, AzureError) else None


if __name__ == "__main__":
    main()
