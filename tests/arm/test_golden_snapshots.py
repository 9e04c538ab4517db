from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra_lib.arm.failures import EngineError
from infra_lib.arm.snapshot import snapshot

from .engine import CASES, golden

_CASES = sorted(path.parent for path in CASES.glob("*/*/snapshot.json"))

# The official engine lets exceptions of its platform through in these; ours are the language's own.
_PLATFORM = {"ArgumentOutOfRangeException", "ArgumentException", "OverflowException", "InvalidOperationException"}


def _comparable(value: dict[str, Any]) -> dict[str, Any]:
    """A snapshot without the wording of the engine's remarks."""
    return {**value, "diagnostics": [text.split(": ", 1)[0] for text in value["diagnostics"]]}


@pytest.mark.parametrize("case", _CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_snapshot_equals_the_official_one(case: Path) -> None:
    expected = json.loads((case / "snapshot.json").read_text("utf-8"))
    source, parameters, scope = golden(case)
    if "error" in expected:
        with pytest.raises(EngineError) as caught:
            snapshot(source, parameters, scope)
        assert expected["error"] in caught.value.kinds or expected["error"] in _PLATFORM
        return
    got = snapshot(source, parameters, scope).to_dict()
    assert _comparable(got) == _comparable(expected)
    # Equality of Python takes 1 for True and for 1.0; the texts do not.
    assert json.dumps(_comparable(got), sort_keys=True) == json.dumps(_comparable(expected), sort_keys=True)
