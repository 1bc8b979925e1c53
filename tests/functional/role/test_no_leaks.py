# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No password and no token is in any output, log, file or process list, at the highest verbosity."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kube_double.testing import KubeDouble
from role_runs import FIXTURES, Case, Finished, connection, cpi_objects, run_cases
from vcdsim.testing import Simulator
from waiting import until

PASSWORD, API_TOKEN = "kube-secret-1", "acme-api-token-0000000000000001"
IN_FILE = {"secret": "planted-file-secret", "refreshtoken": "planted-file-refreshtoken"}
WRONG = ["planted-wrong-password", "planted-wrong-api-token", "planted-wrong-token", "planted-wrong-api-key"]
LOUD = ("-vvvv", "--diff")


def cluster_with_secrets_in_the_file() -> list[Any]:
    """CPI as shipped, but with credentials in its file, as in old installations; and a file that is not YAML."""
    objects = list(yaml.safe_load_all((FIXTURES / "cpi-1.6.1.manifest").read_text()))
    found = next(item for item in objects if item["kind"] == "ConfigMap")
    lines = "".join(f"\n  {key}: {value}" for key, value in IN_FILE.items())
    file = found["data"]["vcloud-ccm-config.yaml"]
    found["data"]["vcloud-ccm-config.yaml"] = file.replace("vdc: acme-vdc", f"vdc: acme-vdc{lines}", 1)
    broken = {**found, "metadata": {"name": "broken", "namespace": "kube-system"}}
    broken["data"] = {"vcloud-ccm-config.yaml": f"vcd:\n  secret: {IN_FILE['secret']}\n\tx: {IN_FILE['secret']}\n"}
    return [cpi_objects()[0], *objects, broken]


def case(name: str, scenario: str = "shared_external", tasks_from: str = "main", **variables: Any) -> Case:
    """A run of the role."""
    wanted = {f"shared_ip_{key}": value for key, value in variables.items()}
    return Case(name, {"shared_ip_scenario": scenario, **wanted}, tasks_from)


def containing(folder: Path, secrets: Iterable[str]) -> list[str]:
    """Files below a folder that hold a secret."""
    wanted = [secret.encode() for secret in secrets]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(folder)) for path in files if any(one in path.read_bytes() for one in wanted))


class ProcessList:
    """Watches the command lines of all processes while the block runs."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = [secret.encode() for secret in secrets]
        self.looks, self.found = 0, set[bytes]()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> ProcessList:
        self._thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.looks += 1
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes()
                except OSError:  # the process has ended
                    continue
                if any(secret in line for secret in self.secrets):
                    self.found.add(line)


def forms(*secrets: str) -> list[str]:
    """The secrets, in plain text and encoded as in a header of basic authentication."""
    encoded = [base64.b64encode(secret.encode()).decode() for secret in (*secrets, f"kube@acme:{PASSWORD}")]
    return [*secrets, *encoded]


def run_loudly(folder: Path, cases: list[Case], environment: dict[str, str], secrets: list[str]) -> Finished:
    """Run the cases at the highest verbosity and search all output and files."""
    (folder / "local").mkdir(parents=True)
    environment |= {"ANSIBLE_LOG_PATH": str(folder / "ansible.log"), "ANSIBLE_REMOTE_TEMP": str(folder / "remote")}
    with ProcessList(secrets) as processes:
        run = run_cases(folder, cases, environment, *LOUD)
    (folder / "output.txt").write_text(run.output)
    # the variables of the cases are the input, and the only place where secrets may be
    assert [name for name in containing(folder, secrets) if name != "cases.yml"] == []
    assert processes.looks > 10
    assert processes.found == set()
    return run


def test_secrets_from_the_environment_do_not_leak(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cluster_with_secrets_in_the_file()) as kube:
        token = yaml.safe_load(Path(kube.kubeconfig).read_text())["users"][0]["user"]["token"]
        secrets = forms(PASSWORD, token, *IN_FILE.values())
        cases = [
            case("change"),
            case("again"),
            case("change back", "distinct_internal"),
            case("verify", "distinct_internal", tasks_from="verify"),
            case("not YAML", config_map="broken"),
        ]
        run = run_loudly(tmp_path / "run", cases, connection(sim, kube), secrets)
        assert [name for name, outcome in run.outcomes.items() if outcome["failed"]] == ["not YAML"]
        # the output was indeed verbose, and showed the file
        assert "EXEC /bin/sh" in run.output
        assert "enableVirtualServiceSharedIP: true" in run.output
        assert not any(secret in str(sim.journal()) for secret in secrets)


def test_right_and_wrong_secrets_from_variables_do_not_leak(tmp_path: Path) -> None:
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        content = yaml.safe_load(Path(kube.kubeconfig).read_text())
        token = content["users"][0]["user"]["token"]
        environment = {"VCD_URL": sim.url, "VCD_CA_PATH": str(sim.ca), "VCD_ORG": "acme"}
        kubernetes = {"host": kube.url, "ca_cert": str(kube.ca), "api_key": token}
        cases = [
            case("by password", vcd_user="kube", vcd_password=PASSWORD, **kubernetes),
            case("by API token", "distinct_internal", vcd_api_token=API_TOKEN, **kubernetes),
            case("a kubeconfig's content", "distinct_internal", vcd_api_token=API_TOKEN, kubeconfig=content),
            case("wrong password", vcd_user="kube", vcd_password=WRONG[0], **kubernetes),
            case("wrong API token", vcd_api_token=WRONG[1], **kubernetes),
            case("wrong token", vcd_token=WRONG[2], **kubernetes),
            case("wrong API key", vcd_api_token=API_TOKEN, **{**kubernetes, "api_key": WRONG[3]}),
        ]
        run = run_loudly(tmp_path / "run", cases, environment, forms(PASSWORD, API_TOKEN, token, *WRONG))
        assert [outcome["failed"] for outcome in run.outcomes.values()] == [False] * 3 + [True] * 4


def test_a_leak_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "log").write_text(f"x {PASSWORD} y")
    assert containing(tmp_path, [PASSWORD]) == ["a/log"]
    with ProcessList([b"pytest".decode()]) as processes:
        until(lambda: processes.found, "this process in the list")
    with pytest.raises(AssertionError):
        assert containing(tmp_path, [PASSWORD]) == []
