# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of real runs: after a change, of live clusters without a change, and if it cannot be written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from in_process import run_module
from kube_double.testing import KubeDouble
from role_runs import ansible_playbook, connection, cpi_objects, writes
from test_migration import CLUSTER_ID, SERVICES, failed, made, manifest, option, play
from vcdsim.testing import Simulator

CHANGE = ["-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_existing=migrate"]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Simulator, KubeDouble]]:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        yield sim, kube


@pytest.fixture
def doubles(running: tuple[Simulator, KubeDouble]) -> tuple[Simulator, KubeDouble]:
    for double in running:
        double.reset()
    return running


def run(folder: Path, doubles: tuple[Simulator, KubeDouble], playbook: str, *words: str) -> tuple[int, str]:
    """Run a playbook with its own home directory, the place of reports without a file name."""
    environment = {**connection(*doubles), "HOME": str(folder / "home"), "JOB_ID": "4711"}
    environment["ANSIBLE_SHOW_CUSTOM_STATS"] = "true"
    return ansible_playbook(folder, [f"vcd.kubernetes.{playbook}", *words], environment)


def reports(folder: Path) -> list[str]:
    """The reports in the default folder."""
    found = (folder / "home" / ".vcd-kubernetes" / "reports").glob("*")
    return sorted(path.suffix for path in found)


def test_a_change_and_the_runs_after_it_are_reported(tmp_path: Path, doubles: tuple[Simulator, KubeDouble]) -> None:
    words = [*CHANGE, "--check"]
    code, output = run(tmp_path, doubles, "shared_ip", *words)
    assert code == 0, output[-3000:]
    assert reports(tmp_path) == []
    code, output = run(tmp_path, doubles, "shared_ip", *words, "-e", "shared_ip_report_file=planned.html")
    assert code == 0, output[-3000:]
    assert "IP sharing: the plan" in (tmp_path / "planned.html").read_text()
    assert writes(*doubles) == []
    code, output = run(tmp_path, doubles, "shared_ip", *CHANGE)
    assert code == 0, output[-3000:]
    assert reports(tmp_path) == [".html", ".md"]
    (page,) = (tmp_path / "home" / ".vcd-kubernetes" / "reports").glob("*.html")
    text = page.read_text()
    for words_of_it in ("IP sharing: the change", "1 cluster: 1 changed", "job 4711", "distinct_<wbr>internal"):
        assert words_of_it in text
    assert f"report: {page} and {page.with_suffix('.md')}" in " ".join(output.split())
    code, output = run(tmp_path, doubles, "shared_ip", *CHANGE)
    assert code == 0, output[-3000:]
    assert reports(tmp_path) == [".html", ".md"]


def test_a_real_migration_is_drawn_before_and_after(tmp_path: Path, doubles: tuple[Simulator, KubeDouble]) -> None:
    """Members are drawn before, after, and as planned. Objects that the restore point contains are not read twice."""
    sim, kube = doubles
    kube.load([manifest(name) for name in SERVICES])
    assert failed(play(tmp_path / "made", [made("distinct_internal")], sim, kube)) == {}
    code, output = run(tmp_path, doubles, "shared_ip", *CHANGE, "--check", "-e", "shared_ip_report_file=plan.html")
    assert code == 0, output[-3000:]
    plan = (tmp_path / "plan.html").read_text()
    assert "After, as planned" in plan
    code, output = run(tmp_path, doubles, "shared_ip", *CHANGE, "-e", "shared_ip_report_file=change.html")
    assert code == 0, output[-3000:]
    page = (tmp_path / "change.html").read_text()
    assert "default/web: distinct_internal -&gt; shared_external (migrated)" in page
    assert "3 in use, 0 after shared_external, 3 freed" in page
    assert page.count(":443 DNAT") == page.count(":443 direct") == 1
    assert page.count(">10.10.0.11</text>") == page.count(">10.10.0.12</text>") == 6
    assert page.count(">2 of 2 up</text>") == 6
    assert "ansible-playbook vcd.kubernetes.restore -e shared_ip_restore_file=" in page
    assert re.search(r'data-label="Down, measured">[\d.]+ s<', page)
    assert (tmp_path / "change.md").read_text().count("```mermaid") == 3


