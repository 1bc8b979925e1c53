# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX gets from extensions/awx: it follows AWX's rules, and the templates keep their promises."""

from __future__ import annotations

import importlib
import json
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import write_awx_answers
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.options import CONNECTION, settings_from
from awx_jobs import (
    EXTENSION,
    KUBECONFIG,
    VCD,
    answer_problem,
    data,
    inject,
    inventory,
    prepare,
    spec_problems,
)
from awx_setup_tasks import AwxModuleCall, calls, list_of, tasks
from awx_workflow import FAILED, has_failed, walked
from survey_answers import Question, differences, playbook_of, questions

ROOT = EXTENSION.parents[1]
SPECS = yaml.safe_load((ROOT / "roles" / "shared_ip" / "meta" / "argument_specs.yml").read_text())["argument_specs"]
# A site in which each list has something.
SITE: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/awx.git",
    "awx_execution_environment_image": "registry.example.com/ee:1",
    "awx_instance_groups": ["near the edge"],
    "awx_notification_url": "https://hooks.example.com/awx",
    "awx_vcd_url": "https://vcd.example.com",
    "awx_vcd_org": "acme",
    "awx_vcd_user": "kube",
    "awx_vcd_password": "secret",
    "awx_vcd_api_token": "",
    "awx_kubeconfig": "apiVersion: v1",
    "awx_nakivo_url": "https://nakivo.example.com:4443",
    "awx_nakivo_user": "ansible",
    "awx_nakivo_password": "secret",
    "awx_clusters": [
        {"name": "prod-1", "inventory": "vcd.kubernetes clusters", "variables": {"shared_ip_context": "prod-1"}}
    ],
}
# Variables that describe one cluster. In a survey they would take precedence over the inventory, for all clusters.
OF_ONE_CLUSTER = {
    *("shared_ip_one_arm", "shared_ip_exclude", "shared_ip_prune_objects", "shared_ip_machines", "shared_ip_context"),
    *("shared_ip_edge_gateway", "shared_ip_vdc", "shared_ip_kubeconfig", "shared_ip_host", "shared_ip_config_map"),
}
OF_THE_PLAYBOOKS = {"shared_ip_hosts", "shared_ip_max_fail_percentage", "shared_ip_report_file", "shared_ip_report_dir"}
DATA = data(**SITE)
TEMPLATES = {one["name"]: one for one in DATA["controller_templates"]}
(WORKFLOW,) = DATA["controller_workflows"]
NAKIVO = "vcd.kubernetes NAKIVO"
NODES = {one["identifier"]: one for one in WORKFLOW["workflow_nodes"]}


@pytest.mark.parametrize("one", [*TEMPLATES.values(), WORKFLOW], ids=lambda one: one["name"])
def test_awx_accepts_each_survey_and_keeps_it_unchanged(one: dict[str, Any]) -> None:
    assert spec_problems(one["survey_spec"]) == []
    for question in one["survey_spec"]["spec"]:
        # AWX omits a default that the question would not accept as an answer
        default = question.get("default")
        assert default is None or answer_problem(question, {question["variable"]: default}) == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_survey_asks_for_variables_of_its_playbook_but_none_of_a_single_cluster(name: str) -> None:
    playbook = playbook_of(TEMPLATES[name]["playbook"]).stem
    entry = SPECS.get({"shared_ip": "main"}.get(playbook, playbook))
    asked = {one["variable"] for one in TEMPLATES[name]["survey_spec"]["spec"]}
    assert asked <= set(entry["options"]) | OF_THE_PLAYBOOKS
    assert not asked & OF_ONE_CLUSTER


@pytest.mark.parametrize("question", questions(), ids=lambda one: f"{one.template} {one.variable}")
def test_an_empty_answer_is_not_given(question: Question) -> None:
    assert differences(question) == []


def test_an_answer_with_a_value_makes_a_difference() -> None:
    """Otherwise the test above would prove nothing."""
    some = {"text": "x.html", "integer": 7, "multiplechoice": None}
    for question in questions():
        if not question.spec["required"]:
            kind = question.spec["type"]
            value = some[kind] or next(
                one for one in question.spec["choices"] if one not in ("false", "fail", "error", "tell")
            )
            changed = Question(question.template, question.playbook, {**question.spec, "default": value})
            changed = changed._replace(spec={**changed.spec, "default": value})
            assert _differs(changed, value), question


