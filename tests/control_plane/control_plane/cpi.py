# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPI as an image of the node agent, and its manifests for a scenario."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from control_plane.api import Api
from control_plane.node.container import Image
from control_plane.program import FRUGAL
from control_plane.programs import find_cpi

Object = dict[str, Any]

NAMESPACE, CONFIG_MAP, DEPLOYMENT = "kube-system", "vcloud-ccm-configmap", "vmware-cloud-director-ccm"
FILE = "vcloud-ccm-config.yaml"
PROVIDER = "vmware-cloud-director"
IMAGE_NAME = "cloud-provider-for-cloud-director"
PLACEHOLDER = "https://vcd.example.com"  # the placeholder host in tests/fixtures/cpi
SCENARIOS = ("shared_external", "shared_internal", "distinct_internal")
# CPI logs this once it has logged in, found its edge gateway and written its status. Before that it may still exit.
LOGGED_IN = re.compile(r"Serving securely on ")
_ONE_ARM = re.compile(r"^( *)oneArm:\n(?:\1 +.*\n)+", re.MULTILINE)
_SHARED = re.compile(r"(enableVirtualServiceSharedIP: )\w+")


def image_finder(api: Api, keep_lease: bool = False) -> Callable[[str], Image | None]:
    """A function that finds the program of an image: CPI by the version in its tag, None for any other image.

    CPI holds a leader lease and does not release it when it ends, so the next CPI would wait 15 s for it to expire. To
    save that time, the lease of an ended CPI is removed unless ``keep_lease``.
    """

    def find(image: str) -> Image | None:
        name, _colon, tag = image.rpartition(":")
        if not name.endswith(IMAGE_NAME):
            return None
        version = "1.2" if tag.startswith(("1.2", "1.1")) else "1.6"
        after_end = (lambda: None) if keep_lease else release
        return Image(find_cpi(version), LOGGED_IN, after_end, runtime=FRUGAL)

    def release() -> None:
        with contextlib.suppress(OSError):  # the server may be stopping as well
            api.delete("Lease", NAMESPACE, "cloud-controller-manager")

    return find


def manifests(file: Path, host: str, scenario: str = "distinct_internal") -> list[Object]:
    """The objects of a manifest of tests/fixtures/cpi, for a VCD at ``host`` and a scenario."""
    objects = [item for item in yaml.safe_load_all(file.read_text()) if item]
    for item in objects:
        if item["kind"] == "ConfigMap" and FILE in item.get("data", {}):
            text = item["data"][FILE].replace(PLACEHOLDER, host)
            item["data"][FILE] = in_scenario(text, scenario)
    return objects


def in_scenario(text: str, scenario: str) -> str:
    """CPI's file, as the fixtures have it (distinct_internal), with the flags of another scenario."""
    if scenario not in SCENARIOS:
        raise ValueError(f"scenario {scenario!r}: choose one of {', '.join(SCENARIOS)}")
    if scenario == "shared_external":
        text = _ONE_ARM.sub("", text)
    return _SHARED.sub(rf"\g<1>{'false' if scenario == 'distinct_internal' else 'true'}", text)
