# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module of the collection as a forked program."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "ansible_collections.vcd.kubernetes.plugins.modules"
NOWHERE = "https://127.0.0.1:1"  # no server listens there
FIRST_RUNS: Mapping[str, Mapping[str, str]] = {
    "vcd_pool_info": {"url": NOWHERE, "token": "none", "edge_gateway": "none"},
    "vcd_ccm_config_info": {"host": NOWHERE, "api_key": "none"},
}


def load(_folder: Path) -> None:
    """Import ansible-core and every module, and all that a run imports and builds up to its first connection."""
    importlib.import_module("ansible.module_utils.basic")
    for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        with contextlib.suppress(Exception):  # a module that cannot be imported fails when it runs
            importlib.import_module(f"{PACKAGE}.{module.stem}")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        for name, args in FIRST_RUNS.items():
            with contextlib.suppress(SystemExit):  # the connection fails
                run({"module": name, "args": args, "env": {}})


def run(request: Mapping[str, Any]) -> int:
    """Run as the module, with arguments as ansible-core passes them."""
    from ansible.module_utils import basic

    os.environ.update(request["env"])
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": request["args"]}).encode()
    if hasattr(basic, "_ANSIBLE_PROFILE"):  # ansible-core 2.19 and later
        basic._ANSIBLE_PROFILE = "legacy"
    importlib.import_module(f"{PACKAGE}.{request['module']}").main()
    return 0
