# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VDC may use: capacity, quotas and flags, as the legacy API reads and shows them.

Defaults and limits are those in the documentation of ``vcd_org_vdc`` of Terraform's provider. The values of IsElastic
and IncludeMemoryOverhead of VDCs that are not Flex VDCs are those that the tests of this resource expect of a real VCD.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.api_versions import Version
from vcdsim.store import Record

FLEX = "FLEX"
MODELS = {
    "ALLOCATION_VAPP": "AllocationVApp",
    "ALLOCATION_POOL": "AllocationPool",
    "RESERVATION_POOL": "ReservationPool",
    FLEX: "Flex",
}
Settings = dict[str, Any]

_UNITS = {"Cpu": "MHz", "Memory": "MB"}
_QUOTAS = ("NicQuota", "NetworkQuota", "VmQuota")
_GUARANTEES = ("ResourceGuaranteedMemory", "ResourceGuaranteedCpu")
# what a missing element means; None: an update leaves the value as it is. Go omits values that are false, and the test
# Test_UpdateVdc of go-vcloud-director reads OverCommitAllowed as false after an update without it.
_FLAGS: dict[str, bool | None] = {
    "IsThinProvision": None,
    "UsesFastProvisioning": None,
    "OverCommitAllowed": False,
    "VmDiscoveryEnabled": False,
}
_FLEXIBLE = ("IsElastic", "IncludeMemoryOverhead")
_SLOWEST = 256  # MHz of a virtual CPU
# model -> (elastic, counts the overhead of memory); a Flex VDC gets these values from the client
_OF_MODEL = {
    "ALLOCATION_VAPP": (True, False),
    "ALLOCATION_POOL": (False, True),
    "RESERVATION_POOL": (False, True),
    FLEX: (False, False),
}
_LEAST_GUARANTEE = {"ALLOCATION_POOL": 0.2}  # the least share of guaranteed memory
# From this version on, a Flex VDC that counts the overhead needs a guarantee (go-vcloud-director: "in VCD 10.6+").
_GUARANTEE_SINCE: Version = (39, 0)


def defaults(model: str) -> Settings:
    """The settings of a VDC without any limits."""
    elastic, overhead = _OF_MODEL[model]
    return {
        "ComputeCapacity": {part: {"Allocated": 0, "Limit": 0} for part in _UNITS},
        **dict.fromkeys(_QUOTAS, 0),
        "IsEnabled": True,
        **dict.fromkeys(_GUARANTEES, 1.0),
        "VCpuInMhz": 1000,
        "IsThinProvision": True,
        "UsesFastProvisioning": False,
        "OverCommitAllowed": False,
        "VmDiscoveryEnabled": False,
        "IsElastic": elastic,
        "IncludeMemoryOverhead": overhead,
    }


def of(vdc: Record) -> Settings:
    """The settings of a VDC."""
    return vdc.data.get("settings") or defaults(vdc.data["allocationType"])


def model_of(body: Element) -> str:
    """The allocation model that a body names, as the store has it. Answers 400 for an unknown model."""
    named = xmldoc.text(body, "AllocationModel")
    for stored, shown in MODELS.items():
        if shown == named:
            return stored
    raise errors.bad_field("AllocationModel", f"it must be one of {', '.join(MODELS.values())}")


def read(body: Element, model: str, before: Settings | None, newest: Version) -> Settings:
    """The settings that a body asks for. ``before`` are the current settings of the VDC, None for a new one."""
    settings = dict(before or {**defaults(model), "IsThinProvision": False})
    settings["ComputeCapacity"] = _capacity(body, before)
    for name in _QUOTAS:
        settings[name] = _number(body, name, 0)
    for name in _GUARANTEES:
        settings[name] = _share(body, name, settings[name])
    settings["VCpuInMhz"] = _number(body, "VCpuInMhz", settings["VCpuInMhz"])
    if settings["VCpuInMhz"] < _SLOWEST:
        raise errors.bad_field("VCpuInMhz", f"it must be at least {_SLOWEST}")
    for name, missing in {"IsEnabled": None, **_FLAGS}.items():
        settings[name] = _flag(body, name, settings[name] if missing is None else missing)
    if model == FLEX:
        _read_flexible(body, settings, before, newest)
    if settings["ResourceGuaranteedMemory"] < _LEAST_GUARANTEE.get(model, 0):
        raise errors.bad_field("ResourceGuaranteedMemory", f"it must be at least {_LEAST_GUARANTEE[model]}")
    return settings


