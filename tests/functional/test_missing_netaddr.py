# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on a host where the Python library netaddr is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def _without_netaddr(tmp_path: Path, command: list[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python where importing netaddr fails."""
    (tmp_path / "netaddr.py").write_text("raise ImportError('planted')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.run(
        [sys.executable, *command], input=text, env=environment, capture_output=True, text=True, check=False
    )


RUN = """
import sys
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args
from ansible_collections.vcd.kubernetes.plugins.modules import {module}
with patch_module_args({args}):
    {module}.main()
"""
CONNECTION = {"url": "https://127.0.0.1:1", "org": "acme", "api_token": "a-long-token", "edge_gateway": "edge"}
ARGS: dict[str, dict[str, Any]] = {
    "vcd_pool_info": CONNECTION,
    "vcd_shared_ip_info": {**CONNECTION, "name_template": "{service}-{port}"},
    "vcd_ccm_config_info": {},
}


@pytest.mark.parametrize("module", ARGS)
def test_a_module_without_netaddr_fails_with_one_clear_line(tmp_path: Path, module: str) -> None:
    done = _without_netaddr(tmp_path, ["-c", RUN.format(module=module, args=ARGS[module])])
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["failed"] is True
    assert result["failure"] == {"library": "netaddr"}
    assert result["msg"].startswith("Failed to import the required Python library (netaddr) on ")
    assert "\n" not in result["msg"]
