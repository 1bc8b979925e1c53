# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty variable of the role counts as not given: each variable alone, for each entry point.

A variable goes through four places: the check of its type, the table in ``vars/main.yml``, the action plugin, and the
module's argument spec. Here it goes through all four, with Ansible's own code and with the role's own files. What the
module gets then decides its run, so that equal options are equal runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.vcd.kubernetes.plugins.action.vcd_cluster_shared_ip import GROUPS, LISTS, RANGES, given
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import OPTIONS

ROLE = Path(__file__).resolve().parents[3] / "roles" / "shared_ip"
PLAYBOOKS = ROLE.parents[1] / "playbooks"
SPECS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]
SCENARIO = {"shared_ip_scenario": "shared_internal"}  # the only variable that is required
NOTHING = {"null": "null", "empty": '""', "unsafe": "!unsafe ''", "blanks": '"  "', "unsafe blanks": "!unsafe '  '"}
NO_ELEMENTS = {"empty list": "[]", "list of nothing": '["", null, " "]', "commas": '" , "'}
NO_RANGE = {"empty range": "{}", "range of nothing": '{start_ip: "", end_ip: null}'}


def values(name: str, option: dict[str, Any]) -> list[str]:
    """All empty values of a variable, as YAML."""
    # Ansible refuses blanks if the variable has choices, and lists these
    found = [text for how, text in NOTHING.items() if "choices" not in option or "blanks" not in how]
    found += NO_ELEMENTS.values() if name.removeprefix("shared_ip_") in LISTS else ()
    found += NO_RANGE.values() if name.removeprefix("shared_ip_") in RANGES else ()
    return [] if option.get("required") else found


# The playbook audit reads these itself; tests/functional/role/test_audited_fleet.py tries blanks there
OF_THE_AUDIT = {"shared_ip_machines", "shared_ip_audit_cluster", "shared_ip_audit_file", "shared_ip_audit_fail_on"}
OF_PLANS = ("__shared_ip_plan_file", "__shared_ip_apply")
CASES = [(entry, name) for entry, spec in SPECS.items() for name in spec["options"] if name not in OF_THE_AUDIT]


@pytest.fixture(autouse=True, scope="module")
def each_template_is_compiled_once() -> Iterator[None]:
    """Ansible compiles a template each time that it is used; these tests use the same 200 some 100,000 times."""
    compile_template: Any = AnsibleEnvironment.compile
    compiled: dict[tuple[type, str], Any] = {}

    def once(self: AnsibleEnvironment, source: Any, *arguments: Any, **options: Any) -> Any:
        # the meaning of a backslash depends on its context
        if not isinstance(source, str) or "\\" in source or any([*arguments, *options.values()]):
            return compile_template(self, source, *arguments, **options)
        key = (type(self), str(source))
        if key not in compiled:
            compiled[key] = compile_template(self, source)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AnsibleEnvironment, "compile", once)
        yield


@cache
def files() -> dict[str, Any]:
    """The role's defaults, and its table of options."""
    paths = [str(ROLE / kind / "main.yml") for kind in ("defaults", "vars")]
    defaults, table = (DataLoader().load_from_file(path, trusted_as_template=True) for path in paths)
    return {**defaults, **table}


def test_text_that_is_not_required_may_be_null_on_each_ansible_core() -> None:
    """ansible-core before 2.19 refuses null where the spec has a default, or choices without it."""
    for entry, spec in SPECS.items():
        for name, option in spec["options"].items():
            if option["type"] == "str" and not option.get("required"):
                assert "default" not in option, (entry, name)
                assert None in option.get("choices", [None]), (entry, name)


@cache
def module_defaults(entry: str) -> str:
    """How an entry point passes on the table."""
    (block,) = yaml.safe_load((ROLE / "tasks" / f"{entry}.yml").read_text())
    return str(block["module_defaults"]["vcd.kubernetes.vcd_cluster_shared_ip"])


def options(entry: str, variables: dict[str, Any]) -> dict[str, Any]:
    """The options that the module gets from one entry point of the role with these variables."""
    known = {**files(), **variables}
    documented = {name: known[name] for name in SPECS[entry]["options"] if name in known}
    checked = ArgumentSpecValidator(SPECS[entry]["options"]).validate(documented)
    assert checked.error_messages == []
    key = repr((module_defaults(entry), sorted(variables.items())))
    if key not in HANDED_ON:
        HANDED_ON[key] = handed_on(module_defaults(entry), known)
    return HANDED_ON[key]


# What the module gets, for each way in which entry points pass on the table, and for each set of variables
HANDED_ON: dict[str, dict[str, Any]] = {}


