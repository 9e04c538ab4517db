"""What a plan knows of the cloud and of the place that its target deploys to."""

from __future__ import annotations

from pathlib import Path

import pytest

import infra_lib as infra
from infra_lib.arm.clouds import PUBLIC_CLOUD
from infra_lib.errors import InputError

ZONE = """
resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = {
  name: 'privatelink.blob.${environment().suffixes.storage}'
  location: 'global'
}
output name string = zone.name
output cloud string = environment().name
"""


def test_a_name_with_a_suffix_of_the_cloud_is_known_to_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "zone.bicep"
    path.write_text(ZONE)
    with infra.Target.local() as target:

        def plan() -> infra.Plan:
            return infra.plan(path, target=target, resource_group="rg", location="westeurope")

        deployment = plan().apply()
        again = plan()
        assert [(change.action, change.resource.name) for change in again.changes] == [
            ("unchanged", "privatelink.blob.core.windows.net"),
        ]
        wanted = {"name": "privatelink.blob.core.windows.net", "cloud": PUBLIC_CLOUD}
        assert (deployment.outputs, again.apply().outputs) == (wanted, wanted)


@pytest.mark.parametrize(
    ("endpoint", "cloud"),
    [
        ("https://management.azure.com", PUBLIC_CLOUD),
        ("http://127.0.0.1:8443", PUBLIC_CLOUD),
        ("https://management.usgovcloudapi.net", None),
    ],
)
def test_the_cloud_of_a_target(endpoint: str, cloud: str | None) -> None:
    class Credential:
        def get_token(self, *scopes: str, **options: object) -> None:
            raise AssertionError(scopes)

    subscription = "11111111-1111-1111-1111-111111111111"
    assert infra.Target.azure(subscription, credential=Credential(), endpoint=endpoint).cloud == cloud  # type: ignore[arg-type]


def test_a_template_for_a_management_group_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "policy.bicep"
    path.write_text("targetScope = 'managementGroup'\n")
    with infra.Target.local() as target, pytest.raises(InputError, match=r"policy\.bicep is for a management group"):
        infra.plan(path, target=target, location="westeurope")
