# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as hosts: names and groups that Ansible cannot mistake, and the variables of the role."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible_collections.vcd.kubernetes.plugins.inventory import vcd_clusters
from ansible_collections.vcd.kubernetes.plugins.inventory.vcd_clusters import InventoryModule, unsafe
from ansible_collections.vcd.kubernetes.plugins.module_utils._controller import in_one_line
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._cluster_hosts import ALL, hosts_of
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
EMPTY = ("urn", "org", "vdc", "network", "phase", "api_endpoint", "scenario", "problem")
EMPTY += ("cpi_version", "capvcd_version", "kubernetes_version")
URL = "https://vcd.example.com"
TEXT = st.text(max_size=8) | st.sampled_from(
    ["all", "LOCALHOST", "127.0.0.1", "../x", "a,b", "{{ x }}", "vcd_clusters"]
)


def edge(name: str = "edge-1", owner: str = "vdc-1", urn: str = "urn:vcloud:gateway:1") -> dict[str, Any]:
    return {"id": urn, "name": name, "owner": {"id": f"urn:vcloud:vdc:{owner}", "name": owner}}


def cluster(number: int, **more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(EMPTY, "")
    found = {"id": f"id-{number}", "name": f"prod-{number}", "known_by": "entity", "services": [], "edge_gateway": None}
    return {**nothing, **found, **more}


def test_a_host_has_everything_known_of_its_cluster() -> None:
    given_cluster = cluster(
        1,
        org="acme",
        vdc="vdc-1",
        cpi_version="1.6.1",
        scenario="shared_external",
        edge_gateway=edge(),
        services=["web"],
    )
    (host,) = hosts_of([given_cluster], URL, "acme")
    assert host.name == "prod-1"
    assert host.groups == (
        ALL, "vcd_org_acme", "vcd_vdc_vdc_1", "vcd_edge_gateway_edge_1", "vcd_cpi_1_6_1", "vcd_scenario_shared_external"
    )  # fmt: skip
    assert {name: value for name, value in host.variables.items() if name.startswith("shared_ip_")} == {
        "shared_ip_edge_gateway": "edge-1",
        "shared_ip_vdc": "vdc-1",
        "shared_ip_vcd_url": URL,
        "shared_ip_vcd_org": "acme",
    }
    assert host.variables["vcd_cluster_services"] == ["web"]
    assert host.variables["vcd_cluster_problem"] == ""


def test_only_variables_of_the_role_are_set_and_never_a_scenario() -> None:
    spec = yaml.safe_load((ROOT / "roles/shared_ip/meta/argument_specs.yml").read_text(encoding="utf-8"))
    (host,) = hosts_of([cluster(1, edge_gateway=edge(), scenario="shared_external")], URL, "acme")
    given_names = {name for name in host.variables if name.startswith("shared_ip_")}
    assert given_names <= set(spec["argument_specs"]["main"]["options"]) - {"shared_ip_scenario"}


def test_clusters_of_one_name_are_distinguished_by_their_ids_in_any_order() -> None:
    namesakes = [cluster(1, name="prod"), cluster(2, name="PROD"), cluster(3)]
    first, second, third = (host.name for host in hosts_of(namesakes, URL, ""))
    assert third == "prod-3"
    assert re.fullmatch(r"prod-[0-9a-f]{8}", first)
    assert re.fullmatch(r"PROD-[0-9a-f]{8}", second)
    assert [host.name for host in hosts_of(namesakes[::-1], URL, "")] == [third, second, first]


def test_edge_gateways_of_one_name_have_groups_of_their_own() -> None:
    found = hosts_of(
        [
            cluster(1, edge_gateway=edge(owner="vdc-1")),
            cluster(2, edge_gateway=edge(owner="vdc-2", urn="urn:vcloud:gateway:2")),
        ],
        URL,
        "",
    )
    assert [host.groups[1] for host in found] == ["vcd_edge_gateway_vdc_1_edge_1", "vcd_edge_gateway_vdc_2_edge_1"]
    assert [host.variables["shared_ip_vdc"] for host in found] == ["vdc-1", "vdc-2"]


def test_edge_gateways_with_ambiguous_names_are_given_by_urn() -> None:
    # two organizations, as a user of the provider sees them
    urns = ["urn:vcloud:gateway:1", "urn:vcloud:gateway:2"]
    found = hosts_of([cluster(number, edge_gateway=edge(urn=urn)) for number, urn in enumerate(urns)], URL, "System")
    assert [host.variables["shared_ip_edge_gateway"] for host in found] == urns
    assert not any("shared_ip_vdc" in host.variables for host in found)


@pytest.mark.parametrize(("one", "other"), [("a-b", "a_b"), ("a b", "a.b")])
def test_groups_whose_safe_names_collide_stay_separate(one: str, other: str) -> None:
    first, second = hosts_of([cluster(1, org=one), cluster(2, org=other)], URL, "")
    assert first.groups[1] != second.groups[1]


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), max_size=6))
def test_names_from_outside_are_safe_and_unique(texts: list[tuple[str, str, str]]) -> None:
    clusters = [
        cluster(number, name=name, org=org, scenario=scenario) for number, (name, org, scenario) in enumerate(texts)
    ]
    found = hosts_of(clusters, URL, "")
    names = [host.name for host in found]
    assert len({name.lower() for name in names}) == len(names)
    groups = {group for host in found for group in host.groups}
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name)
        assert name.lower() not in {"all", "ungrouped", "localhost", "127.0.0.1"}
        assert name not in groups
    assert all(re.fullmatch(r"vcd_[A-Za-z0-9_]+", group) for group in groups)


