"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

CASES = Path(__file__).parent / "goldens" / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-baselines", action="store_true", help="write the baselines of tests/*/baselines anew")


@pytest.fixture
def update_baselines(request: pytest.FixtureRequest) -> bool:
    """True when baselines are to be written instead of compared."""
    return bool(request.config.getoption("--update-baselines"))
