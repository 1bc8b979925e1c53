# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of docs/protect.md run unchanged, with a double of NAKIVO besides the other two."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from kube_double.testing import KubeDouble
from nakivo_double import PASSWORD, FakeJob, NakivoDouble, RunPlan
from nakivo_server import serving
from role_runs import ROOT, ansible_playbook, connection, cpi_objects
from test_migration import SERVICES, failed, made, manifest, play
from vcdsim.testing import Simulator

PAGE = (ROOT / "docs" / "protect.md").read_text(encoding="utf-8")


def test_the_examples_run_as_documented(tmp_path: Path) -> None:
    files = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))
    assert set(files) == {"protect.yml", "pause.yml", "resume.yml", "nakivo.yml"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (command, *_others) = re.findall(r"```shell\n.*?\n(ansible-playbook [^\n]*)\n```", PAGE, re.DOTALL)
    double = NakivoDouble(FakeJob(1, "k8s-acme", plan=RunPlan(starts_after=0, ends_after=0)), FakeJob(2, "other"))
    with (
        Simulator() as sim,
        KubeDouble(objects=cpi_objects()) as kube,
        serving(double, tmp_path) as (url, authority),
    ):
        kube.load([manifest(name) for name in SERVICES])
        assert failed(play(tmp_path / "made", [made("distinct_internal")], sim, kube)) == {}
        nakivo = {"URL": url, "USER": "ansible", "PASSWORD": PASSWORD, "CA_PATH": authority}
        environment = {
            **connection(sim, kube),
            "HOME": str(tmp_path / "home"),
            **{f"NAKIVO_{name}": value for name, value in nakivo.items()},
        }
        code, output = ansible_playbook(tmp_path, shlex.split(command)[1:], environment)
    assert code == 0, output[-3000:]
    assert double.calls.count("JobManagement.run") == 1
    assert "verified: " in output
    assert PASSWORD not in output
    folder = tmp_path / "home" / ".vcd-kubernetes" / "restore-points"
    (saved,) = folder.glob("*_vapp.json")
    (point,) = (path for path in folder.glob("*.json") if path != saved)
    vapp = json.loads(saved.read_text())
    assert (vapp["vms"][0]["name"], vapp["metadata"][0]["value"]) == ("acme-cp-1", "acme-cluster")
    paused, machines, metadata = json.loads(point.read_text())["before_change"]
    assert (paused["what"], paused["result"][:11]) == ("tasks pause.yml", "paused for ")
    assert (machines["what"], machines["result"]["job"]) == ("backup of the machines", "k8s-acme")
    assert (metadata["what"], metadata["result"]["file"]) == (
        "role vcd.kubernetes.shared_ip, save_vapp", str(saved),
    )  # fmt: skip
    (page,) = (tmp_path / "home").glob(".vcd-kubernetes/reports/*.md")
    assert "before the change: backup of the machines" in page.read_text()
