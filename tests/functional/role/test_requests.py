# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Upper bounds on the requests of each kind of run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kube_double.testing import KubeDouble
from role_runs import Case, cpi_objects
from test_migration import SERVICES, failed, made, manifest, migrate, play, restore
from vcdsim.testing import Simulator

# The role's README has the same numbers. A Service has two ports; tasks and pods take no time, so repeated polling does
# not count. A run that writes to the gateway locks it (5 to VCD: create the marker, its task, the list of markers,
# delete it, its task), and reads the lease, CPI's Deployment and its pods before each Service (3 to Kubernetes). A plan
# that writes to the gateway reads the user's rights (1 to VCD, for the role that the answer to the log-in names).
README = Path(__file__).resolve().parents[3] / "roles" / "shared_ip" / "README.md"
BOUNDS = {
    "no change": (12, 8),
    "plan": (18, 11),  # the restore point has the two pools, which a list does not show completely
    "flip": (20, 40),
    # each object is read before it is deleted, and the two pools for the restore point and for the report at the end
    "migration": (64, 40),
    "verify": (14, 8),  # one more for each port: only the complete pool shows the port of its members
    "restore": (58, 40),
}
RUNS: dict[str, tuple[Case, tuple[str, ...]]] = {
    "no change": (Case("no change", {"shared_ip_scenario": "distinct_internal"}), ()),
    "plan": (migrate("shared_external", "plan"), ("--check",)),
    "migration": (migrate("shared_external", "migration"), ()),
    "verify": (Case("verify", {}, tasks_from="verify"), ()),
    "restore": (restore("restore"), ()),
}


def test_the_readme_of_the_role_has_these_bounds() -> None:
    rows = re.findall(r"^\| [A-Za-z ]+ \| (\d+) \| (\d+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted((int(vcd), int(kube)) for vcd, kube in rows) == sorted(BOUNDS.values())


class RequestCounts:
    """Both doubles, and the number of requests to each since the last count."""

    def __init__(self, sim: Simulator, kube: KubeDouble) -> None:
        self._doubles = (sim, kube)
        self._before = [0, 0]

    def new(self) -> tuple[int, int]:
        """Requests to Cloud Director and to Kubernetes."""
        now = [len(double.journal()) for double in self._doubles]
        vcd, kube = (after - before for after, before in zip(now, self._before, strict=True))
        self._before = now
        return vcd, kube


def test_nothing_is_read_twice(tmp_path: Path, record_property: Any) -> None:
    counts = {}
    with (
        Simulator(task_seconds=0, health_seconds=0) as sim,
        KubeDouble(objects=cpi_objects(), start_seconds=0, stop_seconds=0) as kube,
    ):
        requests = RequestCounts(sim, kube)
        requests.new()
        play(tmp_path / "flip", [Case("flip", {"shared_ip_scenario": "shared_internal"})], sim, kube)
        counts["flip"] = requests.new()
        play(tmp_path / "back", [Case("back", {"shared_ip_scenario": "distinct_internal"})], sim, kube)
        (name, *_others) = SERVICES
        kube.load([manifest(name)])
        play(tmp_path / "made", [made("distinct_internal", name)], sim, kube)
        requests.new()
        for kind, (case, options) in RUNS.items():
            run = play(tmp_path / kind.replace(" ", "-"), [case], sim, kube, *options)
            assert failed(run) == {}
            counts[kind] = requests.new()
    figures = ", ".join(f"{kind} {vcd} and {cluster}" for kind, (vcd, cluster) in counts.items())
    record_property("figures", f"requests to Cloud Director and to Kubernetes: {figures}")
    too_many = {
        kind: found
        for kind, found in counts.items()
        if any(number > bound for number, bound in zip(found, BOUNDS[kind], strict=True))
    }
    assert too_many == {}
    assert set(counts) == set(BOUNDS)
