# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The form of a restore point: a file that people keep, copy and edit, and from which objects are created. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import is_ipv4
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import READABLE_RESTORE_POINTS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput, as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import JsonRefused, check_depth
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import (
    ID,
    TEXT,
    Layout,
    OrNull,
    Values,
    differs,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import KINDS, VIRTUAL_SERVICE
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_fields import FIELDS, MEMBERS

BODY: dict[str, Layout] = {**FIELDS, "members": MEMBERS}
BODIES = Values(BODY)
SERVICE: dict[str, Layout] = {
    "name!": TEXT,
    "namespace!": TEXT,
    "external_ip": TEXT,
    "ingress_ips": [TEXT],
    "fits": [TEXT],
    "shape": TEXT,
    "ports": [TEXT],
    "addresses": [OrNull(TEXT)],
    "health": Values(TEXT),
}
POINT: dict[str, Layout] = {
    "taken": TEXT,
    "cluster_id": TEXT,
    "edge_gateway": {"id!": ID, "name": TEXT},
    "services": [{"name!": TEXT, "namespace": TEXT, "external_ip": TEXT, "internal_ips": [TEXT], "objects": {}}],
    "virtual_services": BODIES,
    "objects": dict.fromkeys(KINDS, BODIES),
    "policies": Values(Values({})),
    "scenario": TEXT,
    "firewall": TEXT,
    "one_arm": {"start_ip!": TEXT, "end_ip!": TEXT},
    "kubernetes_services": [SERVICE],
    "orphans": [TEXT],
    "before_change": [{"what!": TEXT, "started": TEXT}],
}


def check_restore_point(point: Any, option: str = "restore point") -> Mapping[str, Any]:
    """The restore point, if this release can read its form. Raises InvalidInput with the place of a mistake."""
    found = check_types(point, option)
    version = found.get("version")
    if isinstance(version, bool) or version not in READABLE_RESTORE_POINTS:
        readable = " and ".join(map(str, READABLE_RESTORE_POINTS))
        raise InvalidInput(option, f"version {as_text(version)}", f"this release reads versions {readable}")
    return found


def check_types(point: Any, option: str = "restore point") -> Mapping[str, Any]:
    """The restore point of any version, if the parts that are read have the right types. Raises InvalidInput."""
    try:
        check_depth(point)
    except JsonRefused as error:
        raise InvalidInput(option, "...", f"it {error}") from None
    if not isinstance(point, Mapping):
        raise InvalidInput(option, point, "expected a mapping")
    problem = differs(point, POINT) or next(_contradictions(point), "")
    if problem:
        version = f"version {as_text(point.get('version'))}"
        raise InvalidInput(option, version, f"{problem}: give one as a run has stored it")
    return point


def check_gateway(point: Mapping[str, Any], gateway: Mapping[str, Any], option: str = "restore point") -> None:
    """Raise InvalidInput unless a restore point, and every object in it, belongs to this edge gateway."""
    here = f"this is edge gateway {gateway.get('name')} ({gateway['id']})"
    found = point.get("edge_gateway") or {}
    if found.get("id") != gateway["id"]:
        raise InvalidInput(option, f"edge gateway {found.get('name') or ''} ({found.get('id')})", here)
    for place, body in _bodies(point):
        owner = (body.get("gatewayRef") or {}).get("id")
        if owner not in (None, gateway["id"]):
            raise InvalidInput(option, f"{place}.gatewayRef of edge gateway {owner}", here)


def _bodies(point: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The stored bodies, each with its place."""
    kinds = point.get("objects") or {VIRTUAL_SERVICE: point.get("virtual_services") or {}}
    for kind in KINDS:  # what is below any other key is never read, and may be anything
        for name, body in (kinds.get(kind) or {}).items():
            yield f"objects.{kind}.{name}", body


def _contradictions(point: Mapping[str, Any]) -> Iterator[str]:
    """Values that have the right type and still cannot be true."""
    for place, body in _bodies(point):
        name = place.split(".", 2)[2]
        if body.get("name") not in (None, name):
            yield f"{place}: its name is another"
    for number, entry in enumerate(point.get("kubernetes_services") or ()):
        if entry.get("external_ip") and not is_ipv4(entry["external_ip"]):
            yield f"kubernetes_services[{number}].external_ip: expected an IPv4 address"
