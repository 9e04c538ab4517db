"""A project folder: where its files are, and its two workloads."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from infra_lib.errors import InputError
from infra_lib.workloads.config import WorkloadConfig
from infra_lib.workloads.finetuning import Finetuning
from infra_lib.workloads.inference import Inference

if TYPE_CHECKING:
    from infra_lib.deploy.target import Target
    from infra_lib.workloads.sync.download import DownloadResult
    from infra_lib.workloads.sync.model import Confirm, Links, SyncListener, SyncResult

WORKLOADS = ("inference", "finetuning")
STORE_FOLDER = ".infra"


class Project:
    """An AI Toolkit project in a folder.

    ``project.inference`` and ``project.finetuning`` are its workloads. Nothing is read before it is needed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Project({str(self.folder)!r})"

    @classmethod
    def open(cls, folder: str | Path) -> Project:
        """The project in ``folder``. Raises InputError where there is none."""
        path = Path(folder)
        if path.exists() and not path.is_dir():
            raise InputError(f"{path} is a file: name the project's folder.")
        if not path.is_dir():
            raise InputError(f"There is no folder {path}: `infra init {path}` makes a project there.")
        return cls(path)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.resolve().name

    @property
    def store(self) -> Path:
        """Where the embedded Resource Manager keeps this project's resources."""
        return self.folder / STORE_FOLDER

    @cached_property
    def inference(self) -> Inference:
        """The app that serves the model."""
        return Inference(self)

    @cached_property
    def finetuning(self) -> Finetuning:
        """The job that fine-tunes the model."""
        return Finetuning(self)

    def workload(self, name: str) -> Inference | Finetuning:
        """A workload by its name. Raises InputError for another name."""
        if name == "inference":
            return self.inference
        if name == "finetuning":
            return self.finetuning
        raise InputError(f"There is no workload '{name}': write inference or finetuning.")

    def template_path(self, workload: str) -> Path:
        """The workload's Bicep file. Raises InputError that names the missing files."""
        return self._find(f"{workload}.bicep", workload)

    def parameters_path(self, workload: str) -> Path:
        """The workload's parameter file. Raises InputError that names the missing files."""
        return self._find(f"{workload}.parameters.json", workload)

    def find_parameters(self, workload: str) -> Path | None:
        """The workload's parameter file, None where there is none."""
        return next((path for path in self._places(f"{workload}.parameters.json") if path.is_file()), None)

    def config_path(self, workload: str) -> Path:
        """The workload's config file, which may not exist yet."""
        return self.folder / "infra" / f"{workload}.config.json"

    def config(self, workload: str) -> WorkloadConfig:
        """The workload's config as the file has it now."""
        return WorkloadConfig(self.config_path(workload), workload)

    def sync(
        self,
        target: Target,
        *,
        workload: str | None = None,
        delete: bool = False,
        dry_run: bool = False,
        links: Links = "follow",
        overwrite: bool = False,
        confirm: Confirm | None = None,
        progress: SyncListener | None = None,
    ) -> SyncResult:
        """Make the file share that the config file names have what this folder has; only what changed is sent.

        What ``.infraignore`` names is left out, ``.infra/`` and ``.git/`` always. ``delete`` removes what a former run put on the
        share and the folder does not have any more. ``links``: symbolic links are followed ("follow"), left out ("skip"), or
        a problem ("refuse"). A file that changed on the share and not here since it was sent or fetched, such as a model that a
        job trained again, is left there and listed in the result's ``plan.newer``, unless ``overwrite``. ``confirm`` is asked
        with the plan before anything is sent; ``progress`` is told how far it is, from several threads, one at a time.
        ``workload`` chooses where the two config files name different shares.

        Raises InputError before anything is sent for what cannot be synchronised as it is; SyncError for a transfer that ended
        early (the next run goes on with it), or did not send all files.
        """
        from infra_lib.workloads.sync.location import share_location
        from infra_lib.workloads.sync.run import synchronise

        return synchronise(
            self.folder, target, share_location(self, target, workload), state=self.store, delete=delete, dry_run=dry_run,
            links=links, overwrite=overwrite, confirm=confirm, listener=progress,
        )  # fmt: skip

    def download(
        self,
        target: Target,
        path: str,
        *,
        to: str | Path | None = None,
        workload: str | None = None,
        overwrite: bool = False,
        progress: SyncListener | None = None,
    ) -> DownloadResult:
        """Fetch a file or folder of the share, with all that is in it: into the folder ``to``, else to its place in this one.

        A file that is here and newer than the one there is not replaced unless ``overwrite``. What is put to its place in this
        folder is noted, so that synchronising does not send it back while it is the same here and there.
        Raises InputError for a newer file and for a path that the share does not have, SyncError when not all arrived.
        """
        from infra_lib.workloads.sync.download import download
        from infra_lib.workloads.sync.location import share_location

        into = Path(to) if to is not None else self.folder.joinpath(*path.strip("/").split("/")[:-1])
        return download(
            target, share_location(self, target, workload), path, into, workspace=self.folder, state=self.store,
            overwrite=overwrite, listener=progress,
        )  # fmt: skip

    def _places(self, file_name: str) -> tuple[Path, Path]:
        """Provisioning files are in infra/provision/; some people keep the parameter file at infra/."""
        return self.folder / "infra" / "provision" / file_name, self.folder / "infra" / file_name

    def _find(self, file_name: str, workload: str) -> Path:
        found = next((path for path in self._places(file_name) if path.is_file()), None)
        if found is not None:
            return found
        names = (f"{workload}.bicep", f"{workload}.parameters.json")
        missing = [str(self._places(name)[0]) for name in names if not any(path.is_file() for path in self._places(name))]
        raise InputError(
            f"{self.folder} is not a complete project: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
            f"`infra init {self.folder}` writes what is missing and leaves the rest."
        )
