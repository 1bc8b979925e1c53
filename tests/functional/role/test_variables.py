# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables: unanswered survey questions, ranges, names and URNs, and one run for several clusters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from kube_double.testing import KubeDouble
from role_runs import ROOT, Case, connection, cpi_objects, run_cases
from vcdsim.testing import Simulator

OWN = {"start_ip": "172.16.0.1", "end_ip": "172.16.0.9"}
SPECS = yaml.safe_load((ROOT / "roles" / "shared_ip" / "meta" / "argument_specs.yml").read_text())["argument_specs"]
DEFAULTS = yaml.safe_load((ROOT / "roles" / "shared_ip" / "defaults" / "main.yml").read_text())


def described(option: dict[str, Any]) -> list[str]:
    """The description of an option."""
    found = option["description"]
    return [found] if isinstance(found, str) else found


def case(name: str, scenario: str, tasks_from: str = "main", **variables: Any) -> Case:
    """A run of the role."""
    wanted = {f"shared_ip_{key}": value for key, value in variables.items()}
    return Case(name, {"shared_ip_scenario": scenario, **wanted}, tasks_from)


def test_defaults_and_documentation_agree() -> None:
    """Defaults of texts are in the description: ansible-core before 2.19 refuses null if the spec has a default."""
    for entry in SPECS.values():
        for name, option in entry["options"].items():
            if name == "shared_ip_scenario":
                continue
            if option["type"] != "str":
                assert option.get("default") == DEFAULTS[name], name
                continue
            assert "default" not in option, name
            said = re.findall(r"V\(([^)]+)\), the default|by default V\(([^)]+)\)", " ".join(described(option)))
            assert ["".join(one) for one in said] == ([DEFAULTS[name]] if DEFAULTS[name] else []), name
    assert set(SPECS["main"]["options"]) - set(DEFAULTS) == {"shared_ip_scenario"}
    for name, option in SPECS["main"]["options"].items():
        secret = name.endswith(("_password", "_token", "_api_key"))
        assert bool(option.get("no_log")) is secret, name


def test_every_variable_is_documented_in_the_readme() -> None:
    text = (ROOT / "roles" / "shared_ip" / "README.md").read_text()
    for name in {name for entry in SPECS.values() for name in entry["options"]}:
        assert name in text or f"`_{name.removeprefix('shared_ip_vcd_')}`" in text, name


def test_survey_answers_and_ranges_are_accepted(tmp_path: Path) -> None:
    empty = dict.fromkeys((name.removeprefix("shared_ip_") for name in DEFAULTS), "")
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        gateway = re.search(r"urn:vcloud:gateway:[0-9a-f-]{36}", json.dumps(sim.dump()))
        assert gateway
        cases = [
            case("nothing answered", "distinct_internal", **empty),
            case("nothing answered, verify", "", "verify", **empty),
            case("nothing answered, as null", "distinct_internal", **dict.fromkeys(empty)),
            case("own range", "shared_internal", one_arm="172.16.0.1-172.16.0.9"),
            case("range kept", "distinct_internal"),
            case("same range as a dictionary", "distinct_internal", one_arm=OWN),
            case("no range", "shared_external", one_arm="172.16.0.1-172.16.0.9"),
            case("range of the documentation", "shared_internal"),
            case(
                "by URN, unchecked",
                "shared_internal",
                edge_gateway=gateway[0],
                vcd_validate_certs=False,
            ),
        ]
        run = run_cases(tmp_path, cases, connection(sim, kube))
        assert [name for name, outcome in run.outcomes.items() if outcome["failed"]] == [], run.outcomes
        seen = {name: outcome["msg"] for name, outcome in run.outcomes.items()}
        assert seen["nothing answered"]["changed"] is False
        assert seen["nothing answered, as null"]["changed"] is False
        assert seen["own range"]["one_arm"] == OWN
        assert seen["range kept"]["one_arm"] == OWN
        assert seen["same range as a dictionary"]["changed"] is False
        assert seen["no range"]["one_arm"] is None
        assert seen["range of the documentation"]["one_arm"] == {"start_ip": "192.168.8.2", "end_ip": "192.168.8.100"}
        assert seen["by URN, unchecked"]["changed"] is False
        assert all(item["verified"] for item in seen.values() if item)
