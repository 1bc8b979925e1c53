# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The double and the real server behave alike in what we use of Kubernetes: the same tests run on both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from control_plane.testing import RealCluster

CONTRACT = Path(__file__).resolve().parents[1] / "functional" / "kube_double" / "contract"


def test_the_contract_of_the_double_holds_on_the_real_server(cluster: RealCluster) -> None:
    environment = {**os.environ, "KUBE_CONTRACT_KUBECONFIG": str(cluster.kubeconfig)}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CONTRACT)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-8000:]
    summary = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"\d\d+ passed in .*", summary), f"not everything ran: {summary}"
    cluster.agent.check()
