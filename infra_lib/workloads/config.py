"""The config files of a project: what provisioning leaves for every later command.

``infra/inference.config.json`` and ``infra/finetuning.config.json`` are flat JSON objects. They are written from a deployment's
outputs of the same names, or by hand; keys that are not known here stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_lib.errors import InputError
from infra_lib.parameters.atomic import write_atomic

SHARED_KEYS = ("SUBSCRIPTION_ID", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "FILE_SHARE_NAME")
KEYS = {
    "inference": (*SHARED_KEYS, "ACA_APP_NAME", "ACA_APP_ENDPOINT"),
    "finetuning": (*SHARED_KEYS, "ACA_JOB_NAME", "COMMANDS"),
}
_TEXTS = frozenset(key for keys in KEYS.values() for key in keys) - {"COMMANDS"}


class WorkloadConfig:
    """A config file: its path and its values by key; a missing file reads as empty.

    Raises InputError for a file that is no JSON object, with the place.
    """

    def __init__(self, path: Path, workload: str) -> None:
        self.path = path
        self.workload = workload
        self._values = _read(path)

    @property
    def values(self) -> Mapping[str, Any]:
        """The values as they are in the file, null for what is not known yet."""
        return self._values

    def get(self, key: str) -> Any:
        """The value of a key, None where it is null or missing."""
        return self._values.get(key)

    def require(self, key: str) -> str:
        """The value of a key as text. Raises InputError that says where it comes from."""
        value = self._values.get(key)
        if not isinstance(value, str) or not value:
            state = "is missing" if value in (None, "") else f"is {json.dumps(value)}, not text"
            raise InputError(
                f"{self.path}: {key} {state}. Run `infra provision {self.workload}`, which writes it, or write it by hand."
            )
        return value

    def merged(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The values with those of ``outputs`` that belong into this file; everything else stays."""
        merged = dict(self._values)
        for key in KEYS[self.workload]:
            if key in outputs:
                merged[key] = outputs[key]
            else:
                merged.setdefault(key, None)
        return merged

    def write(self, values: Mapping[str, Any]) -> None:
        """Replace the file in one step; after a failure (InputError) the old one is as it was."""
        write_atomic(self.path, (json.dumps(values, indent=2, ensure_ascii=False) + "\n").encode())
        self._values = dict(values)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: save it in that encoding.") from error
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}({error.lineno},{error.colno})"
        what = "this is not JSON" if text.strip() else "the file is empty"
        raise InputError(f"{place}: {what}: {error.msg}. Mend it, or delete the file and run `infra provision` again.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path}: a config file is a JSON object, {{\"SUBSCRIPTION_ID\": null, ...}}.")
    for key, item in value.items():
        if key in _TEXTS and item is not None and not isinstance(item, str):
            raise InputError(f"{path}: {key} is {json.dumps(item)}; write text in quotation marks, or null.")
        if key == "COMMANDS" and item is not None and not _is_list_of_texts(item):
            raise InputError(f'{path}: COMMANDS is a list of texts, such as ["cd /mount", "python3 train.py"], or null.')
    return value


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
