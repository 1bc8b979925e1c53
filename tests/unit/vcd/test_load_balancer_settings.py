# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancer of an edge gateway: options that fit, and what cannot change while it is enabled."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_load_balancer.resource import (
    apply,
    check_change,
    differences,
    from_options,
    to_result,
)

CLOUD = {"id": "urn:vcloud:loadBalancerCloud:1", "name": "cloud-1"}
BODY = {
    "enabled": True,
    "serviceNetworkDefinition": "192.168.255.1/25",
    "supportedFeatureSet": "STANDARD",
    "transparentModeEnabled": False,
    "loadBalancerCloudRef": CLOUD,
    "unknown": 1,
}


def test_the_options_are_written_and_all_other_settings_are_sent_back() -> None:
    wanted = from_options({"enabled": True, "feature_set": "PREMIUM", "transparent_mode": True, "cloud": "cloud-1"})
    changes = differences(to_result(BODY), wanted)
    assert changes == {"feature_set": "PREMIUM", "transparent_mode": True}
    written = apply(BODY, changes, None)
    assert written == {**BODY, "supportedFeatureSet": "PREMIUM", "transparentModeEnabled": True}
    assert differences(to_result(written), wanted) == {}
    assert apply({"enabled": False}, {"enabled": True, "cloud": "c"}, CLOUD)["loadBalancerCloudRef"] == CLOUD


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"service_network": "192.168.255.1"}, "service_network: '192.168.255.1': give an IPv4 gateway"),
        ({"service_network": "fd00::1/120"}, "give an IPv4 gateway"),
        ({"service_network": "x/25"}, "give an IPv4 gateway"),
        (
            {"ipv6_service_network": "192.168.255.1/25"},
            "ipv6_service_network: '192.168.255.1/25': give an IPv6 gateway",
        ),
        ({"cloud": "urn:vcloud:vm:1"}, "cloud: 'urn:vcloud:vm:1': is a URN of kind vm"),
        ({"cloud": " "}, "cloud: ' ': give a name"),
        ({"enabled": False, "feature_set": "STANDARD"}, "feature_set: 'STANDARD': a disabled load balancer has no"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as error:
        from_options({"enabled": True, **options})
    assert text in error.value.message


@pytest.mark.parametrize(
    ("option", "value"),
    [("service_network", "192.168.254.1/25"), ("cloud", "cloud-2")],
)
def test_what_the_engines_use_cannot_change_while_they_run(option: str, value: str) -> None:
    changes = differences(to_result(BODY), from_options({"enabled": True, option: value}))
    with pytest.raises(InvalidInput, match="cannot be changed while the load balancer is enabled"):
        check_change(to_result(BODY), changes)
    check_change(to_result({"enabled": False}), changes)
    check_change(to_result(BODY), {"ipv6_service_network": "fd00::1/120"})  # it has no settings yet
