# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helpers for the tests of CPI's configuration: fixtures, files, and running a module's main()."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import yaml
from ansible.module_utils import basic

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "cpi"
CLUSTER = str(FIXTURES / "cluster.manifest")
KEY = "vcloud-ccm-config.yaml"
RANGE = {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}

MINIMAL = """\
vcd:
  host: https://vcd.example.com
  org: acme
  vdc: acme-vdc
loadbalancer:
  oneArm:
    startIP: "192.168.8.2"
    endIP: "192.168.8.100"
  network: k8s-net
  enableVirtualServiceSharedIP: false
vAppName: acme-vapp
"""


def objects_of(fixture: str) -> list[dict[str, Any]]:
    """The Kubernetes objects in a fixture, such as ``cpi-1.6.1``."""
    text = (FIXTURES / f"{fixture}.manifest").read_text(encoding="utf-8")
    return [found for found in yaml.safe_load_all(text) if found]


@cache
def file_of(fixture: str) -> str:
    """CPI's file in a fixture."""
    config_map = next(found for found in objects_of(fixture) if found["kind"] == "ConfigMap")
    return str(config_map["data"][KEY])


def run_main(
    main: Callable[[], None], capsys: pytest.CaptureFixture[str], check: bool = False, diff: bool = False, **args: Any
) -> dict[str, Any]:
    """The output of a module for these options, run in this process."""
    given = {**args, "_ansible_check_mode": check, "_ansible_diff": diff}
    with (
        mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()),
        mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        pytest.raises(SystemExit),
    ):
        main()
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found
