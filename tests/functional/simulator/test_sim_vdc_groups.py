# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VDC groups of an estate, and the edge gateways and networks that they own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from simulator_bench import Api, description
from vcdsim.estates import EstateError, build
from vcdsim.testing import Simulator
from vcdsim.world import Settings, World

GROUPS = "/vdcGroups"


def estate() -> dict[str, Any]:
    """The estate one-edge with its gateway and network in a group of two VDCs."""
    found: dict[str, Any] = yaml.safe_load((resources.files("vcdsim") / "estates" / "one-edge.yml").read_text())
    (org,) = found["organisations"]
    (vdc,) = org["vdcs"]
    group = {"name": "acme-group", "vdcs": ["acme-vdc", "acme-vdc-2"]}
    org["vdc_groups"] = [group | {key: vdc.pop(key) for key in ("edge_gateways", "networks")}]
    org["vdcs"].append({"name": "acme-vdc-2"})
    return found


def test_groups_can_be_read_and_own_gateways_and_networks(tmp_path: Path) -> None:
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate()))
    with Simulator(estate=path, openapi=description()) as sim:
        admin = Api(sim, "admin@acme")
        (listed,) = admin.values(GROUPS)
        assert admin.get(f"{GROUPS}/{listed['id']}") == listed
        vdcs = [one["vdcRef"]["id"] for one in listed["participatingOrgVdcs"]]
        for vdc in vdcs:
            assert admin.values(f"{GROUPS}?filter=participatingOrgVdcs.vdcRef.id=={vdc}") == [listed]
        for kind in ("edgeGateways", "orgVdcNetworks"):
            (one,) = admin.values(f"/{kind}")
            assert (one["ownerRef"], one["orgVdc"]) == ({"id": listed["id"], "name": "acme-group"}, None)
        assert admin.values(f"/vdcs/{listed['id']}/capabilities")[0]["value"] == "NSX_T"
        kube = Api(sim, "kube@acme")
        assert kube.ask("GET", GROUPS).status_code == 403
        assert kube.ask("GET", f"{GROUPS}/{listed['id']}").status_code == 403


def test_a_group_with_an_unknown_vdc_is_refused() -> None:
    wrong = estate()
    wrong["organisations"][0]["vdc_groups"][0]["vdcs"].append("nowhere")
    with pytest.raises(EstateError, match="VDC group acme-group: no VDC 'nowhere' in acme"):
        build(World(Settings()), wrong)