def test_a_failed_verification_after_a_change_keeps_the_result_of_the_change(
    tmp_path: Path, doubles: tuple[Simulator, KubeDouble]
) -> None:
    """During the verification, a Service gets another port. The result still has the downtime and the way back."""
    sim, kube = doubles
    kube.load([manifest("api")])
    made_before = {"cluster_id": CLUSTER_ID, "scenario": "distinct_internal", "services": [option("api")]}
    user = {"url": sim.url, "ca_path": sim.ca, "org": "acme", "user": "kube", "password": "kube-secret-1"}
    assert not run_module("vcd_shared_ip", {**user, "edge_gateway": "acme-edge", **made_before}).get("failed")
    # the Services are read for the plan, once CPI is stopped, and for the verification
    kube.faults([{"method": "GET", "path": "/api/v1/services(\\?|$)", "action": "hold_before", "nth": 3, "times": 1}])
    words = [*CHANGE, "-e", "shared_ip_report_file=change.html"]
    other = manifest("api")
    other["spec"]["ports"][0].update(name="new", port=9443)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, tmp_path, doubles, "shared_ip", *words)
        kube.wait_for(lambda: running.done() or kube.faults()[0]["held"], "the verification")
        kube.load([other])
        kube.faults([])
        code, output = running.result()
    assert code == 2, output[-3000:]
    (end,) = json.loads(output.partition("CUSTOM STATS")[2].partition("RUN: ")[2]).values()
    assert (end["state"], end["services"], end["scenario_before"]) == ("failed", 1, "distinct_internal")
    assert end["seconds_down"] > 0
    assert Path(end["restore_point"]).is_file()
    assert "default/api" in end["reason"]
    page = (tmp_path / "change.html").read_text()
    assert re.search(r"default/api: .* \(migrated\)", page)
    assert f"shared_ip_restore_file={end['restore_point']}" in page


def test_a_live_cluster_is_reported_without_a_change(tmp_path: Path, doubles: tuple[Simulator, KubeDouble]) -> None:
    code, output = run(tmp_path, doubles, "report", "-e", "shared_ip_report_file=out/now.html")
    assert code == 0, output[-3000:]
    assert "IP sharing: the present state" in (tmp_path / "out" / "now.html").read_text()
    assert (tmp_path / "out" / "now.md").read_text().startswith("# IP sharing")
    # the report shows the damage, and the playbook does not fail
    words = ["-e", "shared_ip_scenario=shared_external", "-e", "shared_ip_report_when=auto"]
    code, output = run(tmp_path, doubles, "report", *words, "-e", "shared_ip_report_file=out/now.html")
    assert code == 0, output[-3000:]
    page = (tmp_path / "out" / "now.html").read_text()
    assert "1 cluster: 1 deviates" in page
    assert "the file holds scenario distinct_internal, not shared_external" in page
    assert writes(*doubles) == []


def test_a_run_succeeds_even_if_its_report_cannot_be_written(
    tmp_path: Path, doubles: tuple[Simulator, KubeDouble]
) -> None:
    (tmp_path / "file").write_text("")
    code, output = run(tmp_path, doubles, "report", "-e", "shared_ip_report_file=file/now.html")
    assert code == 0, output[-3000:]
    text = " ".join(output.split())
    assert "report: 'file/now.html': cannot be written: Not a directory; the run itself is not affected" in text
    code, output = run(tmp_path, doubles, "report", "-e", "shared_ip_report_when=never")
    assert code == 0, output[-3000:]
    assert reports(tmp_path) == []
    assert "report:" not in output
