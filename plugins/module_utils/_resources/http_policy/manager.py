# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Brings the HTTP policies of one virtual service to the wanted rules. They are part of it, and are deleted with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy import calls, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import POLICIES, UPDATE, Operation


def ensure(api: Api, gateway: Body, params: Mapping[str, Any], check_mode: bool) -> Change:
    """Bring the rules to the wanted ones. Raises CollectionError, in check mode also for what a real run refuses."""
    wanted, absent = resource.from_options(params), params["state"] == "absent"
    name = params["virtual_service"]
    service = calls.find(api, gateway, name, needed=not absent)
    if service is None or (absent and not calls.has_policies(service)):
        return Change(False, None, None)  # its policies are gone with it
    if not calls.has_policies(service):
        remedy = f"has the application profile {service['application_profile']}: HTTP policies need HTTP or HTTPS"
        raise InvalidInput("virtual_service", name, remedy)
    api.require(calls.SINCE, "vcd_http_policy")
    if absent:
        wanted = {kind: [] for kind in resource.KINDS}
    lists = {kind: calls.read(api, gateway, service, kind) for kind in resource.KINDS}
    after = resource.planned(lists, wanted)
    kinds = resource.to_write(lists, after)
    before = calls.as_result(service, lists)
    if not kinds:
        return Change(False, before, before)
    warnings = require_rights(api, [Operation(UPDATE, POLICIES)])
    if check_mode:
        return Change(True, before, calls.as_result(service, after), tuple(warnings))
    for kind in kinds:
        calls.write(api, gateway, service, kind, lists, wanted)
    found = {kind: calls.read(api, gateway, service, kind) for kind in resource.KINDS}
    for kind in resource.to_write(found, resource.planned(found, wanted)):
        warnings.append(f"{kind}: Cloud Director did not apply all of it, or another client has changed it since")
    return Change(True, before, calls.as_result(service, found), tuple(warnings))