def handed_on(table: str, known: dict[str, Any]) -> dict[str, Any]:
    templar = Templar(variables=known)
    passed = templar.template(trust_as_template(table))
    result = ArgumentSpecValidator(**OPTIONS.to_kwargs()).validate({**given(passed), "phase": "verify"})
    assert result.error_messages == []
    # these options are for vcd_shared_ip_plan, which the role runs before and after that module
    plans = {name: templar.template(trust_as_template(f"{{{{ {name} }}}}")) for name in OF_PLANS}
    return {**result.validated_parameters, **plans}


@cache
def plain(entry: str) -> dict[str, Any]:
    """The options if only the required variable is given."""
    return options(entry, required(entry))


def required(entry: str) -> dict[str, Any]:
    """The variables without which the entry point does not run."""
    return dict(SCENARIO) if SPECS[entry]["options"].get("shared_ip_scenario", {}).get("required") else {}


@pytest.mark.parametrize(("entry", "name"), CASES)
def test_an_empty_variable_is_not_given(entry: str, name: str) -> None:
    loaded = [DataLoader().load(text) for text in values(name, SPECS[entry]["options"][name])]
    for value in {repr(value): value for value in loaded}.values():  # Ansible reads some of these texts alike
        assert options(entry, {**required(entry), name: value}) == plain(entry), value


# A value for each variable that is not text
SOMETHING: dict[str, Any] = {
    "shared_ip_scenario": "distinct_internal",
    "shared_ip_one_arm": "10.0.0.1-10.0.0.9",
    "shared_ip_existing": "migrate",
    "shared_ip_firewall": "manage",
    "shared_ip_restart": "recreate",
    "shared_ip_vcd_rules": "update_while_sharing_a_vip",
    **dict.fromkeys(("shared_ip_prune", "shared_ip_accept_loss", "shared_ip_take_over"), True),
    **dict.fromkeys(("shared_ip_wait_timeout", "shared_ip_lock_timeout", "shared_ip_vcd_timeout"), 7),
    "shared_ip_audit_certificate_days": 7,
    **{f"shared_ip_{when}_change": [{"tasks": "backup.yml"}] for when in ("before", "after")},
    **dict.fromkeys(("shared_ip_vcd_validate_certs", "shared_ip_validate_certs"), False),
}


@pytest.mark.parametrize(("entry", "name"), CASES)
def test_a_variable_with_a_value_is_given(entry: str, name: str) -> None:
    """Otherwise the test above would prove nothing."""
    assert options(entry, {**required(entry), name: SOMETHING.get(name, "something")}) != plain(entry)


OF_MACHINES = [name for name in SPECS["audit"]["options"] if name.startswith(("shared_ip_vcd", "shared_ip_audit_cert"))]


@pytest.mark.parametrize("name", OF_MACHINES)
def test_the_audit_of_machines_gets_only_what_is_given(name: str) -> None:
    def passed(**variables: Any) -> Any:
        return Templar(variables={**files(), **variables}).template(
            trust_as_template("{{ __shared_ip_machines_options }}")
        )

    loaded = [DataLoader().load(text) for text in NOTHING.values()]
    key = "certificate_days" if "certificate" in name and "audit" in name else name.removeprefix("shared_ip_vcd_")
    assert all(key not in passed(**{name: value}) for value in loaded)
    assert str(passed(**{name: SOMETHING.get(name, "something")})[key]) == str(SOMETHING.get(name, "something"))


def test_elements_with_a_value_stay() -> None:
    assert given({"exclude": ["", "a/b", None, 7], "cpi": {"extra_keys": " a ,, b"}}) == {
        "exclude": ["a/b", 7],
        "cpi": {"extra_keys": [" a ", " b"]},
    }


def test_half_a_range_still_counts_as_given() -> None:
    assert given({"one_arm": {"start_ip": "10.0.0.1", "end_ip": ""}}) == {
        "one_arm": {"start_ip": "10.0.0.1", "end_ip": ""}
    }


def test_every_list_option_is_known_as_a_list() -> None:
    inside = [(name, option) for group in GROUPS for name, option in OPTIONS.options[group]["options"].items()]
    lists = {name for name, option in [*OPTIONS.options.items(), *inside] if option["type"] == "list"}
    assert set(LISTS) == lists


@pytest.mark.parametrize("playbook", ["shared_ip", "restore", "verify", "audit", "report"])
@pytest.mark.parametrize("text", [*NOTHING.values(), "[]"])
def test_a_playbook_without_hosts_runs_for_localhost(playbook: str, text: str) -> None:
    _finds, does, sums_up = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text())
    assert does["hosts"] == sums_up["hosts"]
    hosts = trust_as_template(does["hosts"])
    loader = DataLoader()
    for variables in ({}, loader.load(f"shared_ip_hosts: {text}")):
        assert Templar(loader=loader, variables=variables).template(hosts) == "localhost"
    for given_hosts in ("clusters", ["alpha", "beta"]):
        assert Templar(loader=loader, variables={"shared_ip_hosts": given_hosts}).template(hosts) == given_hosts
