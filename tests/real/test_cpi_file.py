# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPI's file: this collection judges it as the real program does at its start (docs/cpi-rules.md).

The program runs in a folder that contains only its file. It needs no cluster for that: it reads the file first, and its
next log line shows how far it came.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import default_certificate
from control_plane.node.container import Container, Image
from control_plane.places import Missing, on_ci
from control_plane.programs import find_cpi
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from vcdsim.testing import Simulator

VERSIONS = {"1.6": (1, 6, 1), "1.2": (1, 2, 0)}
FILE = """\
vcd:
  host: HOST
  org: acme
  vdc: acme-vdc
  user: kube
  userorg: acme
  secret: kube-secret-1
loadbalancer:
  oneArm:
    startIP: "192.168.8.2"
    endIP: "192.168.8.100"
  network: k8s-net
  enableVirtualServiceSharedIP: false
clusterid: NO_RDE_1
vAppName: acme-vapp
"""
# How far CPI gets. It exits at the first and the last obstacle, and retries at the others without doing anything.
REFUSED, INVALID, NO_LOGIN, NO_NETWORK, RUNS = "refused", "invalid", "no login", "no network", "runs"
STAGES = (
    (re.compile(r"unable to decode yaml file: \[(.*)"), REFUSED),
    (re.compile(r"^panic: ", re.MULTILINE), REFUSED),  # a first document without content
    (re.compile(r"error validating config: \[(.*)"), INVALID),
    (re.compile(r"Error initializing client from secrets: \[(.*)"), NO_LOGIN),
    (re.compile(r"Unable to set authorization in config: \[(.*)"), NO_LOGIN),
    (re.compile(r"failed to create GatewayManager: \[(.*)"), NO_NETWORK),
    (re.compile(r"Obtained Gateway \["), RUNS),
)
SECONDS = 600.0  # for a busy machine; CPI decides within a second
Start = Callable[[str, str], tuple[str, str]]


@pytest.fixture(scope="module")
def vcd() -> Iterator[Simulator]:
    with Simulator(estate="one-edge", task_seconds=0, api_versions="36.0,36.1,36.2,36.3,37.0,37.1,37.2") as running:
        yield running


@pytest.fixture(scope="module")
def start(vcd: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """A function that starts CPI of a version with a file, and returns how far it came, and its log until then."""
    try:
        programs = {version: Image(find_cpi(version), re.compile("")) for version in VERSIONS}
    except Missing as error:
        if on_ci():
            raise
        pytest.skip(str(error))
    count = itertools.count()

    def run(version: str, text: str) -> tuple[str, str]:
        folder = tmp_path_factory.mktemp(f"cpi-{next(count)}-")
        container = Container(folder / "root", _container(), programs[version], 0)
        container.mount("/etc/kubernetes/vcloud", {"file.yaml": text.replace("HOST", vcd.url).encode()})
        account = {"token": b"none", "ca.crt": Path(vcd.ca).read_bytes()}
        container.mount("/var/run/secrets/kubernetes.io/serviceaccount", account)
        environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "1"}
        program = container.start(folder / "log", environment)
        assert program
        found: list[str] = []

        def decided() -> bool:
            log = (folder / "log").read_text(errors="replace")
            found[:] = [stage for pattern, stage in STAGES if pattern.search(log)]
            return bool(found) or program.exit_code is not None

        try:
            program.wait_until(decided, "a decision about its file", SECONDS)
        finally:
            program.kill()
            program.stop()
        log = (folder / "log").read_text(errors="replace")
        assert found, log
        return found[0], log

    return run


def _container() -> dict[str, object]:
    flags = ["--cloud-config=/etc/kubernetes/vcloud/file.yaml", "--cloud-provider=vmware-cloud-director"]
    return {"name": "cpi", "command": ["/cpi", *flags, "--allow-untagged-cloud=true", "--secure-port=0"]}


def problems_of(text: str, version: str) -> tuple[str, ...]:
    """The problems that this collection finds in a file."""
    return read_config(text.replace("HOST", "https://vcd.example.com"), VERSIONS[version]).problems


