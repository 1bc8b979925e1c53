# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The load balancer of an edge gateway: options, results, and what cannot be changed. Pure.

The options have the names that vcd_edge_gateway_info returns; the names of the Terraform provider's
vcd_nsxt_alb_settings are aliases.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import network_of, version_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.resource import load_balancer
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.comparison import differing
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import Version

Body = dict[str, Any]
FIELDS = {
    "enabled": "enabled",
    "feature_set": "supportedFeatureSet",
    "transparent_mode": "transparentModeEnabled",
    "service_network": "serviceNetworkDefinition",
    "ipv6_service_network": "ipv6ServiceNetworkDefinition",
}
NETWORKS = {"service_network": 4, "ipv6_service_network": 6}
# The API version that introduced an option, from the vendor's description of EdgeLoadBalancerConfig; cloud: 10.6
SINCE: dict[str, Version] = {
    "feature_set": (37, 0),
    "ipv6_service_network": (37, 0),
    "transparent_mode": (37, 1),
    "cloud": (39, 0),
}


def to_result(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the modules return them. Only the provider sees the cloud."""
    return {**load_balancer(settings), "cloud": reference(settings.get("loadBalancerCloudRef"))}


def from_options(params: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values with the keys of `to_result`, for the options that are set. Raises InvalidInput."""
    wanted = checks.given(params, *FIELDS, "cloud")
    for option, version in NETWORKS.items():
        if option in wanted:
            wanted[option] = _gateway_network(option, wanted[option], version)
    if "cloud" in wanted:
        is_urn("cloud", checks.name("cloud", wanted["cloud"]), "loadBalancerCloud")
    others = sorted(set(wanted) - {"enabled"})
    if wanted.get("enabled") is False and others:
        raise InvalidInput(others[0], wanted[others[0]], "a disabled load balancer has no settings: omit it")
    return wanted


def _gateway_network(option: str, value: str, version: int) -> str:
    """The gateway's address and prefix length, as given."""
    text = value.strip()
    if "/" not in text or network_of(text) is None or version_of(text.partition("/")[0]) != version:
        example = "192.168.255.1/25" if version == 4 else "fd00::1/120"
        raise InvalidInput(option, value, f"give an IPv{version} gateway with its prefix length, such as {example}")
    return text


def differences(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted values that the load balancer lacks."""
    return differing(current, wanted, references=("cloud",))


def check_change(current: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a setting that cannot change while the load balancer is enabled: the engines use it."""
    for option in ("service_network", "ipv6_service_network", "cloud"):
        if current["enabled"] and option in changes and current[option]:
            now = current[option]["name"] if option == "cloud" else current[option]
            remedy = f"cannot be changed while the load balancer is enabled ({now!r}): disable it first"
            raise InvalidInput(option, changes[option], remedy)


def planned(body: Mapping[str, Any], changes: Mapping[str, Any], cloud: Body | None) -> dict[str, Any]:
    """The planned settings, in the form of `to_result`. A disabled load balancer has none."""
    return to_result({"enabled": False} if changes.get("enabled") is False else apply(body, changes, cloud))


def apply(body: Mapping[str, Any], changes: Mapping[str, Any], cloud: Body | None) -> Body:
    """A copy of the settings with changes applied, and with the cloud that was read: from 39.0 on, it is required."""
    changed: Body = copy.deepcopy(dict(body))
    for key, value in changes.items():
        if key in FIELDS:
            changed[FIELDS[key]] = value
    return {**changed, "loadBalancerCloudRef": cloud} if cloud else changed
