# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx_setup.yml creates everything in AWX, and a second run changes nothing: the real awx.awx, a double of the API.

Each task runs its module in this process, because ansible-playbook would take half a minute of CPU. Only the beginning
of the playbook, which checks variables without defaults, runs in ansible-playbook.
"""

from __future__ import annotations

import json
import ssl
from pathlib import Path
from typing import Any

import awx_jobs
import pytest
from awx_double import PASSWORD, AwxDouble
from awx_setup_tasks import calls
from module_output import output_of
from role_runs import ansible_playbook

SECRET = "vcd-secret-1"
SITE: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/awx.git",
    "awx_execution_environment_image": "registry.example.com/ee:1",
    "awx_notification_url": "https://hooks.example.com/awx",
    "awx_vcd_url": "https://vcd.example.com",
    "awx_vcd_org": "acme",
    "awx_vcd_user": "kube",
    "awx_vcd_password": SECRET,
    "awx_kubeconfig": "apiVersion: v1\nkind: Config\n",
    "awx_nakivo_url": "https://nakivo.example.com:4443",
    "awx_nakivo_user": "ansible",
    "awx_nakivo_password": SECRET,
    "awx_clusters": [
        {
            "name": f"prod-{number}",
            "inventory": "vcd.kubernetes clusters",
            "variables": {"shared_ip_context": f"prod-{number}", "shared_ip_edge_gateway": f"edge-{number}"},
        }
        for number in (1, 2)
    ],
}
PLAYBOOKS = tuple(path.name for path in (awx_jobs.EXTENSION / "project").glob("*.yml"))
LISTS = {
    "credential_types": "controller_credential_types",
    "labels": "controller_labels",
    "credentials": "controller_credentials",
    "projects": "controller_projects",
    "inventories": "controller_inventories",
    "hosts": "controller_hosts",
    "groups": "controller_groups",
    "job_templates": "controller_templates",
    "workflow_job_templates": "controller_workflows",
    "schedules": "controller_schedules",
    "notification_templates": "controller_notifications",
    "execution_environments": "controller_execution_environments",
}


def set_up(awx: AwxDouble, **more: Any) -> list[str]:
    """Run each task for each element, and return those that changed something. None may show a secret."""
    changed = []
    for call in calls(**{**SITE, **more}):
        text = output_of(call.main, call.arguments)
        assert PASSWORD not in text
        # Ansible does not show the task with the credentials, which has no_log
        assert call.module == "credential" or SECRET not in text
        result = json.loads(text)
        assert not result.get("failed"), (call.name, result.get("msg"))
        changed += [call.name] if result["changed"] else []
    return changed


@pytest.fixture
def controller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AwxDouble:
    awx = AwxDouble(PLAYBOOKS)
    monkeypatch.chdir(tmp_path)  # the place of a settings file of awx.awx
    # the double speaks HTTP; reading this machine's CAs for each request would take most of the time
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *_arguments: None)
    for name, value in {**awx.environment(), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    return awx


def test_everything_is_created_in_awx_once(controller: AwxDouble) -> None:
    with controller as awx:
        known = awx_jobs.data(**SITE)
        nodes = [one for workflow in known["controller_workflows"] for one in workflow["workflow_nodes"]]
        linked = [one for one in nodes if any(one["related"].values())]
        assert len(set_up(awx)) == sum(len(known[name]) for name in LISTS.values()) + len(nodes) + len(linked)
        for kind, name in LISTS.items():
            assert set(awx.named(kind)) == {one["name"] for one in known[name]}, kind
        for one in known["controller_templates"]:
            name = one["name"]
            assert awx.named("job_templates")[name]["survey_"] == one["survey_spec"]
            assert sorted(awx.associated("job_templates", name, "credentials")) == sorted(one["credentials"])
            assert sorted(awx.associated("job_templates", name, "labels")) == sorted(one["labels"])
            assert awx.associated("job_templates", name, "notification_templates_error") == ["vcd.kubernetes"]
        change = awx.named("workflow_job_templates")["vcd.kubernetes change"]
        assert change["survey_"] == known["controller_workflows"][0]["survey_spec"]
        for node in nodes:
            for when in ("success_nodes", "failure_nodes", "always_nodes"):
                expected = [one["identifier"] for one in node["related"][when]]
                assert awx.associated("workflow_job_template_nodes", node["identifier"], when) == expected
        # in any order: the module turns them into a set
        assert sorted(awx.associated("groups", "clusters", "hosts")) == ["prod-1", "prod-2"]
        assert awx.named("credentials")["vcd.kubernetes Cloud Director"]["inputs"]["password"] == SECRET

        awx.writes.clear()
        assert set_up(awx) == []
        assert awx.writes == []

        # a password is written again only on request
        assert set_up(awx, awx_vcd_password="vcd-secret-2") == []
        again = set_up(awx, awx_vcd_password="vcd-secret-2", awx_update_secrets=True)
        assert "credential vcd.kubernetes Cloud Director" in again
        assert awx.named("credentials")["vcd.kubernetes Cloud Director"]["inputs"]["password"] == "vcd-secret-2"
        assert set_up(awx, awx_forks=9) == [f"job_template {one['name']}" for one in known["controller_templates"]]


def test_missing_variables_are_reported_before_anything_is_written(controller: AwxDouble, tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(
        json.dumps({**SITE, "awx_project_url": "", "awx_vcd_password": "", "awx_nakivo_user": ""})
    )
    with controller as awx:
        words = [str(awx_jobs.EXTENSION / "awx_setup.yml"), "-e", "@site.yml"]
        code, output = ansible_playbook(tmp_path, words, awx.environment())
        assert code == 2
        said = " ".join(output.split())
        assert "awx_project_url, awx_vcd_api_token, or awx_vcd_user and awx_vcd_password, awx_nakivo_user and" in said
        assert awx.writes == []