ALTERED = {
    "as it is": ("vcd:", "vcd:", RUNS),
    "%YAML 1.1": ("vcd:", "%YAML 1.1\n---\nvcd:", RUNS),
    "%TAG": ("vcd:", "%TAG !e! tag:example.com,2000:\n---\nvcd:", RUNS),
    "%YAML 1.2": ("vcd:", "%YAML 1.2\n---\nvcd:", REFUSED),
    "%YAML 1.0": ("vcd:", "%YAML 1.0\n---\nvcd:", REFUSED),
    "%YAML twice": ("vcd:", "%YAML 1.1\n%YAML 1.1\n---\nvcd:", REFUSED),
    "unknown directive": ("vcd:", "%COLOUR red\n---\nvcd:", REFUSED),
    "directive without ---": ("vcd:", "%YAML 1.1\nvcd:", REFUSED),
    "unknown key": ("  network:", "  transparentMode: true\n  network:", REFUSED),
    "key twice": ("  network:", "  network: a\n  network:", REFUSED),
    "wrong type": ("IP: false", 'IP: "false"', REFUSED),
    "yes is true": ("IP: false", "IP: yes", RUNS),
    "no org": ("  org: acme\n", "", NO_LOGIN),
    "no vdc": ("  vdc: acme-vdc\n", "", NO_NETWORK),
    "empty vdc": ("acme-vdc", '""', NO_NETWORK),
    "no scheme": ("HOST", "vcd.example.com", NO_LOGIN),
    "no scheme, with port": ("HOST", "vcd.example.com:8443", NO_LOGIN),
    "slashes behind the host": ("HOST", "HOST//", RUNS),
    "no host": ("  host: HOST\n", "", INVALID),
    "no network": ("k8s-net", '""', INVALID),
    "no vApp": ("acme-vapp", '""', INVALID),
    "neither flag": ('  oneArm:\n    startIP: "192.168.8.2"\n    endIP: "192.168.8.100"\n', "", INVALID),
    "vipSubnet that it cannot parse": ("  network:", "  vipSubnet: any\n  network:", RUNS),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", ALTERED)
def test_cpi_gets_as_far_with_a_file_as_this_collection_says(start: Start, version: str, case: str) -> None:
    """``vipSubnet`` is read later, when a Service needs an IP. CPI 1.2 does not compare the network's VDC."""
    old, new, expected = ALTERED[case]
    text = FILE.replace(old, new, 1)
    if (version, expected) == ("1.2", NO_NETWORK):
        expected = RUNS
    assert start(version, text)[0] == expected
    assert bool(problems_of(text, version)) is (expected != RUNS)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("cluster_id", ["NO_RDE_1", "prod", "urn:vcloud:entity:vmware:capvcdCluster:1"])
def test_cpi_uses_the_default_certificate_if_the_file_names_none(start: Start, version: str, cluster_id: str) -> None:
    _stage, log = start(version, FILE.replace("NO_RDE_1", cluster_id))
    assert f"Using certAlias [{default_certificate(cluster_id)}] from env" in log


PIECES = st.sampled_from(
    ["%YAML 1.1\n", "%YAML 1.2\n", "%X y\n", "---\n", "--- # c\n", "# c\n", "\n", "\t\n", "...\n", "\ufeff"]
)
VALUES = st.sampled_from(
    [
        "k8s-net",
        "''",
        "~",
        "&a k8s-net",
        "!!str 1",
        "[x]",
        "{a: b}",
        "|\n    k8s-net",
        "'a\n    b'",
        "*a",
        "0x1",
        "k: v",
    ]
)


@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(st.lists(PIECES, max_size=3), VALUES, st.sampled_from(["", "...\n", "---\n", "# end"]))
def test_this_collection_judges_any_file_as_cpi_does(start: Start, head: list[str], network: str, tail: str) -> None:
    """Layouts that a decoder may or may not accept. A second document is refused here though CPI ignores it."""
    text = "".join(head) + FILE.replace("k8s-net", network) + tail
    problems = problems_of(text, "1.6")
    if any("YAML documents" in problem for problem in problems):
        return
    stage, log = start("1.6", text)
    runs = stage in (RUNS, NO_NETWORK)  # whether the network exists does not depend on the file
    assert runs is not bool(problems), f"{problems}\n{text}\n{log[-2000:]}"
