# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Security tags: options, results, and what to change. Pure.

The options have the names of the Terraform provider's vcd_security_tag. Limits: the API's descriptions of SecurityTag
and EntitySecurityTags.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd import checks
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.lookup import is_urn

LONGEST, MOST = 128, 256  # characters of a tag, tags of a virtual machine


def to_result(tag: str, machines: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """A tag with its virtual machines, by name; None when no machine has it, because the tag does not exist then."""
    found = [{"id": one.get("id"), "name": one.get("name")} for one in machines]
    return {"name": tag, "vms": sorted(found, key=lambda one: (str(one["name"]), str(one["id"])))} if found else None


def usual_form(tag: str) -> str:
    """A tag as Cloud Director keeps it: in lower case."""
    return tag.strip().lower()


def from_options(params: Mapping[str, Any]) -> str:
    """The tag. Raises InvalidInput for options that cannot work."""
    tag = usual_form(checks.name("name", params["name"]))
    if len(tag) > LONGEST:
        raise InvalidInput("name", params["name"], f"has {len(tag)} characters: give at most {LONGEST}")
    for number, machine in enumerate(params["vms"] or []):
        is_urn(f"vms[{number}]", checks.name(f"vms[{number}]", machine), "vm")
    if params["vdc"]:
        is_urn("vdc", params["vdc"], "vdc")
    if params["state"] == "present" and params["vms"] == []:
        raise InvalidInput("vms", [], "a tag exists only while a virtual machine has it: give one, or state: absent")
    return tag


def to_change(
    tagged: Collection[str], meant: Collection[str] | None, state: str, exclusive: bool
) -> tuple[list[str], list[str]]:
    """The virtual machines (URNs) that get the tag, and those that lose it. ``meant`` is None if none are given."""
    if state == "absent":
        return [], sorted(one for one in tagged if meant is None or one in meant)
    given = meant or ()
    return sorted(set(given) - set(tagged)), sorted(set(tagged) - set(given)) if exclusive else []


def with_tag(body: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """The tags of a virtual machine with this one, in their order."""
    tags = list(body.get("tags") or [])
    return {**body, "tags": tags if tag in tags else [*tags, tag]}


def without_tag(body: Mapping[str, Any], tag: str) -> dict[str, Any]:
    """The tags of a virtual machine without this one, in their order."""
    return {**body, "tags": [one for one in body.get("tags") or [] if one != tag]}
