# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: moves a Service that is in use to another scenario and back, and then through all three.

Simulated: Cloud Director and the Kubernetes API, by two programs of this repository that listen on 127.0.0.1. Real:
ansible-playbook, the role, the modules, CPI's published manifests.

    python tests/demo/demo.py [--work DIR]        (`make demo` calls it with everything it needs)
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TREE = ROOT.parents[2]  # the folder of ansible_collections
sys.path[:0] = [str(TREE), *(str(ROOT / "tests" / name) for name in ("simulator", "kube_double", "support"))]

# E402: Python finds these by the path that is set above
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._drawing import drawing  # noqa: E402
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._page_frame import render  # noqa: E402
from invariants import Port, Service, ports_down  # noqa: E402
from kube_double.testing import KubeDouble  # noqa: E402
from markupsafe import Markup  # noqa: E402
from moving import Edge  # noqa: E402
from traffic import Row, View, Watch, view_of  # noqa: E402
from vcdsim.testing import Simulator  # noqa: E402

NAMESPACE, LABEL = "kube-system", "app=vmware-cloud-director-ccm"
FIXTURES = ROOT / "tests" / "fixtures" / "cpi"
MEANING = {
    "shared_external": "the ports share the external IP, without NAT",
    "shared_internal": "the ports share one internal IP behind NAT",
    "distinct_internal": "each port has its own internal IP behind NAT",
}
START = "distinct_internal"  # as CPI's manifest ships
TARGET = "shared_internal"
EXTERNAL_IP = "203.0.113.10"
CLUSTER_ID = "urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10"
PORTS: list[dict[str, Any]] = [
    {"name": name, "port": port, "nodePort": 30000 + port, "protocol": "TCP"}
    for name, port in (("http", 80), ("https", 443))
]
NUMBERS = [port["port"] for port in PORTS]
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": PORTS},
    "status": {"loadBalancer": {"ingress": [{"ip": EXTERNAL_IP}]}},
}
CLIENTS = [Service("default/web", tuple(Port(EXTERNAL_IP, number) for number in NUMBERS))]
TASK_SECONDS, HEALTH_SECONDS, POD_SECONDS = 0.2, 0.1, 0.2
READS = {"GET", "HEAD", "OPTIONS"}
# requests that change nothing, although they are not a GET: questions about rights, and logins
HARMLESS = ("selfsubjectaccessreviews", "selfsubjectrulesreviews", "/sessions", "/oauth/")
MIGRATE = ("-e", "shared_ip_existing=migrate")
PAGE = """
{% call page.section("A live move, and the way back") %}
{% for moment in moments %}
<h3>{{ moment.title }}</h3>
<dl>{% for name, text in moment.rows %}<dt>{{ name }}</dt><dd>{{ text }}</dd>{% endfor %}</dl>
{% if moment.image %}<figure>{{ moment.image }}</figure>{% endif %}
{% endfor %}{% endcall %}
{% call page.section("Every scenario") %}
<table class="wide"><thead><tr>{% for one in head %}<th>{{ one }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for name, cell in row %}<td data-label="{{ name }}">{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>
<div class="sides">
{% for name, meaning, image in images %}<figure><figcaption>{{ name }}: {{ meaning }}</figcaption>{{ image }}</figure>
{% endfor %}</div>{% endcall %}
{% call page.section("Reports of the runs") %}<ul>
{% for one in reports %}<li><a href="{{ one }}">{{ one }}</a></li>
{% endfor %}</ul>{% endcall %}
"""
HEAD = ("scenario", "external IP", "VIPs", "DNAT rules", "port down longest", "writing requests", "run")


class DemoFailed(Exception):
    """The demo did not show what it announced."""


@dataclass
class MeasuredRun:
    """What one run did: the seconds of downtime of each port, the writes, and the seconds that the run took.

    ``before`` and ``after`` are the data of drawings: how clients reached the Service then.
    """

    down: Mapping[int, float]
    writes: int
    seconds: float
    result: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass
class Moment:
    """What clients saw at one moment, and its drawing."""

    title: str
    rows: list[Row]
    image: Markup | None = None