def _read_flexible(body: Element, settings: Settings, before: Settings | None, newest: Version) -> None:
    for name in _FLEXIBLE:
        if before is None and not xmldoc.text(body, name):
            raise errors.bad_request(f"A Flex VDC needs {name}.")
        settings[name] = _flag(body, name, settings[name])
    missing = before is None and not xmldoc.text(body, "ResourceGuaranteedMemory")
    if missing and settings["IncludeMemoryOverhead"] and newest >= _GUARANTEE_SINCE:
        raise errors.bad_request("A Flex VDC that includes the overhead of memory needs ResourceGuaranteedMemory.")


def _capacity(body: Element, before: Settings | None) -> dict[str, dict[str, int]]:
    found = body.findall(xmldoc.named("ComputeCapacity"))
    if before is not None and not found:
        return dict(before["ComputeCapacity"])
    if len(found) != 1:
        raise errors.bad_request("A VDC needs one ComputeCapacity.")
    capacity = {}
    for part, units in _UNITS.items():
        element = found[0].find(xmldoc.named(part))
        if element is None or xmldoc.text(element, "Units") != units:
            raise errors.bad_field(f"ComputeCapacity.{part}", f"it must have the Units {units}")
        values = {name: _number(element, name, 0) for name in ("Allocated", "Limit")}
        if 0 < values["Limit"] < values["Allocated"]:
            raise errors.bad_field(f"ComputeCapacity.{part}.Limit", "it must not be less than Allocated")
        capacity[part] = values
    return capacity


def _number(element: Element, tag: str, missing: int) -> int:
    said = xmldoc.text(element, tag)
    if said and not said.isdecimal():
        raise errors.bad_field(tag, "it must be a whole number, and not negative")
    return int(said) if said else missing


def _share(element: Element, tag: str, missing: float) -> float:
    said = xmldoc.text(element, tag)
    if said and not (re.fullmatch(r"\d*\.?\d+", said) and float(said) <= 1):
        raise errors.bad_field(tag, "it must be from 0 to 1")
    return float(said) if said else missing


def _flag(element: Element, tag: str, missing: bool) -> bool:
    said = xmldoc.text(element, tag)
    if said not in ("", "true", "false"):
        raise errors.bad_field(tag, "it must be true or false")
    return said == "true" if said else missing


def show_capacity(root: Element, vdc: Record) -> None:
    """The capacity of a VDC. Pools reserve the guaranteed share (assumed); nothing is used."""
    capacity = xmldoc.child(root, "ComputeCapacity")
    settings = of(vdc)
    guaranteed = {"Cpu": settings["ResourceGuaranteedCpu"], "Memory": settings["ResourceGuaranteedMemory"]}
    for part, units in _UNITS.items():
        values = settings["ComputeCapacity"][part]
        share = guaranteed[part] if vdc.data["allocationType"].endswith("_POOL") else 0
        element = xmldoc.child(capacity, part)
        xmldoc.child(element, "Units", units)
        for name, value in (*values.items(), ("Reserved", round(values["Allocated"] * share)), ("Used", 0)):
            xmldoc.child(element, name, str(value))


def show_quotas(root: Element, vdc: Record, networks: int) -> None:
    """The quotas, how many networks there are, and whether the VDC is enabled."""
    settings = of(vdc)
    for name, value in {
        **{name: settings[name] for name in ("NicQuota", "NetworkQuota")},
        "UsedNetworkCount": networks,
        "VmQuota": settings["VmQuota"],
        "IsEnabled": settings["IsEnabled"],
    }.items():
        xmldoc.child(root, name, xmldoc.plain(value))


def show_guarantees(root: Element, vdc: Record) -> None:
    """The guaranteed share of the capacity; for administrators."""
    for name in (*_GUARANTEES, "VCpuInMhz", "IsThinProvision"):
        xmldoc.child(root, name, xmldoc.plain(of(vdc)[name]))


def show_switches(root: Element, vdc: Record) -> None:
    """How machines are provisioned; for administrators."""
    for name in ("UsesFastProvisioning", "OverCommitAllowed", "VmDiscoveryEnabled", *_FLEXIBLE):
        xmldoc.child(root, name, xmldoc.plain(of(vdc)[name]))
