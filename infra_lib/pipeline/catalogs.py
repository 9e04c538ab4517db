"""Which knowledge of resource types is at hand, chosen once for every stage that takes some."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra_lib.resource_types.bicep_types import ImportReport, IndexStatus
    from infra_lib.resource_types.catalog import Catalog


@lru_cache(maxsize=1)
def default_catalog() -> Catalog | None:
    """The imported resource types, or None where none are imported."""
    from infra_lib.resource_types.bicep_types import open_default

    return open_default()


@lru_cache(maxsize=1)
def planning_catalog() -> Catalog:
    """What planning compares with: the models of the installed Azure packages, then the imported types.

    The models come first because they alone know which properties cannot be changed.
    """
    from infra_lib.resource_types.catalog import LayeredCatalog
    from infra_lib.resource_types.sdk_models import SdkModelsCatalog

    imported = default_catalog()
    return LayeredCatalog([SdkModelsCatalog(), *([imported] if imported is not None else [])])


def import_resource_types(folder: str | Path, *, progress: Callable[[int, int], None] | None = None) -> ImportReport:
    """Read a checkout of Azure/bicep-types-az into the local index; ``progress`` is told files done and files in all.

    Raises InputError for a folder without types.json files.
    """
    from infra_lib.resource_types.bicep_types import import_types

    report = import_types(folder, progress=progress)
    default_catalog.cache_clear()
    planning_catalog.cache_clear()
    return report


def resource_types_status() -> IndexStatus:
    """What the local index has, and where it is."""
    from infra_lib.resource_types.bicep_types import status

    return status()
