"""What the file service refuses, in words and with the next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra_lib.errors import SyncError
from infra_lib.workloads.sync.model import files_text
from infra_lib.workloads.sync.names import shown_path

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError, HttpResponseError

    from infra_lib.workloads.sync.model import SyncResult

# Refusals that end a transfer as a whole; {share} and {account} are filled in.
_ENDING = {
    "ShareSizeLimitReached": "The share '{share}' is full. Raise its quota in the portal or the template, delete there what is "
    "not needed, or leave files out with .infraignore; then run the same command again.",
    "ShareNotFound": "There is no share '{share}' in storage account '{account}' any more. Run `infra provision`, or mend "
    "FILE_SHARE_NAME in the config file.",
    "ShareBeingDeleted": "The share '{share}' is being deleted. Wait until it is gone, then run `infra provision`.",
    "ShareDisabled": "The share '{share}' is disabled. Enable it in the portal.",
    "AuthenticationFailed": "The storage account '{account}' does not accept its own key: it was rotated a moment ago, or this "
    "machine's clock is wrong. Check the clock and run the same command again.",
    "KeyBasedAuthenticationNotPermitted": "The storage account '{account}' does not allow access with keys. Set "
    "allowSharedKeyAccess to true: the environment's storage needs it as well.",
    "AuthorizationFailure": "The network rules of storage account '{account}' do not let this machine in. Add its address there.",
    "AuthorizationPermissionMismatch": "Your access to storage account '{account}' does not include its files.",
    "InsufficientAccountPermissions": "The storage account '{account}' does not permit this operation.",
    "AccountIsDisabled": "The storage account '{account}' is disabled. Enable it in the portal.",
    "ServerBusy": "The storage account '{account}' is busy and refused several times. Run the same command again later.",
    "OperationTimedOut": "The storage account '{account}' took too long several times. Run the same command again.",
    "InternalError": "The file service failed several times ({said}). Run the same command again later.",
}

# Refusals that are about one file or folder; the others are transferred all the same.
_OF_A_FILE = {
    "SharingViolation": "it is open on the share, perhaps in a running container: stop it (or restart the app), then run again",
    "ReadOnlyAttribute": "it is read-only on the share: remove that attribute there",
    "InvalidResourceName": "Azure Files does not take its name: rename it, or leave it out with .infraignore",
    "ResourceTypeMismatch": "a file and a folder have the same name: rename or delete one of them",
    "DeletePending": "it is being deleted on the share: run again in a minute",
    "CannotDeleteFileOrDirectory": "it is open on the share, perhaps in a running container: stop it, then run again",
    "LeaseIdMissing": "somebody holds a lease on it: release that first",
    "ParentNotFound": "its folder was removed on the share meanwhile: run again",
    "RenameDestinationParentPathNotFound": "its folder was removed on the share meanwhile: run again",
    "ClientCacheFlushDelay": "it is open on the share and not written yet: run again in a minute",
    "FileLockConflict": "a part of it is locked on the share, perhaps by a running container: stop it, then run again",
}


class ConnectionLostError(SyncError):
    """The share could not be reached, again and again; asking for more would take as long."""


class IncompleteSyncError(SyncError):
    """Some files could not be transferred, all others were. ``result`` says which is which."""

    def __init__(self, result: SyncResult) -> None:
        self.result = result
        super().__init__(
            f"{files_text(len(result.failed))} could not be synchronised; the others are on the share '{result.plan.share}'.",
            [f"{shown_path(item.path)}: {item.reason}." for item in result.failed],
        )


class FileProblem(Exception):  # noqa: N818 - a finding about one file, gathered and reported with the others
    """One file cannot be transferred; the text says why and what to do. The others go on."""


def code_of(error: AzureError) -> str:
    """The service's code of a refusal, empty where there is none."""
    code = getattr(error, "error_code", None) or ""
    if not code:
        response = getattr(error, "response", None)
        code = response.headers.get("x-ms-error-code", "") if response is not None else ""
    return str(getattr(code, "value", code))


def ending(error: AzureError, *, account: str, share: str) -> SyncError | None:
    """The refusal as the end of a transfer; None when it is about one file."""
    from azure.core.exceptions import HttpResponseError

    if not isinstance(error, HttpResponseError):
        reason = str(error.message or error).splitlines()[0][:200]
        return ConnectionLostError(
            f"The connection to storage account '{account}' was lost several times: {reason} Check the network, a proxy and the "
            "account's firewall, then run the same command again: what arrived is kept."
        )
    code = code_of(error)
    text = _ENDING.get(code)
    if text is None and (error.status_code or 0) >= 500:
        text = _ENDING["InternalError"]
    if text is None:
        return None
    return SyncError(text.format(account=account, share=share, said=_said(error)))


def of_a_file(error: HttpResponseError) -> FileProblem:
    """The refusal as a problem of one file."""
    code = code_of(error)
    text = _OF_A_FILE.get(code)
    if text is None:
        text = f"the file service refuses it: {_said(error)} ({code or error.status_code})"
    return FileProblem(text)


def refused(error: HttpResponseError, doing: str) -> SyncError:
    """A refusal that is about no file in particular: ``doing`` completes "refused while ...", as ``listing the share``."""
    return SyncError(f"The file service refused while {doing}: {of_a_file(error)}.")


def _said(error: HttpResponseError) -> str:
    """The first line of what the service says."""
    lines = str(error.message or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else f"status {error.status_code}"
