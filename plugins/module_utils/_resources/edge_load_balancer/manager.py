# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings the load balancer of an edge gateway to the wanted settings, which only the provider may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_gateway.calls import (
    load_balancer_of,
    wait_until_ready,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.edge_load_balancer import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.pool import calls as pools
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service import calls as services
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import pick_reference
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import SETTINGS, UPDATE, Operation


def ensure(api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> Change:
    """Bring the settings to the wanted ones. Raises CollectionError, with nothing written."""
    wanted = resource.from_options(params)
    for option, since in resource.SINCE.items():
        if option in wanted:
            api.require(since, option)
    body = load_balancer_of(api, gateway)
    before = resource.to_result(body)
    changes = resource.differences(before, wanted)
    if not changes:
        return Change(False, before, before)
    warnings = require_rights(api, [Operation(UPDATE, SETTINGS)])
    resource.check_change(before, changes)
    _check_users(api, gateway, changes)
    cloud = _find_cloud(api, changes["cloud"]) if changes.get("cloud") else None
    if check_mode:
        return Change(True, before, resource.planned(body, changes, cloud), tuple(warnings))
    path, what = f"edgeGateways/{gateway['id']}/loadBalancer", f"load balancer of edge gateway {gateway['name']!r}"
    api.update(path, what, body, lambda current: resource.apply(current, changes, cloud))
    if params["wait"]:
        wait_until_ready(api, gateway, params["wait_timeout"])
    return Change(True, before, resource.to_result(load_balancer_of(api, gateway)), tuple(warnings))


def _check_users(api: Api, gateway: Body, changes: Mapping[str, Any]) -> None:
    """Raise CollectionError that lists the users of a load balancer, or a transparent mode, that is to be disabled."""
    rows = services.list_summaries(api, gateway)
    users = []
    if changes.get("enabled") is False:
        users = [f"virtual service {row.get('name')!r}" for row in rows]
        users += [f"pool {row.get('name')!r}" for row in pools.list_summaries(api, gateway)]
    elif changes.get("transparent_mode") is False:
        users = [f"virtual service {row.get('name')!r}" for row in rows if row.get("transparentModeEnabled")]
    if users:
        option = "enabled" if "enabled" in changes else "transparent_mode"
        listed = ", ".join(users[:10]) + (f" and {len(users) - 10} more" if len(users) > 10 else "")
        raise CollectionError(f"{option}: cannot be disabled on edge gateway {gateway['name']!r}, because of {listed}")


def _find_cloud(api: Api, cloud: str) -> Body:
    rows = api.pages("loadBalancer/clouds", "load balancer clouds")
    names = [str(row.get("name")) for row in rows]
    where = f"visible to {api.session.settings.who}"
    return pick_reference("cloud", cloud, rows, kind="load balancer cloud", where=where, others=lambda: names)
