# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of an organisation in the legacy XML API: quotas, catalogs, leases, passwords. None is enforced."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from vcdsim import errors, xmldoc
from vcdsim.store import Record

Settings = dict[str, dict[str, str]]
_WEEK, _MONTH = 7 * 24 * 3600, 30 * 24 * 3600  # leases of a new organisation, in seconds (assumed)
# in the order in which VCD shows them
DEFAULTS: Settings = {
    "OrgGeneralSettings": {
        "CanPublishCatalogs": "false",
        "CanPublishExternally": "false",
        "CanSubscribe": "false",
        "DeployedVMQuota": "0",
        "StoredVmQuota": "0",
        "UseServerBootSequence": "false",
        "DelayAfterPowerOnSeconds": "0",
    },
    "VAppLeaseSettings": {
        "DeleteOnStorageLeaseExpiration": "false",
        "DeploymentLeaseSeconds": str(_WEEK),
        "StorageLeaseSeconds": str(_MONTH),
        "PowerOffOnRuntimeLeaseExpiration": "false",
    },
    "VAppTemplateLeaseSettings": {"DeleteOnStorageLeaseExpiration": "false", "StorageLeaseSeconds": str(_MONTH)},
    "OrgLdapSettings": {"OrgLdapMode": "NONE"},
    "OrgPasswordPolicySettings": {
        "AccountLockoutEnabled": "false",
        "InvalidLoginsBeforeLockout": "5",
        "AccountLockoutIntervalMinutes": "10",
    },
}


def of(org: Record) -> Settings:
    """The settings of an organisation."""
    found: Settings = org.data.get("settings", DEFAULTS)
    return found


def read(body: Element, before: Settings) -> Settings:
    """The settings that a body asks for. A missing group stays as it is; a missing value of a group is the default.

    Go omits values that are false or 0, so a missing value cannot mean "unchanged".
    """
    parent = body.find(xmldoc.named("Settings"))
    found = dict(before)
    for tag, defaults in DEFAULTS.items() if parent is not None else ():
        part = parent.find(xmldoc.named(tag)) if parent is not None else None
        if part is not None:
            found[tag] = {name: _value(part, name, default) for name, default in defaults.items()}
    return found


def _value(part: Element, name: str, default: str) -> str:
    given = xmldoc.text(part, name)
    if not given:
        return default
    fits = {"true": given in ("true", "false"), "false": given in ("true", "false"), "NONE": given == "NONE"}
    if not fits.get(default, given.isdigit()):
        raise errors.bad_field(name, "it has another type, or the simulator does not have it")
    return given


def show(parent: Element, address: str, org: Record) -> None:
    """Add the settings to the administrator's document of an organisation."""
    settings: Any = xmldoc.child(parent, "Settings", href=address, type=f"{xmldoc.TYPE}admin.orgSettings+xml")
    for tag, values in of(org).items():
        part = xmldoc.child(settings, tag)
        for name, value in values.items():
            xmldoc.child(part, name, value)
