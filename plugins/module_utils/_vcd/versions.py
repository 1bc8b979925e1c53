# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API versions: which ones the server lists, which one to use, and which release they belong to. Pure."""

from __future__ import annotations

import re

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local, parse

Version = tuple[int, int]

# The versions that this collection supports. 36.0 introduced the type of a NAT rule; 40.0 is a different product.
OLDEST: Version = (36, 0)
NEWEST: Version = (39, 1)
VCF_AUTOMATION: Version = (40, 0)  # its first version; Cloud Director has none of these
RELEASES = {
    (36, 0): "10.3.0",
    (36, 1): "10.3.1",
    (36, 2): "10.3.2",
    (36, 3): "10.3.3",
    (37, 0): "10.4.0",
    (37, 1): "10.4.1",
    (37, 2): "10.4.2",
    (37, 3): "10.4.3",
    (38, 0): "10.5.0",
    (38, 1): "10.5.1",
    (39, 0): "10.6.0",
    (39, 1): "10.6.1",
}


def parse_version(text: str) -> Version | None:
    """``37.2`` as (37, 2); None for an alpha version or any other string."""
    found = re.fullmatch(r"\s*([0-9]{1,4})\.([0-9]{1,4})\s*", text or "")
    return (int(found.group(1)), int(found.group(2))) if found else None


def render(version: Version) -> str:
    """(37, 2) as ``37.2``."""
    return f"{version[0]}.{version[1]}"


def listed_versions(xml: str) -> list[Version]:
    """The versions in a SupportedVersions document, lowest first, without alphas. Empty for any other document."""
    root = parse(xml)
    if root is None or local(root) != "SupportedVersions":
        return []
    texts = [
        element.text or ""
        for info in root
        if local(info) == "VersionInfo"
        for element in info
        if local(element) == "Version"
    ]
    return sorted({version for version in map(parse_version, texts) if version})


def choose(listed: list[Version], wanted: str = "") -> Version:
    """The version to use: ``wanted`` if the server lists it, by default the highest that both sides support."""
    names = ", ".join(render(version) for version in listed)
    if wanted:
        version = parse_version(wanted)
        if version is None or version not in listed:
            raise InvalidInput("api_version", wanted, f"the server lists {names}: give one of these or omit the option")
        return version
    known = [version for version in listed if OLDEST <= version <= NEWEST]
    if not known:
        ours = f"{render(OLDEST)} to {render(NEWEST)}"
        other = ": this is VCF Automation, which is another product" if listed and listed[0] >= VCF_AUTOMATION else ""
        message = f"url: the server supports the API versions {names}; this collection supports {ours}{other}"
        raise CollectionError(message)
    return known[-1]


def release_of(listed: list[Version]) -> str:
    """The release of Cloud Director that the highest listed version belongs to, such as ``10.4.2``."""
    highest = listed[-1]
    return RELEASES.get(highest, f"of API version {render(highest)}")


def needed(version: Version) -> str:
    """A version and its release, for messages: ``API version 37.1 (Cloud Director 10.4.1)``."""
    return f"API version {render(version)} (Cloud Director {RELEASES[version]})"
