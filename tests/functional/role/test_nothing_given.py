# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A survey without answers: null, an empty string, blanks and AWX's ``!unsafe ''`` mean "not given" in each playbook.

`tests/unit/action/test_nothing_given.py` proves it for each variable alone. Here all variables are empty at once, in
real runs: a host for each kind of empty value, and one without variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kube_double.testing import KubeDouble
from role_runs import ROOT, ansible_playbook, connection, cpi_objects, writes
from vcdsim.testing import Simulator

SPECS = yaml.safe_load((ROOT / "roles" / "shared_ip" / "meta" / "argument_specs.yml").read_text())["argument_specs"]
ENTRIES = {"shared_ip": "main", "restore": "restore", "verify": "verify", "report": "report"}
NOTHING = {"null": "null", "empty": '""', "unsafe": "!unsafe ''", "blanks": "'  '"}
SCENARIO = "shared_ip_scenario"  # the only required variable
OF_THE_PLAYBOOKS = (
    "shared_ip_hosts",
    "shared_ip_strategy",
    "shared_ip_serial",
    "shared_ip_max_fail_percentage",
    "shared_ip_report_file",
    "shared_ip_report_dir",
    "shared_ip_report_when",
)


def lines(entry: str, how: str) -> list[str]:
    """All variables of an entry point with one value, as YAML. Ansible refuses blanks for a variable with choices."""
    found = {name: option for name, option in SPECS[entry]["options"].items() if not option.get("required")}
    given = [name for name, option in found.items() if how != "blanks" or "choices" not in option]
    scenario = [f"{SCENARIO}: distinct_internal"] if entry == "main" else []
    return [*(f"{name}: {NOTHING[how]}" for name in given), *scenario]


def inventory(hosts: dict[str, list[str]]) -> str:
    """An inventory with these lines as variables of each host."""
    text = ["clusters:", "  hosts:"]
    for name, variables in hosts.items():
        text += [f"    host_{name}:", *(f"      {line}" for line in variables)]
    return "\n".join(text) + "\n"


def recap(output: str) -> dict[str, str]:
    """The number of tasks of each kind, by host. The first host also has the tasks that run once."""
    found = re.findall(r"^(?:host_)?(\w+) +: (ok=.*?) *$", output, re.MULTILINE)
    return {name: counts for name, counts in found if name != "first"}


@pytest.fixture(scope="module")
def doubles() -> Iterator[tuple[Simulator, KubeDouble]]:
    """A cluster in distinct_internal that nothing changes."""
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        yield sim, kube


@pytest.mark.parametrize("playbook", ENTRIES)
def test_a_playbook_accepts_no_answer_at_all(
    playbook: str, tmp_path: Path, doubles: tuple[Simulator, KubeDouble]
) -> None:
    entry = ENTRIES[playbook]
    plain = [f"{SCENARIO}: distinct_internal"] if entry == "main" else []
    hosts = {"plain": plain, **{how: lines(entry, how) for how in NOTHING}}
    (tmp_path / "hosts.yml").write_text(inventory({"first": plain, **hosts}))
    words = [f"vcd.kubernetes.{playbook}", "-i", "hosts.yml", "-e", "shared_ip_hosts=clusters", "--check"]
    code, output = ansible_playbook(tmp_path, words, connection(*doubles))
    counts = recap(output)
    counts.pop("localhost")
    assert set(counts) == set(hosts)
    assert set(counts.values()) == {counts["plain"]}, counts
    if playbook == "restore":  # the only error allowed: no restore point to return to
        assert code == 2, output[-3000:]
        assert output.count("this cluster has no restore point") >= len(hosts)
    else:
        assert code == 0, output[-3000:]
    assert "NoneType" not in output
    assert writes(*doubles) == []


@pytest.mark.parametrize("playbook", ENTRIES)
def test_a_survey_accepts_no_answer_at_all(
    playbook: str, tmp_path: Path, doubles: tuple[Simulator, KubeDouble]
) -> None:
    """As AWX passes the answers: as extra variables, for plays without a given group of hosts."""
    answers = [*lines(ENTRIES[playbook], "unsafe"), *(f"{name}: !unsafe ''" for name in OF_THE_PLAYBOOKS)]
    (tmp_path / "answers.yml").write_text("\n".join(answers) + "\n")
    code, output = ansible_playbook(
        tmp_path, [f"vcd.kubernetes.{playbook}", "-e", "@answers.yml"], connection(*doubles)
    )
    assert code == (2 if playbook == "restore" else 0), output[-3000:]
    assert set(recap(output)) == {"localhost"}
    assert ("this cluster has no restore point" in output) is (playbook == "restore")
    assert "NoneType" not in output
    assert writes(*doubles) == []


def test_a_missing_scenario_is_reported(tmp_path: Path, doubles: tuple[Simulator, KubeDouble]) -> None:
    hosts = {how: [f"{SCENARIO}: {text}"] for how, text in NOTHING.items()}
    (tmp_path / "hosts.yml").write_text(inventory({"plain": [], **hosts}))
    words = ["vcd.kubernetes.shared_ip", "-i", "hosts.yml", "-e", "shared_ip_hosts=clusters"]
    code, output = ansible_playbook(tmp_path, words, connection(*doubles))
    assert code == 2
    counts = recap(output)
    counts.pop("localhost")
    assert {name: "failed=1" in count for name, count in counts.items()} == dict.fromkeys(["plain", *hosts], True)
    assert output.count(SCENARIO) >= len(hosts)
    assert "NoneType" not in output