def _differs(question: Question, value: Any) -> bool:
    from survey_answers import outcome

    return outcome(question, {question.variable: value}) != outcome(question, {})


def test_the_page_says_what_a_missing_answer_means() -> None:
    page = write_awx_answers.PAGE.read_text(encoding="utf-8")
    assert page == write_awx_answers.renewed(page), "run tests/tools/write_awx_answers.py"
    with pytest.raises(ValueError, match="needs the markers"):
        write_awx_answers.renewed("# AWX\n")


def test_the_change_is_bound_to_the_plan() -> None:
    plan, backup, apply = (TEMPLATES[f"vcd.kubernetes {name}"] for name in ("plan", "backup", "apply"))
    assert plan["job_type"] == "check"
    saved = {"shared_ip_before_change": "vcd.kubernetes.shared_ip:save_vapp"}
    assert plan["extra_vars"] == {"shared_ip_plan_file": "plan.json", **saved}
    assert apply["extra_vars"] == backup["extra_vars"] == {"shared_ip_apply": "artifacts", **saved}
    asked = plan["survey_spec"]["spec"]
    for one in (apply, backup, WORKFLOW):
        assert one["survey_spec"]["spec"][: len(asked)] == asked
    # launched again, the workflow finishes what a cancelled job left
    assert [one["variable"] for one in WORKFLOW["survey_spec"]["spec"][len(asked) :]] == ["shared_ip_take_over"]
    # no answer of the workflow may replace what the plan passes on
    assert not {"shared_ip_apply", "shared_ip_plan_file"} & {one["variable"] for one in asked}
    assert WORKFLOW["ask_variables_on_launch"] is False


def test_the_workflow_runs_its_nodes_in_order() -> None:
    assert [*walked(WORKFLOW["workflow_nodes"], {})] == ["plan", "approval", "backup", "apply", "verify", "report"]
    names = {"approval": "Approve the plan of vcd.kubernetes"}
    again = {"report_of_failure": "report", "verify_failure": "verify"}
    for name, node in NODES.items():
        expected = names.get(name) or f"vcd.kubernetes {again.get(name, name)}"
        assert node["unified_job_template"]["name"] == expected


@pytest.mark.parametrize("status", FAILED)
@pytest.mark.parametrize("name", ["plan", "approval", "backup", "apply", "verify"])
def test_a_workflow_with_a_failed_part_is_shown_as_failed(name: str, status: str) -> None:
    """AWX shows a workflow as successful if each failed node has a failure node, such as the report after it."""
    ended = walked(WORKFLOW["workflow_nodes"], {name: status, "verify_failure": "failed"})
    assert has_failed(WORKFLOW["workflow_nodes"], ended)
    assert ("apply" in ended) == (name in ("apply", "verify"))
    assert ("report_of_failure" in ended) == (name in ("apply", "verify"))
    assert not has_failed(WORKFLOW["workflow_nodes"], walked(WORKFLOW["workflow_nodes"], {}))


def test_the_record_on_the_page_is_one_of_this_workflow() -> None:
    page = (ROOT / "docs" / "mesh.md").read_text(encoding="utf-8")
    record = page.partition("<!-- record: begin")[2].partition("<!-- record: end -->")[0]
    outcomes: tuple[dict[str, str], ...] = ({"apply": "error", "verify_failure": "failed"}, {})
    for launch, outcome in zip(record.split("Launched again"), outcomes, strict=True):
        rows = [line.split("|")[2].strip() for line in launch.splitlines() if line.startswith("| ")][2:]
        expected = [_template_of(name) for name in walked(WORKFLOW["workflow_nodes"], outcome)]
        assert [name for name, _rows in groupby(rows)] == expected, "run make mesh"


def _template_of(node: str) -> str:
    template = NODES[node]["unified_job_template"]
    return node if template["type"] == "workflow_approval" else str(template["name"].rpartition(" ")[2])


