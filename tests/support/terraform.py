# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Terraform (or OpenTofu) with its provider for VCD, the real programs, against the simulator."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from control_plane.programs import find_terraform, find_terraform_provider
from vcdsim.testing import Simulator

SECONDS = 1800  # long enough for a busy machine
EMPTY, CHANGES = 0, 2  # exit codes of a plan


class Terraform:
    """The program in a folder of its own, with the provider from the cache: it contacts no registry."""

    def __init__(self, folder: Path, sim: Simulator, configuration: Path, text: dict[str, str]) -> None:
        self._program, provider = find_terraform(), find_terraform_provider()
        self._folder = folder
        shutil.copy(configuration, folder)
        settings = folder / "terraformrc"
        overrides = f"dev_overrides {{\n    {json.dumps('vmware/vcd')} = {json.dumps(str(provider))}\n  }}"
        mirror = f"filesystem_mirror {{\n    path = {json.dumps(str(folder / 'no-mirror'))}\n  }}"
        settings.write_text(f"provider_installation {{\n  {overrides}\n  {mirror}\n}}\n")
        kept = {name: value for name, value in os.environ.items() if not name.casefold().endswith("_proxy")}
        self._environment = kept | {
            "HOME": str(folder),
            "TF_CLI_CONFIG_FILE": str(settings),
            "CHECKPOINT_DISABLE": "1",  # otherwise it looks for newer versions
            "TF_IN_AUTOMATION": "1",
            "SSL_CERT_FILE": sim.ca,
            "VCD_URL": f"{sim.url}/api",
            "VCD_ORG": "acme",
            "VCD_VDC": "acme-vdc",
            "VCD_USER": "admin",
            "VCD_PASSWORD": "admin-secret-1",
            **{f"TF_VAR_{name}": value for name, value in text.items()},
        }

    def run(self, *arguments: str, changed: bool = False, codes: tuple[int, ...] = (0,)) -> str:
        """Run a command. Returns its output."""
        environment = self._environment | {"TF_VAR_changed": json.dumps(changed)}
        done = subprocess.run(
            [str(self._program), *arguments, "-no-color", "-input=false"],
            cwd=self._folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode in codes, done.stdout[-20000:] + done.stderr[-20000:]
        return done.stdout

    def apply(self, *, changed: bool) -> None:
        """Apply, and check that a plan is empty afterwards."""
        self.run("apply", "-auto-approve", changed=changed)
        self.run("plan", "-detailed-exitcode", changed=changed, codes=(EMPTY,))

    def imports(self, resources: dict[str, str]) -> None:
        """From the next run on, import existing objects as these resources, by the identifiers of the provider."""
        blocks = [f"import {{\n  to = {name}\n  id = {json.dumps(found)}\n}}\n" for name, found in resources.items()]
        (self._folder / "imports.tf").write_text("\n".join(blocks))
