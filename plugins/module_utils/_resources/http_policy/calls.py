# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for the HTTP policies of a virtual service, and for its WAF, which is only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as services
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.resource import to_result
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.sub_resources import (
    SUB_RESOURCES,
    read_part,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import HTTP_PROFILES
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn, pick

_PARTS = {one.key.removeprefix("http_"): one for one in SUB_RESOURCES}
SINCE = _PARTS["request_rules"].since
WAF_SINCE = _PARTS["waf_config"].since
Service = Mapping[str, Any]


def list_services(api: Api, gateway: Body) -> list[Service]:
    """The virtual services of an edge gateway, as results."""
    return [to_result(row) for row in services.list_summaries(api, gateway)]


def find(api: Api, gateway: Body, name: str, *, needed: bool = True) -> Service | None:
    """The virtual service with this name or URN. If it does not exist: InvalidInput, or None if not ``needed``."""
    is_urn("virtual_service", name, services.OBJECTS.kind)
    rows = list_services(api, gateway)
    matching = [row for row in rows if name in (row["id"], row["name"])]
    if not matching and not needed:
        return None
    found: Service = pick(
        "virtual_service",
        name,
        matching,
        kind="virtual service",
        where=f"on edge gateway {gateway['name']!r}",
        apart="give its URN as virtual_service",
        others=lambda: [str(row["name"]) for row in rows],
    )
    return found


def find_all(api: Api, gateway: Body, name: str | None, *, with_waf: bool) -> tuple[list[dict[str, Any]], list[str]]:
    """The policies of the virtual services with this name or URN (all when None), and warnings."""
    api.require(SINCE, "vcd_http_policy_info")
    if with_waf:
        api.require(WAF_SINCE, "gather: waf")
    if name:
        is_urn("virtual_service", name, services.OBJECTS.kind)
    found, warnings = [], []
    for service in list_services(api, gateway):
        if has_policies(service) and name in (None, service["id"], service["name"]):
            lists = {kind: read(api, gateway, service, kind) for kind in resource.KINDS}
            one = as_result(service, lists)
            if with_waf:
                try:
                    one["waf"] = read_waf(api, gateway, service)
                except Refused as error:
                    one["waf"] = None
                    warnings.append(f"waf: {error.message}")
            found.append(one)
    return found, warnings


def has_policies(service: Service) -> bool:
    """Whether a virtual service can have HTTP policies and WAF."""
    return service["application_profile"] in HTTP_PROFILES


def read(api: Api, gateway: Body, service: Service, kind: str) -> list[Body]:
    """The rules of one kind, in their order."""
    body = read_part(api, _PARTS[kind], str(service["id"]), services.describe(gateway, service["name"]))
    return list(body.get("values") or [])


def read_waf(api: Api, gateway: Body, service: Service) -> dict[str, Any]:
    """The WAF settings. Raises CollectionError. No public source documents the paths, see `sub_resources`."""
    what, urn = services.describe(gateway, service["name"]), str(service["id"])
    body = read_part(api, _PARTS["waf_config"], urn, what)
    allowed = read_part(api, _PARTS["waf_allowlist"], urn, what).get("values") or []
    return {
        "active": bool(body.get("active")),
        "mode": body.get("mode"),
        "allowlist": [{"name": one.get("name"), "active": one.get("active") is not False} for one in allowed],
    }


def write(
    api: Api, gateway: Body, service: Service, kind: str, lists: Mapping[str, Sequence[Body]], wanted: Mapping[str, Any]
) -> None:
    """Write the rules of one kind. After an unclear outcome, they are derived from the current ones again."""
    part = _PARTS[kind]
    what = f"{part.words} of {services.describe(gateway, service['name'])}"

    def change(current: Body) -> Body:
        now = {**lists, kind: list(current.get("values") or [])}
        return {"values": resource.planned(now, wanted)[kind]}

    now = read(api, gateway, service, kind)  # right before the write: another client may have changed others
    api.update(part.of(str(service["id"])), what, {"values": now}, change, shared=True)


def replace_all(
    api: Api, gateway: Body, service: Service, kind: str, present: Sequence[Body], wanted: Sequence[Body]
) -> None:
    """Write the complete list of one kind. ``present`` are the bodies that were read right before."""
    what = f"{words(kind)} of {services.describe(gateway, service['name'])}"
    body = {"values": list(wanted)}
    api.update(_PARTS[kind].of(str(service["id"])), what, {"values": list(present)}, lambda _body: body)


def key_of(kind: str) -> str:
    """The key of one kind in a restore point."""
    return _PARTS[kind].key


def words(kind: str) -> str:
    """How messages name one kind."""
    return _PARTS[kind].words


def as_result(service: Service, lists: Mapping[str, Sequence[Body]]) -> dict[str, Any]:
    """The policies of a virtual service as the modules return them."""
    return {
        "virtual_service": {"id": service["id"], "name": service["name"]},
        **resource.to_result(lists),
    }
