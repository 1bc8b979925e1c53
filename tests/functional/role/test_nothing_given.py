# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey without answers: null, an empty string and AWX's ``!unsafe ''`` mean "not given" in each playbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kube_double.testing import KubeDouble
from role_runs import ROOT, ansible_playbook, connection, cpi_objects, writes
from vcdsim.testing import Simulator

SPECS = yaml.safe_load((ROOT / "roles" / "shared_ip" / "meta" / "argument_specs.yml").read_text())["argument_specs"]
ENTRIES = {"shared_ip": "main", "restore": "restore", "verify": "verify"}
NOTHING = {"null": "null", "empty": '""', "unsafe": "!unsafe ''"}
# the only variable that is required
SCENARIO = "shared_ip_scenario"


def variables(entry: str) -> list[str]:
    """All variables of an entry point, and the one of the playbooks."""
    return [*SPECS[entry]["options"], "shared_ip_hosts"]


@pytest.fixture(scope="module")
def doubles() -> Iterator[tuple[Simulator, KubeDouble]]:
    """A cluster in distinct_internal that nothing changes."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        yield sim, kube


@pytest.mark.parametrize("how", NOTHING)
@pytest.mark.parametrize("playbook", ENTRIES)
def test_a_playbook_with_no_answer_at_all(
    playbook: str, how: str, tmp_path: Path, doubles: tuple[Simulator, KubeDouble]
) -> None:
    sim, kube = doubles
    names = [name for name in variables(ENTRIES[playbook]) if playbook != "shared_ip" or name != SCENARIO]
    lines = [f"{name}: {NOTHING[how]}" for name in names]
    lines += [f"{SCENARIO}: distinct_internal"] if playbook == "shared_ip" else []
    (tmp_path / "answers.yml").write_text("\n".join(lines) + "\n")
    code, output = ansible_playbook(
        tmp_path, [f"vcd.kubernetes.{playbook}", "-e", "@answers.yml"], connection(sim, kube)
    )
    if playbook == "restore":  # there is nothing to go back to: that is all that may be wrong
        assert code == 2, output[-3000:]
        assert "this cluster has no restore point" in output
    else:
        assert code == 0, output[-3000:]
    assert "NoneType" not in output
    assert writes(sim, kube) == []


@pytest.mark.parametrize("how", NOTHING)
def test_the_scenario_is_asked_for(how: str, tmp_path: Path, doubles: tuple[Simulator, KubeDouble]) -> None:
    (tmp_path / "answers.yml").write_text(f"{SCENARIO}: {NOTHING[how]}\n")
    code, output = ansible_playbook(tmp_path, ["vcd.kubernetes.shared_ip", "-e", "@answers.yml"], connection(*doubles))
    assert code == 2
    assert "shared_ip_scenario" in output
    assert "NoneType" not in output