class Plugin(InventoryModule):
    """The plugin with given options, and a dictionary as its cache."""

    def __init__(self, kept: dict[str, Any], **options: Any) -> None:
        self._cache: Any = kept
        self.options = {"cache": True, "sources": [], "edge_gateways": [], "cluster_ids": [], **options}

    def load_cache_plugin(self) -> None:
        """Do nothing: the cache is a dictionary."""

    def get_option(self, option: str, hostvars: Any = None) -> Any:
        return self.options[option]

    def get_cache_key(self, path: str) -> str:
        return path

    def found(self, cache: bool = True, **environment: str) -> dict[str, Any]:
        options = {**self.options, "url": URL, "org": "acme", "user": "kube", "password": "s3cret-word", **environment}
        return self._found("x.yml", cache, options, {})


def test_the_cache_is_read_first_and_contains_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[Any] = []

    def read_clusters(options: Any, _given: Any, **_asked: Any) -> dict[str, Any]:
        SECRETS.add(options["password"])
        reads.append(options["org"])
        return {"clusters": [cluster(1, problem="it echoes s3cret-word")], "warnings": ["a\x1bb"]}

    monkeypatch.setattr(vcd_clusters, "read_clusters", read_clusters)
    cache: dict[str, Any] = {}
    first = Plugin(cache).found()
    assert first["warnings"] == ["a\\x1bb", "cluster 'prod-1': it echoes ********"]
    assert Plugin(cache).found() == first
    assert reads == ["acme"]
    Plugin(cache).found(cache=False)  # --flush-cache
    Plugin(cache).found(org="globex")  # another organization in the environment
    Plugin(cache, cluster_ids=["prod-eu"]).found()
    Plugin(cache, cache=False).found()
    assert reads == ["acme", "acme", "globex", "acme", "acme"]
    for key in cache:
        cache[key] = {"format": 0}  # from another release
    Plugin(cache).found()
    assert len(reads) == 6


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("vcd_clusters.yml", True),
        ("prod.vcd_clusters.yaml", True),
        ("clusters.yml", False),
        ("vcd_clusters.json", False),
    ],
)
def test_only_files_of_its_name_are_for_the_plugin(tmp_path: Path, name: str, meant: bool) -> None:
    (tmp_path / name).write_text("plugin: vcd.kubernetes.vcd_clusters\n")
    assert InventoryModule.verify_file(Plugin({}), str(tmp_path / name)) is meant


def test_only_what_could_be_a_template_is_marked() -> None:
    assert unsafe("acme-edge").__class__ is str
    assert unsafe(["{{ x }}", "a"]) == ["{{ x }}", "a"]
    assert unsafe(None) is None


def test_an_error_is_one_line_without_the_secret_and_without_what_caused_it() -> None:
    SECRETS.add("s3cret-word")

    def fail() -> None:
        raise RuntimeError("with s3cret-word")

    def refuse() -> None:
        raise CollectionError("url: 's3cret-word': no")

    for work, text in ((fail, "a defect of the collection: RuntimeError"), (refuse, "url: '********': no")):
        with pytest.raises(AnsibleParserError) as raised:
            in_one_line(work, AnsibleParserError)
        assert text in str(raised.value)
        assert "s3cret-word" not in str(raised.value)
        assert raised.value.__context__ is None