def test_what_is_saved_before_a_change_is_a_setting() -> None:
    names = ("plan", "backup", "apply")
    site = data(**{**SITE, "awx_before_change": ["nakivo.yml"], "awx_restore_dir": "/saved"})
    bare = data(**{**SITE, "awx_before_change": ""})
    for found, expected in (
        (site, {"shared_ip_before_change": ["nakivo.yml"], "shared_ip_restore_dir": "/saved"}),
        (bare, {}),  # then the variables of hosts and groups name it; these would take precedence over them
    ):
        for one in found["controller_templates"]:
            given = {key: value for key, value in one.get("extra_vars", {}).items() if key in PROTECTION}
            assert given == (expected if one["name"].rpartition(" ")[2] in names else {}), one["name"]


PROTECTION = ("shared_ip_before_change", "shared_ip_restore_dir")


def test_only_templates_that_change_something_wait_for_their_turn() -> None:
    for one in TEMPLATES.values():
        assert one["allow_simultaneous"] is ("only reads" in one["labels"]), one["name"]
    assert {name for name, one in TEMPLATES.items() if "changes" in one["labels"]} == {
        "vcd.kubernetes apply",
        "vcd.kubernetes restore",
    }


def test_every_referenced_object_exists() -> None:
    there = {name: {one["name"] for one in DATA[name]} for name in DATA}
    for one in TEMPLATES.values():
        assert set(one["credentials"]) <= there["controller_credentials"]
        assert len({_type_of(name) for name in one["credentials"]}) == len(one["credentials"])
        assert set(one["labels"]) <= there["controller_labels"]
        assert one["inventory"] in there["controller_inventories"]
        assert one["project"] in there["controller_projects"]
        assert one["execution_environment"] in there["controller_execution_environments"]
        assert set(one["notification_templates_error"]) <= there["controller_notifications"]
    assert {one["unified_job_template"] for one in DATA["controller_schedules"]} <= set(TEMPLATES)
    for one in DATA["controller_schedules"]:  # AWX does not schedule a template with required answers
        spec = TEMPLATES[one["unified_job_template"]]["survey_spec"]["spec"]
        assert not [question for question in spec if question["required"]]


def _type_of(credential: str) -> str:
    (found,) = [one["credential_type"] for one in DATA["controller_credentials"] if one["name"] == credential]
    return str(found)


def test_without_optional_parts_of_a_site_no_reference_is_left() -> None:
    bare = data(**{**SITE, "awx_notification_url": "", "awx_execution_environment_image": "", "awx_clusters": []})
    assert (
        bare["controller_notifications"] == bare["controller_execution_environments"] == bare["controller_hosts"] == []
    )
    without = data(**{**SITE, "awx_nakivo_url": ""})
    assert NAKIVO not in {one["name"] for one in without["controller_credentials"]}
    assert all(NAKIVO not in one["credentials"] for one in without["controller_templates"])
    for one in bare["controller_templates"]:
        assert one["execution_environment"] == ""
        assert one["notification_templates_error"] == []


@pytest.mark.parametrize("path", sorted((EXTENSION / "project").glob("*.yml")), ids=lambda path: path.name)
def test_each_playbook_of_the_project_imports_one_of_the_collection(path: Path) -> None:
    assert len(path.read_text().splitlines()) == 3
    assert playbook_of(path.name).exists()
    assert path.name in {one["playbook"] for one in TEMPLATES.values()}


def test_each_playbook_of_the_collection_has_a_template() -> None:
    used = {playbook_of(one["playbook"]).name for one in TEMPLATES.values()}
    assert used == {path.name for path in (ROOT / "playbooks").glob("*.yml")}


def test_the_project_pins_this_version() -> None:
    (found,) = yaml.safe_load((EXTENSION / "project" / "collections" / "requirements.yml").read_text())["collections"]
    assert found == {"name": "vcd.kubernetes", "version": yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]}


# -- credentials


def injected(name: str, inputs: dict[str, str], folder: Path) -> tuple[dict[str, str], list[str]]:
    (folder / "env").mkdir()
    (kind,) = [one for one in DATA["controller_credential_types"] if one["name"] == name]
    environ: dict[str, str] = {}
    words: list[str] = []
    inject(kind, inputs, environ, words, folder, None)
    return environ, words


