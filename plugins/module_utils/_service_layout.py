# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Converts a Service from the Kubernetes API to the form that the collection returns. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import (
    ANNOTATIONS as DISTRIBUTION_ANNOTATIONS,
)

ANNOTATION = "service.beta.kubernetes.io/vcloud-avi-"
SSL_ANNOTATION = f"{ANNOTATION}ssl"


def describe_service(raw: Mapping[str, Any]) -> dict[str, Any]:
    """One Service, as vcd_ccm_config_info returns it."""
    metadata, spec = raw.get("metadata") or {}, raw.get("spec") or {}
    ingress = ((raw.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    annotations = metadata.get("annotations") or {}
    return {
        "name": metadata.get("name"),
        "namespace": metadata.get("namespace"),
        "deleting": bool(metadata.get("deletionTimestamp")),
        "load_balancer_class": spec.get("loadBalancerClass"),
        "load_balancer_ip": spec.get("loadBalancerIP") or None,
        "ingress_ips": [str(item["ip"]) for item in ingress if item.get("ip")],
        "ports": [
            {
                "name": port.get("name", ""),
                "port": port.get("port"),
                "node_port": port.get("nodePort"),
                "protocol": port.get("protocol", "TCP"),
                "app_protocol": port.get("appProtocol"),
            }
            for port in spec.get("ports") or ()
        ],
        "annotations": {
            name: value
            for name, value in annotations.items()
            if name.startswith(ANNOTATION) or name in DISTRIBUTION_ANNOTATIONS
        },
        "annotations_ssl": {name: value for name, value in annotations.items() if name.startswith(SSL_ANNOTATION)},
    }
