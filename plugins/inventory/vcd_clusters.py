# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory plugin: the Kubernetes clusters of an organization as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vcd_clusters
short_description: Kubernetes clusters on VMware Cloud Director as hosts
version_added: 0.1.0
author: the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Lists the Kubernetes clusters that Cloud Director knows of. Each host is a cluster, with variables for the role
    P(vcd.kubernetes.shared_ip#role), which say where its edge gateway is.
  - A cluster is recognised by its defined entity, which CAPVCD creates, or by the names that its cloud provider (CPI)
    gives to virtual services, pools and NAT rules on edge gateways.
  - The name of an object shows the id of its cluster only if the id contains a UUID, as the ids of CAPVCD do. For
    other ids, give O(cluster_ids).
  - The name of a host is the name of the entity, or the id. Characters with a special meaning in names of hosts or
    groups become underscores. Clusters with the same name also get a part of a digest of their ids.
  - All clusters are in the group C(vcd_clusters). Further groups are C(vcd_org_NAME), C(vcd_vdc_NAME),
    C(vcd_edge_gateway_NAME), C(vcd_cpi_VERSION) and C(vcd_scenario_SCENARIO), as far as these are known.
  - The file's name must end in C(vcd_clusters.yml) or C(vcd_clusters.yaml).
  - The variables C(shared_ip_edge_gateway), C(shared_ip_vdc), C(shared_ip_vcd_url) and C(shared_ip_vcd_org) are ready
    for the role. The present state of a cluster is in other variables, which no role reads as a request -
    C(vcd_cluster_id), C(vcd_cluster_urn), C(vcd_cluster_name), C(vcd_cluster_org), C(vcd_cluster_vdc),
    C(vcd_cluster_network), C(vcd_cluster_edge_gateway), C(vcd_cluster_scenario), C(vcd_cluster_services),
    C(vcd_cluster_cpi_version), C(vcd_cluster_capvcd_version), C(vcd_cluster_kubernetes_version),
    C(vcd_cluster_phase), C(vcd_cluster_api_endpoint), C(vcd_cluster_known_by) and C(vcd_cluster_problem). Those that
    are not known are empty.
  - C(vcd_cluster_scenario) is the scenario that the objects of its Services show, C(mixed) if they differ, and empty if
    it is not clear - a Service with one port looks the same in both internal scenarios.
  - Secrets and paths of files do not become variables. The role takes them from the environment, as this plugin does.
notes:
  - A cluster with a broken defined entity is listed, with a warning and with C(vcd_cluster_problem).
  - What the user may not view is left out, with a warning that names the right.
  - "Cloud Director shows a user the defined entities that it owns or that are shared with it. To see all entities of an
    organization, the user also needs the right C(vmware:capvcdCluster: Administrator View)."
options:
  plugin:
    description: The name of this plugin, V(vcd.kubernetes.vcd_clusters).
    type: str
    required: true
    choices: [vcd.kubernetes.vcd_clusters]
  sources:
    description:
      - Where to look for clusters. V(entities) are the defined entities of CAPVCD, V(edge_gateways) are the objects on
        edge gateways.
      - Without V(edge_gateways), the edge gateways and scenarios of clusters are not known.
    type: list
    elements: str
    choices: [entities, edge_gateways]
    default: [entities, edge_gateways]
  edge_gateways:
    description: The names or URNs of the edge gateways to read, by default all NSX-T edge gateways that the user sees.
    type: list
    elements: str
    default: []
  cluster_ids:
    description:
      - The ids of clusters that have neither a defined entity nor a UUID in their id, as in CPI's file.
      - Each of them is a host, even if no object has its name.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
  - vcd.kubernetes.vcd
  - vcd.kubernetes.vcd.env
"""

EXAMPLES = r"""
# production.vcd_clusters.yml; the connection comes from the environment (VCD_URL, VCD_ORG, VCD_API_TOKEN and so on)
plugin: vcd.kubernetes.vcd_clusters
strict: true
compose:
  # one kubeconfig has a context for each cluster, with its name
  shared_ip_context: vcd_cluster_name
groups:
  # those that the role can start with
  movable: vcd_cluster_edge_gateway is truthy and vcd_cluster_problem is falsy
keyed_groups:
  - key: vcd_cluster_kubernetes_version
    prefix: kubernetes
    default_value: unknown
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/vcd_clusters
cache_timeout: 600
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.vcd.kubernetes.plugins.module_utils._controller import in_one_line, known_only, said
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.clusters import read_clusters
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._cluster_hosts import ClusterHost, hosts_of

ENDINGS = ("vcd_clusters.yml", "vcd_clusters.yaml")
TEMPLATES = ("url", "org", "user", "password", "api_token", "token", "ca_path")
FORMAT = 1  # of the cached data, which an older release may have written


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc] # ansible-core has no types
    """Reads clusters, and adds each as a host."""

    NAME = "vcd.kubernetes.vcd_clusters"

    def verify_file(self, path: str) -> bool:
        """Whether a file is meant for this plugin."""
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory from Cloud Director or from the cache; an error is one line."""
        super().parse(inventory, loader, path, cache)
        given = self._read_config_data(path)
        options = in_one_line(lambda: self._options_of(given), AnsibleParserError)
        found = self._found(path, cache, options, given)
        for warning in found["warnings"]:
            self.display.warning(f"{self.NAME}: {warning}")
        for host in hosts_of(found["clusters"], options["url"] or "", options["org"] or ""):
            self._add(host)

    def _options_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All options. Connection options in the file may be templates, for example for a secret in a vault."""
        options = dict(self.get_options())
        known_only(given, options, f"the inventory plugin {self.NAME}")
        for name in TEMPLATES:
            if given.get(name) and isinstance(options[name], str):
                options[name] = self.templar.template(options[name])
        return options

    def _found(self, path: str, cache: bool, options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
        asked = {name: list(options[name]) for name in ("sources", "edge_gateways", "cluster_ids")}
        self.load_cache_plugin()
        identity = json.dumps([asked, *(options[name] for name in ("url", "org", "user"))])
        key = f"{self.get_cache_key(path)}_{hashlib.sha256(identity.encode()).hexdigest()[:16]}"
        use_cache = self.get_option("cache")
        cached = self._cache.get(key) if use_cache and cache else None
        if isinstance(cached, Mapping) and cached.get("format") == FORMAT:
            return dict(cached)
        read = in_one_line(lambda: read_clusters(options, given, **asked), AnsibleParserError)
        found = {
            "format": FORMAT,
            "clusters": read["clusters"],
            "warnings": [said(text) for text in (*read["warnings"], *_problems(read["clusters"]))],
        }
        if use_cache:
            self._cache[key] = found
        return found

    def _add(self, host: ClusterHost) -> None:
        self.inventory.add_host(host.name)
        for group in host.groups:
            self.inventory.add_group(group)
            self.inventory.add_child(group, host.name)
        variables = {name: unsafe(value) for name, value in host.variables.items()}
        for name, value in variables.items():
            self.inventory.set_variable(host.name, name, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, host.name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, host.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host.name, strict=strict)


def unsafe(value: Any) -> Any:
    """An external value, marked as unsafe if it could be a template. AWX would show the mark in all exported values."""
    if isinstance(value, list):
        return [unsafe(one) for one in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value


def _problems(clusters: list[dict[str, Any]]) -> list[str]:
    return [f"cluster {one['name'] or one['id']!r}: {one['problem']}" for one in clusters if one["problem"]]
