# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The keys of CPI's file, their types, and the CPI versions that know them.

Source: ``pkg/config/cloudconfig.go`` of the Cloud Provider for VCD at each tag from 1.1.0 to 1.6.1 and at its last
commit (version 1.7.0, never released). The Go fields of ``user``, ``secret``, ``refreshtoken`` and ``userorg`` have no
YAML tag, so yaml.v2 uses their lower-cased names.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import CPI_WITH_SHARED_IP, Version, parse_version


class Kind(enum.Enum):
    """Go's types, with the words for them in messages."""

    STRING = "a string"
    BOOL = "true or false"
    INT32 = "a whole number"


@dataclass(frozen=True)
class Struct:
    """A section: its keys, and whether it is a pointer in Go (then missing or null differs from an empty section)."""

    keys: Mapping[str, Key]
    pointer: bool = False


@dataclass(frozen=True)
class Key:
    """One key: its type, and the first CPI version that knows it (None: every version that can share IPs)."""

    kind: Kind | Struct
    since: Version | None = None
    secret: bool = field(default=False, kw_only=True)


ONE_ARM = Struct({"startIP": Key(Kind.STRING), "endIP": Key(Kind.STRING)}, pointer=True)
PORTS = Struct({"http": Key(Kind.INT32), "https": Key(Kind.INT32)})
VCD = Struct(
    {
        "host": Key(Kind.STRING),
        "org": Key(Kind.STRING),
        "vdc": Key(Kind.STRING),
        "isZoneEnabledCluster": Key(Kind.BOOL, since=(1, 7, 0)),
        "user": Key(Kind.STRING, secret=True),
        "secret": Key(Kind.STRING, secret=True),
        "refreshtoken": Key(Kind.STRING, secret=True),
        "userorg": Key(Kind.STRING),
    }
)
LOADBALANCER = Struct(
    {
        "oneArm": Key(ONE_ARM),
        "ports": Key(PORTS),
        "network": Key(Kind.STRING),
        "vipSubnet": Key(Kind.STRING),
        "certAlias": Key(Kind.STRING),
        "enableVirtualServiceSharedIP": Key(Kind.BOOL, since=CPI_WITH_SHARED_IP),
    }
)
CLOUD_CONFIG = Struct(
    {
        "vcd": Key(VCD),
        "loadbalancer": Key(LOADBALANCER),
        "clusterid": Key(Kind.STRING),
        "vAppName": Key(Kind.STRING),
    }
)


def image_version(image: str | None) -> str | None:
    """The version in an image's tag, as ``1.6.0``; None when there is no tag, or no version in it."""
    name = (image or "").partition("@")[0].rpartition("/")[2]
    version = parse_version(name.partition(":")[2])
    return ".".join(str(number) for number in version) if version else None