def test_cloud_director_comes_by_the_environment(tmp_path: Path) -> None:
    given = {
        "url": "https://vcd",
        "org": "acme",
        "user": "kube",
        "password": "s",
        "ca": "-----BEGIN CERTIFICATE-----\n",
    }
    environ, words = injected(VCD, given, tmp_path)
    ca = Path(environ.pop("VCD_CA_PATH"))
    assert environ == {
        "VCD_URL": "https://vcd",
        "VCD_ORG": "acme",
        "VCD_USER": "kube",
        "VCD_PASSWORD": "s",
        "VCD_API_TOKEN": "",
    }
    assert (ca.parent, ca.read_text(), ca.stat().st_mode & 0o777) == (tmp_path / "env", given["ca"], 0o600)
    assert words == []


def test_without_certificates_there_is_no_certificate_file(tmp_path: Path) -> None:
    environ, _words = injected(VCD, {"url": "https://vcd", "org": "acme", "api_token": "t"}, tmp_path)
    assert environ["VCD_CA_PATH"] == ""
    assert environ["VCD_API_TOKEN"] == "t"


def test_the_kubeconfig_comes_as_a_file(tmp_path: Path) -> None:
    environ, words = injected(KUBECONFIG, {"kubeconfig": "apiVersion: v1"}, tmp_path)
    assert Path(environ["K8S_AUTH_KUBECONFIG"]).read_text() == "apiVersion: v1"
    assert words == []


@pytest.mark.parametrize("ca", ["", "-----BEGIN CERTIFICATE-----"])
def test_nakivo_comes_by_the_environment(ca: str, tmp_path: Path) -> None:
    given = {"url": "https://nakivo:4443", "user": "ansible", "password": "s", "tenant": "", "ca": ca}
    environ, words = injected(NAKIVO, given, tmp_path)
    assert words == []
    path = environ["NAKIVO_CA_PATH"]
    assert (Path(path).read_text() if path else "") == ca
    # in the environment variables to which the modules fall back, and in the form that these accept
    by_name = {option["fallback"][1][0]: name for name, option in CONNECTION.options.items() if "fallback" in option}
    options = {by_name[name]: text for name, text in environ.items()} | {"validate_certs": True, "timeout": 60}
    settings = settings_from(options)
    assert (settings.url, settings.user, settings.password) == ("https://nakivo:4443", "ansible", "s")
    assert settings.verify == (path or True)


def test_templates_that_back_up_or_change_have_the_credential_of_nakivo() -> None:
    with_it = {name.rpartition(" ")[2] for name, one in TEMPLATES.items() if NAKIVO in one["credentials"]}
    assert with_it == {"backup", "apply"}


def test_infra_controller_configuration_can_take_the_injectors() -> None:
    """That collection removes each pair of adjacent blanks from them."""
    assert "  " not in json.dumps([one["injectors"] for one in DATA["controller_credential_types"]])


def test_the_secrets_are_secret() -> None:
    fields = [one for kind in DATA["controller_credential_types"] for one in kind["inputs"]["fields"]]
    assert {one["id"] for one in fields if one.get("secret")} == {"password", "api_token", "kubeconfig"}


# -- jobs


CLUSTERS = {f"c{number}": {"shared_ip_context": f"c{number}"} for number in (3, 1, 2)}
CREDENTIALS = {VCD: {"url": "https://vcd", "org": "acme", "api_token": "t"}, KUBECONFIG: {"kubeconfig": "{}"}}


def job(folder: Path, template: str, **more: Any) -> dict[str, str]:
    made = prepare(template, folder=folder / "job", clusters=CLUSTERS, credentials=CREDENTIALS, **more)
    return {one.name: one.read_text() for one in (made / "env").iterdir()} | {
        "hosts": (made / "inventory" / "hosts").read_text()
    }