@dataclass
class Demo:
    """The running doubles, the folder for logs, and what the page will show."""

    vcd: Simulator
    kube: KubeDouble
    work: Path
    count: int = 0
    moments: list[Moment] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    images: list[tuple[str, str, Markup]] = field(default_factory=list)

    def live(self) -> None:
        """Move a live Service to another scenario and back, with the same external IP."""
        self.prepare()
        heading(f"A Service that is in use: default/web on {EXTERNAL_IP}, in {START}")
        begin = self.moment("Before", self.view().rows())
        say("", "The plan. Nothing is written.")
        before = self.kube_writes()
        planned = self.move(TARGET, "plan", "--check", "--diff", brief=False)
        expect((planned.writes, self.kube_writes()) == (0, before), "the plan wrote nothing")
        begin.image = drawn(planned.before, begin.title)
        say("", "The move. CPI is stopped meanwhile, so that nothing else changes its objects.")
        with Watch(self.view) as watch:
            moved = self.move(TARGET, "move")
        if watch.problem:
            raise DemoFailed(f"the traffic could not be watched: {watch.problem}")
        self.moment("During", [*watch.rows(), *down_rows(moved.down)])
        expect(
            {view.external_ip for _moment, view in watch.seen} == {EXTERNAL_IP}, "Kubernetes always showed the same IP"
        )
        self.moment("After", self.view().rows(), moved)
        self.check(TARGET)
        say("", "The way back, to the restore point that was stored before the first write.")
        back = self.move("", "way-back", playbook="vcd.kubernetes.restore")
        self.moment("After the way back", [*self.view().rows(), *down_rows(back.down)], back)
        self.check(START)

    def all_scenarios(self) -> None:
        """Move the Service through the three scenarios."""
        heading("The three scenarios, one after the other")
        for name in ("shared_external", "shared_internal", "distinct_internal"):
            say("", f"{name}: {MEANING[name]}")
            moved = self.move(name, "scenario")
            self.check(name)
            expect(bool(moved.result.get("verified")), f"{name} was verified")
            say(*lines_of(self.view().rows()))
            vips = sorted({one["virtualIpAddress"] for one in self.vcd.dump()["virtual_services"]})
            rules = str(len(self.vcd.dump()["nat_rules"]))
            down = f"{max(moved.down.values(), default=0.0):.1f} s"
            took = f"{moved.seconds:.0f} s"
            self.rows.append([name, self.view().external_ip, ", ".join(vips), rules, down, str(moved.writes), took])
            self.images.append((name, MEANING[name], drawn(moved.after, name)))

    def check(self, scenario: str) -> None:
        """Stop the demo unless Cloud Director serves the Service on its IP, in the shape of a scenario."""
        view, dump = self.view(), self.vcd.dump()
        expect(view.external_ip == EXTERNAL_IP, "the Service kept its external IP")
        expect(all(one.served for one in view.paths), "each port is served")
        vips = {one["virtualIpAddress"] for one in dump["virtual_services"]}
        external = scenario == "shared_external"
        expect((vips == {EXTERNAL_IP}) == external, "the VIPs are those of the scenario")
        expect(len(vips) == (2 if scenario == "distinct_internal" else 1), "the VIPs are shared, or they are not")
        expect(bool(dump["nat_rules"]) != external, "there are DNAT rules where the scenario has them")

    def prepare(self) -> None:
        """Serve the Service in place of CPI, which does not run here, and let clients in. Nothing of it is shown."""
        self.kube.load([SERVICE])
        ports = [{key: port[key] for key in ("name", "port")} | {"node_port": port["nodePort"]} for port in PORTS]
        service = {"name": "web", "namespace": "default", "external_ip": EXTERNAL_IP, "members": ["10.10.0.11"]}
        edge = Edge(self.vcd, cluster_id=CLUSTER_ID)
        edge.create([{**service, "ports": ports}], START)
        edge.of(user="admin", password="admin-secret-1").module("vcd_firewall_rule", name="clients", action="ALLOW")
        self.vcd.settings(task_seconds=TASK_SECONDS, health_seconds=HEALTH_SECONDS)

    def view(self) -> View:
        """What clients see now."""
        found = next(one for one in self.kube.list("Service", "default") if one["metadata"]["name"] == "web")
        addresses = [one["ip"] for one in found["status"]["loadBalancer"].get("ingress") or []]
        return view_of(", ".join(addresses) or "nothing", self.vcd.dump(), EXTERNAL_IP, NUMBERS)

    def moment(self, title: str, rows: list[Row], move: MeasuredRun | None = None) -> Moment:
        """Show what clients see, and keep it for the page, with a drawing of the state after a move."""
        self.moments.append(Moment(title, rows, drawn(move.after, title) if move else None))
        say("", f"{title}:", *lines_of(rows))
        return self.moments[-1]

    def move(
        self, scenario: str, purpose: str, *options: str, brief: bool = True, playbook: str = "vcd.kubernetes.shared_ip"
    ) -> MeasuredRun:
        """Run a playbook of the collection, and measure what it did."""
        self.vcd.journal(clear=True)
        dump = self.vcd.dump()
        words = [playbook, *(["-e", f"shared_ip_scenario={scenario}", *MIGRATE] if scenario else []), *options]
        began = time.monotonic()
        recap = self.run(words, f"{scenario}-{purpose}".strip("-"), brief=brief)
        seconds = time.monotonic() - began
        down: dict[int, float] = dict.fromkeys(NUMBERS, 0.0)
        for one in ports_down(self.vcd.timeline(), dump, CLIENTS):
            down[one.port or 0] += one.seconds
        found = [recap[name] or {} for name in ("result", "before", "after")]
        return MeasuredRun(down, self.writes(), seconds, *found)

    def run(self, words: list[str], purpose: str, *, brief: bool) -> Mapping[str, Any]:
        """Run the real ansible-playbook, shown unless ``brief``, and log everything. Returns what `calm_demo` wrote."""
        self.count += 1
        log = self.work / f"{self.count}-{purpose}.log"
        recap = log.with_suffix(".json")
        environment = {**self.environment(), "CALM_LOG": str(log), "CALM_RECAP": str(recap)}
        environment |= {"CALM_BRIEF": "yes"} if brief else {}
        if words[0].startswith("vcd."):
            say(f"  $ ansible-playbook {' '.join(words)}")
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        code = subprocess.call([program, *words], env=environment, cwd=self.work, stdin=subprocess.DEVNULL)
        if code or not recap.exists():
            raise DemoFailed(f"ansible-playbook ended with {code}; its output is in {log}")
        found: Mapping[str, Any] = json.loads(recap.read_text())
        return found

    def environment(self) -> dict[str, str]:
        """The environment of a run. It is the only place of the password."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VCD_", "K8S_"))},
            "HOME": str(self.work / "home"),
            "VCD_URL": self.vcd.url,
            "VCD_CA_PATH": str(self.vcd.ca),
            "VCD_ORG": "acme",
            "VCD_USER": "kube",
            "VCD_PASSWORD": "kube-secret-1",
            "K8S_AUTH_KUBECONFIG": str(self.kube.kubeconfig),
            "ANSIBLE_STDOUT_CALLBACK": "calm_demo",
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }

    def writes(self) -> int:
        """The requests that changed something in Cloud Director since its journal was cleared."""
        return sum(map(is_write, self.vcd.journal()))

    def kube_writes(self) -> int:
        """The requests that changed something in Kubernetes."""
        return sum(map(is_write, self.kube.journal()))

    def page(self, seconds: float) -> Path:
        """Write the page of the demo, and return its path."""
        path = self.work / "demo.html"
        reports = sorted(self.work.glob("home/.vcd-kubernetes/reports/*.html"))
        text = render(
            PAGE,
            title=f"{EXTERNAL_IP} moves through three scenarios",
            about=["Cloud Director and the Kubernetes API were doubles; Ansible, the role and the modules are real."],
            foot=f"make demo, {seconds:.0f} s",
            moments=self.moments,
            head=HEAD,
            rows=[list(zip(HEAD, row, strict=True)) for row in self.rows],
            images=self.images,
            reports=[str(one.relative_to(self.work)) for one in reports],
        )
        path.write_text(text, encoding="utf-8")
        return path


def say(*lines: str) -> None:
    """Print lines at once, even if the output is not a terminal."""
    for line in lines:
        print(line, flush=True)


def heading(text: str) -> None:
    """The heading of a part."""
    say("", "-" * 100, text, "-" * 100)


def lines_of(rows: Sequence[Row]) -> list[str]:
    """Rows for the screen."""
    return [f"  {name:<25} {text}" for name, text in rows]


def down_rows(down: Mapping[int, float]) -> list[Row]:
    """How long each port was down."""
    return [
        (f"port {port}", f"was {f'down for {max(seconds, 0.1):.1f} s' if seconds else 'never down'}")
        for port, seconds in down.items()
    ]


def drawn(picture: Mapping[str, Any], caption: str) -> Markup:
    """The drawing of how clients reach the Service; the page has one for each caption."""
    expect(len(picture.get("services", [])) == 1, "the run reports how the one Service is reached")
    return drawing(picture["services"][0], re.sub(r"\W", "-", caption), caption)


def is_write(entry: Mapping[str, Any]) -> bool:
    """Whether a request in a journal changed something."""
    return entry["method"] not in READS and not any(part in entry["path"] for part in HARMLESS)


def expect(holds: bool, what: str) -> None:
    """Stop the demo unless ``holds`` is true."""
    if not holds:
        raise DemoFailed(f"expected, but not true: {what}")


@contextmanager
def doubles(work: Path) -> Iterator[Demo]:
    """Run both doubles for the length of a block."""
    objects = [FIXTURES / "cluster.manifest", FIXTURES / "cpi-1.6.1.manifest"]
    with (
        Simulator(estate="one-edge", task_seconds=TASK_SECONDS, health_seconds=HEALTH_SECONDS) as vcd,
        KubeDouble(objects=objects, start_seconds=POD_SECONDS, stop_seconds=POD_SECONDS) as kube,
    ):
        kube.wait_for(
            lambda: all(is_ready(pod) for pod in kube.list("Pod", NAMESPACE, LABEL) or [{}]), "CPI's pod is ready"
        )
        say(
            "Two simulated services run on this machine. Everything else is real:",
            f"  Cloud Director simulator   {vcd.url}   (edge gateway acme-edge; a task takes {TASK_SECONDS} s)",
            f"  Kubernetes API double      {kube.url}   (CPI 1.6.1 from its published manifests, ConfigMap immutable)",
        )
        yield Demo(vcd, kube, work)


def is_ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is ready."""
    conditions = pod.get("status", {}).get("conditions", [])
    return any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)


def table(rows: list[list[str]]) -> list[str]:
    """The closing table."""
    lines = [list(HEAD), *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    texts = ["   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return [texts[0], "-" * sum(widths, 3 * (len(widths) - 1)), *texts[1:]]


def main() -> int:
    """Run the demo. Returns 0 only if everything happened as announced."""
    parser = argparse.ArgumentParser(description="Watch a Service in use move through three scenarios.")
    parser.add_argument("--work", type=Path, default=ROOT / ".cache" / "demo", help="folder for logs (emptied first)")
    work = parser.parse_args().work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that SIGTERM stops the doubles as well
    began = time.monotonic()
    try:
        with doubles(work) as demo:
            demo.live()
            demo.all_scenarios()
    except DemoFailed as error:
        say("", f"The demonstration failed: {error}")
        return 1
    seconds = time.monotonic() - began
    say("", "=" * 100, *table(demo.rows), "=" * 100)
    say(f"The external IP stayed. Ports were down while tasks of Cloud Director ran, of {TASK_SECONDS} s each here.")
    say("Writing requests include those that were refused and changed nothing: a run tries the shorter way first.")
    say(f"All of it took {seconds:.0f} s. The page to share is {demo.page(seconds)}")
    say(f"The output of each run is in {work}.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
