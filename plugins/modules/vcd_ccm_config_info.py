#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ccm_config_info
short_description: Read how a cluster's cloud provider for Cloud Director is configured and whether it runs with it
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the scenario that the configuration file of the Cloud Provider for VCD (CPI) makes, what CPI would refuse in the file,
    the cluster id, the Deployment with CPI's version, and its pods with whether they run with the file as it is.
  - On request it also returns all Services of type C(LoadBalancer).
options:
  gather_services:
    description:
      - Whether to return RV(services). This needs the right to list Services in all namespaces.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - vcd.kubernetes.kubernetes_target
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_kubernetes
notes:
  - While an interrupted run has left no ConfigMap, RV(config_map) is null, and RV(scenario), RV(config) and the like are what CPI ran
    with before, from the backup.
  - The rights that are needed are in C(docs/rights-kubernetes.md) of the collection.
seealso:
  - module: vcd.kubernetes.vcd_ccm_config
"""

EXAMPLES = r"""
- name: Read the scenario
  vcd.kubernetes.vcd_ccm_config_info:
    kubeconfig: /home/ops/acme.kubeconfig
  register: cpi

- name: Stop when CPI does not run with what its file says
  ansible.builtin.assert:
    that:
      - cpi.problems == []
      - cpi.pods | selectattr('config', 'equalto', 'stale') | length == 0
"""

RETURN = r"""
scenario:
  description: V(shared_external), V(shared_internal), V(distinct_internal), or V(invalid) when CPI would not run with the file.
  returned: success
  type: str
  sample: shared_internal
one_arm:
  description: The one-arm range in the file; null when there is none.
  returned: success
  type: dict
  contains:
    start_ip:
      description: The first address.
      type: str
      returned: success
    end_ip:
      description: The last address.
      type: str
      returned: success
  sample: {start_ip: 192.168.8.2, end_ip: 192.168.8.100}
enable_virtual_service_shared_ip:
  description: The flag in the file, V(false) when it is not in it; null when there is no file that can be read.
  returned: success
  type: bool
problems:
  description: What CPI would refuse in the file, with lines and keys. Empty when CPI runs with it.
  returned: success
  type: list
  elements: str
  sample: ["line 7: loadbalancer.onearm: CPI does not know this key; did you mean oneArm?"]
config:
  description:
    - The file as CPI reads it, keys that are missing with their default, without user, secret and refreshtoken.
    - Null when there is no file that can be read.
  returned: success
  type: dict
cluster_id:
  description: The cluster id; null when it was not found.
  returned: success
  type: str
  sample: urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10
cluster_id_source:
  description:
    - Where the cluster id is from, V(config) (the file), V(secret) (the Secret that the Deployment names, by default
      C(vcloud-clusterid-secret)), V(environment) (written out in the Deployment) or V(none).
  returned: success
  type: str
config_map:
  description: The ConfigMap; null when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    namespace:
      description: Its namespace.
      type: str
      returned: success
    key:
      description: The key of the file.
      type: str
      returned: success
    immutable:
      description: Whether it is immutable.
      type: bool
      returned: success
    uid:
      description: Its uid.
      type: str
      returned: success
    resource_version:
      description: Its resource version.
      type: str
      returned: success
    created:
      description: When it was created (RFC 3339, UTC).
      type: str
      returned: success
rollout:
  description: The last change by M(vcd.kubernetes.vcd_ccm_config).
  returned: success
  type: dict
  contains:
    state:
      description: V(none), V(in_progress) (under way, or interrupted) or V(finished).
      type: str
      returned: success
    backup:
      description: The name of the backup ConfigMap; null when there is none.
      type: str
      returned: success
restore_point:
  description:
    - What O(vcd.kubernetes.vcd_ccm_config#module:restore_point) stored for the last change; null when there is none.
    - RV(rollout.state) tells whether that change is finished.
  returned: success
  type: dict
deployment:
  description: The Deployment; null when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    namespace:
      description: Its namespace.
      type: str
      returned: success
    replicas:
      description: Replicas that are wanted.
      type: int
      returned: success
    ready_replicas:
      description: Replicas that are ready.
      type: int
      returned: success
    image:
      description: The image of CPI's container.
      type: str
      returned: success
    version:
      description: CPI's version by the image's tag; null when the tag tells none.
      type: str
      returned: success
    ready:
      description: Whether all replicas are ready and up to date.
      type: bool
      returned: success
pods:
  description: CPI's pods.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    node:
      description: The node that it runs on; null when it is not scheduled.
      type: str
      returned: success
    phase:
      description: Its phase, such as V(Running).
      type: str
      returned: success
    ready:
      description: Whether it is ready.
      type: bool
      returned: success
    started:
      description: When the kubelet started it (RFC 3339, UTC); null before that.
      type: str
      returned: success
    config:
      description: V(stale) when the pod is older than the ConfigMap, so that it runs with other content, else V(current).
      type: str
      returned: success
services:
  description: Services of type C(LoadBalancer) in all namespaces.
  returned: when O(gather_services) is true
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    namespace:
      description: Its namespace.
      type: str
      returned: success
    load_balancer_class:
      description: C(spec.loadBalancerClass); null when there is none. CPI leaves Services with a class alone.
      type: str
      returned: success
    load_balancer_ip:
      description: C(spec.loadBalancerIP); null when there is none.
      type: str
      returned: success
    ingress_ips:
      description: The addresses in C(status.loadBalancer).
      type: list
      elements: str
      returned: success
    ports:
      description: The ports.
      type: list
      elements: dict
      returned: success
      contains:
        name:
          description: Its name; empty when there is none.
          type: str
          returned: success
        port:
          description: The port of the Service.
          type: int
          returned: success
        node_port:
          description: The port on the nodes; null when there is none.
          type: int
          returned: success
        protocol:
          description: V(TCP), V(UDP) or V(SCTP).
          type: str
          returned: success
        app_protocol:
          description: The application protocol; null when there is none.
          type: str
          returned: success
    annotations:
      description: The annotations for CPI (C(service.beta.kubernetes.io/vcloud-avi-*)).
      type: dict
      returned: success
    annotations_ssl:
      description: The annotations by which CPI is told about TLS (C(service.beta.kubernetes.io/vcloud-avi-ssl-*)).
      type: dict
      returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import RUAMEL_YAML_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import TARGET_OPTIONS, target_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import report
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import KUBERNETES_OPTIONS, LIBRARIES
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module


def perform(cluster: KubernetesApi, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """One look, as Ansible shows it."""
    return Outcome(result=report(cluster, target_from(params), params["gather_services"]))


def main() -> None:
    """Entry point."""
    spec = KUBERNETES_OPTIONS | TARGET_OPTIONS | ArgumentSpec({"gather_services": {"type": "bool", "default": False}})
    libraries = {**LIBRARIES, "netaddr": NETADDR_IMPORT_ERROR, "ruamel.yaml": RUAMEL_YAML_IMPORT_ERROR}
    run_module(spec, connect, perform, libraries)


if __name__ == "__main__":
    main()
