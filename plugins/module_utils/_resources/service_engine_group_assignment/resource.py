# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Assignments of service engine groups to edge gateways: options, bodies, results. Pure.

The options have the names of the Terraform provider's vcd_nsxt_alb_edgegateway_service_engine_group.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, reference

Body = dict[str, Any]
FIELDS = {"max_virtual_services": "maxVirtualServices", "reserved_virtual_services": "minVirtualServices"}
HA_MODE_SINCE = (37, 1)  # older API versions do not show the mode of an assigned group
MOST = 1_000_000  # far above what any group serves


def to_result(body: Mapping[str, Any]) -> dict[str, Any]:
    """An assignment as the modules return it. A dedicated group has no numbers."""
    return {
        "id": body.get("id"),
        "service_engine_group": reference(body.get("serviceEngineGroupRef")),
        "edge_gateway": reference(body.get("gatewayRef")),
        **{option: body.get(field) for option, field in FIELDS.items()},
        "deployed_virtual_services": body.get("numDeployedVirtualServices") or 0,
        "feature_set": body.get("serviceEngineGroupSupportedFeatureSet"),
        "ha_mode": body.get("serviceEngineGroupHaMode"),
    }


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted numbers with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    group = checks.name("service_engine_group", params["service_engine_group"])
    is_urn("service_engine_group", group, "serviceEngineGroup")
    wanted = checks.given(params, *FIELDS)
    for option, number in wanted.items():
        checks.integer(option, number, 0, MOST)
    return wanted


def check(planned: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Raise InvalidInput for numbers that contradict each other, or that are too low for what is deployed."""
    most, reserved = planned["max_virtual_services"], planned["reserved_virtual_services"]
    option = "max_virtual_services" if "max_virtual_services" in changes else "reserved_virtual_services"
    if most is not None and reserved is not None and reserved > most:
        raise InvalidInput(option, planned[option], f"{reserved} reserved are more than the maximum of {most}")
    deployed = planned["deployed_virtual_services"]
    if most is not None and "max_virtual_services" in changes and most < deployed:
        raise InvalidInput(option, most, f"{deployed} virtual services are deployed: give at least as many")


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted numbers that the assignment lacks."""
    return differing(current, wanted)


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], references: Mapping[str, Any]) -> Body:
    """A copy of an API body with changes applied."""
    return {**copy.deepcopy(dict(body)), **{FIELDS[key]: value for key, value in changes.items()}}
