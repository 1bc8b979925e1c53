# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules of Cloud Director in the test's own process, as Ansible runs them in processes of their own."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from module_output import output_of
from vcdsim.testing import Simulator

PREMIUM_ESTATE = Path(__file__).resolve().parents[1] / "fixtures" / "vcd" / "premium.yml"
SECRETS = ("kube-secret-1", "viewer-secret-1", "system-secret-1", "acme-api-token-0000000000000001")


class Modules:
    """Runs modules with the connection options of one user; ``run`` returns the result as Ansible gets it."""

    def __init__(self, simulator: Simulator, **connection: Any) -> None:
        self.simulator = simulator
        self.connection = {
            "url": simulator.url,
            "ca_path": simulator.ca,
            "org": "acme",
            "user": "kube",
            "password": "kube-secret-1",
            "edge_gateway": "acme-edge",
            **connection,
        }

    def as_user(self, **connection: Any) -> Modules:
        """Modules on the same simulator with other connection options; None removes an option."""
        return Modules(self.simulator, **{**self.connection, **connection})

    def run(self, module: str, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """The module's result. A failure is a result too, a traceback is not."""
        given = {name: value for name, value in {**self.connection, **options}.items() if value is not None}
        return run_module(module, given, check=check)

    def done(self, module: str, **options: Any) -> dict[str, Any]:
        """The result of a module run that must not fail."""
        result = self.run(module, **options)
        assert not result.get("failed"), result["msg"]
        return result

    def refused(self, module: str, **options: Any) -> str:
        """The message of a module run that must fail: one line, without secrets."""
        result = self.run(module, **options)
        assert result.get("failed"), result
        message: str = result["msg"]
        assert "\n" not in message
        return message

    def writes(self) -> list[str]:
        """The writes since the journal was cleared, without logins: METHOD and the end of the path."""
        return [
            f"{entry['method']} {'/'.join(entry['path'].split('/')[3:])}"
            for entry in self.simulator.journal()
            if entry["method"] != "GET" and "sessions" not in entry["path"] and "oauth" not in entry["path"]
        ]


def run_module(module: str, options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    """Run a module's main() in this process, with the state that a new process would have."""
    loaded = importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module}")
    text = output_of(loaded.main, {**options, "_ansible_check_mode": check, "_ansible_diff": True})
    assert not [secret for secret in SECRETS if secret in text], "a secret is in the output"
    result: dict[str, Any] = json.loads(text)
    return result
