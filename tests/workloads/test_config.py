"""Config files: what is written stays, what is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra_lib.errors import InputError
from infra_lib.workloads.config import WorkloadConfig


def test_outputs_fill_their_keys_and_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "inference.config.json"
    path.write_text('{"ACA_APP_NAME": "old", "MINE": 1}')
    config = WorkloadConfig(path, "inference")
    config.write(config.merged({"ACA_APP_NAME": "new", "OTHER": "not a key"}))
    written = json.loads(path.read_text())
    assert written["ACA_APP_NAME"] == "new"
    assert written["MINE"] == 1
    assert written["SUBSCRIPTION_ID"] is None
    assert "OTHER" not in written


def test_a_missing_value_says_where_it_comes_from(tmp_path: Path) -> None:
    config = WorkloadConfig(tmp_path / "inference.config.json", "inference")
    with pytest.raises(InputError, match=r"inference\.config\.json: ACA_APP_NAME is missing\. Run `infra provision inference`"):
        config.require("ACA_APP_NAME")


@pytest.mark.parametrize(
    ("text", "message"), [("{", "not JSON"), ("", "is empty"), ("[]", "JSON object"), ('{"A": 1,}', r"\(1,\d+\)")]
)
def test_a_broken_file_is_said_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "inference.config.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        WorkloadConfig(path, "inference")


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    path = tmp_path / "inference.config.json"
    path.write_bytes("{}".encode("utf-16"))
    with pytest.raises(InputError, match=r"is not text in UTF-8: save it"):
        WorkloadConfig(path, "inference")
