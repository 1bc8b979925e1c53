# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Gives a security tag to virtual machines, and takes it from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.security_tag import calls, resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.vapp.calls import find_machine, read_machine
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.manager import Change
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.rights import require_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import TAGS, UPDATE, Operation


def ensure(api: Api, params: Mapping[str, Any], check_mode: bool) -> Change:
    """Bring a tag to the wanted state. Raises CollectionError; a later run completes what was begun."""
    tag = resource.from_options(params)
    calls.check_tenant(api)
    tagged = {str(row["id"]): row for row in calls.machines_with(api, tag)}
    named = [_find(api, number, params, tagged) for number in range(len(params["vms"] or []))]
    known = {**tagged, **{str(one["id"]): one for one in named}}
    meant = None if params["vms"] is None else {str(one["id"]) for one in named}
    add, remove = resource.to_change(tagged, meant, params["state"], params["exclusive"])
    bodies = {one: calls.read_tags(api, one) for one in (*add, *remove)}
    for one in add:
        if len(bodies[one].get("tags") or []) >= resource.MOST:
            raise CollectionError(f"{calls.what_of(one)} are {resource.MOST} already: Cloud Director accepts no more")
    before = resource.to_result(tag, tagged.values())
    if not bodies:
        return Change(False, before, before)
    warnings = require_rights(api, [Operation(UPDATE, TAGS)])
    if check_mode:
        left = (set(tagged) | set(add)) - set(remove)
        return Change(True, before, resource.to_result(tag, (known[one] for one in left)), tuple(warnings))
    for one in add:
        api.update(calls.path_of(one), calls.what_of(one), bodies[one], lambda body: resource.with_tag(body, tag))
    for one in remove:
        api.update(calls.path_of(one), calls.what_of(one), bodies[one], lambda body: resource.without_tag(body, tag))
    return Change(True, before, resource.to_result(tag, calls.machines_with(api, tag)), tuple(warnings))


def _find(api: Api, number: int, params: Mapping[str, Any], tagged: Mapping[str, Body]) -> Body:
    """A virtual machine of the option vms. A URN is looked up only if its machine will get the tag."""
    machine = str(params["vms"][number])
    if not machine.startswith("urn:"):
        return find_machine(api, f"vms[{number}]", machine, params["vdc"])
    if machine in tagged:
        return tagged[machine]
    return {"id": machine} if params["state"] == "absent" else read_machine(api, machine)