def test_a_job_gets_answers_without_template_evaluation_and_the_variables_of_its_template(tmp_path: Path) -> None:
    found = job(tmp_path, "apply", survey={"shared_ip_scenario": "shared_external", "shared_ip_hosts": ""}, limit="c1")
    assert "shared_ip_apply: artifacts\n" in found["extravars"]
    assert "!unsafe 'shared_ip_hosts': !unsafe ''\n" in found["extravars"]
    assert "!unsafe 'shared_ip_existing': !unsafe 'migrate'\n" in found["extravars"]
    assert "!unsafe 'awx_job_id': 1\n" in found["extravars"]
    assert found["cmdline"] == "-u root --forks=5 -l c1"
    assert job(tmp_path / "plan", "plan", survey={"shared_ip_scenario": "shared_external"})["cmdline"] == (
        "--check -u root --diff --forks=5"
    )


def test_an_answer_takes_precedence_over_artifacts_and_these_over_the_template(tmp_path: Path) -> None:
    answers = {"shared_ip_scenario": "shared_external"}
    handed_on = {"shared_ip_scenario": "shared_internal", "shared_ip_apply": "sha256:0", "shared_ip_plan_digest": "x"}
    text = job(tmp_path, "apply", survey=answers, artifacts=handed_on, in_workflow=True)["extravars"]
    found = yaml.load(text.replace("!unsafe ", ""), yaml.SafeLoader)
    assert found["shared_ip_scenario"] == "shared_external"
    assert found["shared_ip_apply"] == "sha256:0"
    assert found["shared_ip_plan_digest"] == "x"
    assert found["awx_workflow_job_id"] == found["tower_workflow_job_id"] == 1001


def test_slices_are_parts_of_the_inventory() -> None:
    parts = [list(inventory(CLUSTERS, (number, 2))["_meta"]["hostvars"]) for number in (1, 2)]
    assert parts == [["c1", "c3"], ["c2"]]
    assert inventory(CLUSTERS)["clusters"]["hosts"] == ["c1", "c2", "c3"]


@pytest.mark.parametrize(
    ("template", "answers", "why"),
    [
        ("plan", {}, "shared_ip_scenario: value missing"),
        ("plan", {"shared_ip_scenario": ""}, "shared_ip_scenario: expected to be one of"),
        ("restore", {"shared_ip_hosts": ""}, "shared_ip_hosts: too small"),
        (
            "audit",
            {"shared_ip_audit_certificate_days": ""},
            "shared_ip_audit_certificate_days: expected to be a number",
        ),
    ],
)
def test_awx_refuses_to_launch_invalid_answers(
    template: str, answers: dict[str, Any], why: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=why):
        job(tmp_path, template, survey=answers)


# -- awx_setup.yml


class SpecFound(Exception):
    """The argument spec of a module."""


@cache
def spec_of(module: str) -> dict[str, Any]:
    """The options that a module of awx.awx takes, from the module itself."""
    loaded = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{module}")
    real = loaded.ControllerAPIModule

    class Stop(real):  # type: ignore[misc, valid-type] # the class of the module
        def __init__(self, argument_spec: dict[str, Any], **kwargs: Any) -> None:
            raise SpecFound({**kwargs, "argument_spec": {**real.AUTH_ARGSPEC, **argument_spec}})

    loaded.ControllerAPIModule = Stop
    try:
        loaded.main()
    except SpecFound as caught:
        found: dict[str, Any] = caught.args[0]
        return found
    finally:
        loaded.ControllerAPIModule = real
    raise AssertionError(f"{module} has no argument spec")


CALLS = list(calls(**SITE))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_each_task_has_arguments_that_awx_awx_accepts(call: AwxModuleCall) -> None:
    spec = spec_of(call.module)
    more = {name: spec[name] for name in ("mutually_exclusive", "required_one_of", "required_if") if name in spec}
    checked = ArgumentSpecValidator(spec["argument_spec"], **more).validate(call.arguments)
    assert checked.error_messages == []
    if "identifier" not in call.item:  # nothing in the data is lost on the way
        assert set(call.item) <= set(call.arguments) | {"execution_environment", "workflow_nodes"}


def test_each_list_is_put_into_awx() -> None:
    assert {list_of(task) for task in tasks()} == set(DATA)
