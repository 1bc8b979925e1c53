#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ccm_config_info
short_description: Gather facts about the configuration and the state of the Cloud Provider for VCD (CPI) of a cluster
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the scenario in the configuration file of the Cloud Provider for VCD (CPI), the problems for which CPI would reject the file, the cluster
    id, the Deployment with CPI's version, and its pods, each with whether it uses the current file.
  - Optionally returns all Services of type C(LoadBalancer).
options:
  gather_services:
    description:
      - Whether to return RV(services). This requires the right to list Services in all namespaces.
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - vcd.kubernetes.kubernetes_target
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_kubernetes
notes:
  - If an interrupted run left no ConfigMap, RV(config_map) is null, and RV(scenario), RV(config) and the other values of the file are read from the
    backup. They are the values with which CPI ran before.
  - The required rights are described in C(docs/rights-kubernetes.md) of the collection.
seealso:
  - module: vcd.kubernetes.vcd_ccm_config
"""

EXAMPLES = r"""
- name: Read the scenario
  vcd.kubernetes.vcd_ccm_config_info:
    kubeconfig: /home/ops/acme.kubeconfig
  register: cpi

- name: Fail if CPI does not run with its current file
  ansible.builtin.assert:
    that:
      - cpi.problems == []
      - cpi.pods | selectattr('config', 'equalto', 'stale') | length == 0
"""

RETURN = r"""
scenario:
  description: V(shared_external), V(shared_internal), V(distinct_internal), or V(invalid) if CPI would not run with the file.
  returned: success
  type: str
  sample: shared_internal
one_arm:
  description: The one-arm range in the file, or null.
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
  description: The flag in the file, V(false) if the file does not contain it. Null when there is no readable file.
  returned: success
  type: bool
problems:
  description: The problems for which CPI would reject the file, with lines and keys. Empty if CPI accepts it.
  returned: success
  type: list
  elements: str
  sample: ["line 7: loadbalancer.onearm: CPI does not know this key; did you mean oneArm?"]
extra_keys:
  description: The keys of the file that the published CPI does not know, but O(extra_keys) or the distribution allows.
  returned: success
  type: list
  elements: str
config:
  description:
    - The values of the file as CPI reads them. Missing keys have their default. Without user, secret and refreshtoken.
    - Null when there is no readable file.
  returned: success
  type: dict
cluster_id:
  description: The cluster id. Null when it was not found.
  returned: success
  type: str
  sample: urn:vcloud:entity:vmware:capvcdCluster:6f1c9b1e-0d5c-4d3a-9a52-0c6b3b0a1d10
cluster_id_source:
  description:
    - The source of the cluster id - V(config) (the file), V(secret) (the Secret that the Deployment refers to, by default
      C(vcloud-clusterid-secret)), V(environment) (a value in the Deployment) or V(none).
  returned: success
  type: str
config_map:
  description: The ConfigMap. Null when it does not exist.
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
config_source:
  description:
    - Where CPI's file is according to its Deployment, if it is not in the ConfigMap that O(name) names. Otherwise null.
    - A file in a Secret is read and never changed.
  returned: success
  type: dict
  contains:
    kind:
      description: V(Secret) or V(ConfigMap).
      type: str
      returned: success
    namespace:
      description: Its namespace.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    key:
      description: The key of the file.
      type: str
      returned: success
rollout:
  description: The last change made by M(vcd.kubernetes.vcd_ccm_config).
  returned: success
  type: dict
  contains:
    state:
      description: V(none), V(in_progress) (running or interrupted) or V(finished).
      type: str
      returned: success
    backup:
      description: The name of the backup ConfigMap, or null.
      type: str
      returned: success
    replicas:
      description: The number of CPI's replicas with which that change ends, or null.
      type: int
      returned: success
    lease:
      description: The lease of the run that makes the change, or of one that was killed. Null if there is no such run.
      type: dict
      returned: success
      contains:
        holder:
          description: Its user, host, person, job and process, and when it began (RFC 3339, UTC).
          type: str
          returned: success
        until:
          description: When the lease ends unless the run renews it (RFC 3339, UTC).
          type: str
          returned: success
        live:
          description: False when the lease has ended, or the run is known to have ended.
          type: bool
          returned: success
        text:
          description: Holder, beginning and end in one line, with the seconds from now.
          type: str
          returned: success
restore_point:
  description:
    - The O(vcd.kubernetes.vcd_ccm_config#module:restore_point) that was stored for the last change, or null.
    - RV(rollout.state) tells whether that change is finished.
  returned: success
  type: dict
deployment:
  description: The Deployment. Null when it does not exist.
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
      description: The desired number of replicas.
      type: int
      returned: success
    running_replicas:
      description:
        - The number of replicas with which CPI runs. While CPI is stopped, the number that it had before a run of this
          collection stopped it. V(0) if that is not known.
      type: int
      returned: success
    ready_replicas:
      description: The number of ready replicas.
      type: int
      returned: success
    image:
      description: The image of CPI's container.
      type: str
      returned: success
    version:
      description: CPI's version according to the image's tag. Null when the tag contains none.
      type: str
      returned: success
    distribution:
      description: The distribution of CPI, according to its image, namespace and labels - V(VMware), V(Deckhouse), V(Giant Swarm) or V(Orange).
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
      description: The node that it runs on. Null when it is not scheduled.
      type: str
      returned: success
    phase:
      description: Its phase, for example V(Running).
      type: str
      returned: success
    ready:
      description: Whether it is ready.
      type: bool
      returned: success
    started:
      description: When the kubelet started it (RFC 3339, UTC). Null before that.
      type: str
      returned: success
    config:
      description: V(stale) when the pod is older than the ConfigMap and so runs with other content, else V(current).
      type: str
      returned: success
owners:
  description:
    - Tools that write the ConfigMap, the Deployment or a Service of type LoadBalancer, and would overwrite a change with their own version.
    - They are recognized by labels, annotations and field managers.
  returned: success
  type: list
  elements: dict
  contains:
    tool:
      description: One of V(Flux HelmRelease), V(Flux Kustomization), V(Argo CD), V(Rancher Fleet), V(kapp-controller), V(Helm) and V(Cluster API).
      type: str
      returned: success
    name:
      description: The name of what the tool applies, such as the HelmRelease. Empty if the objects do not show it.
      type: str
      returned: success
    namespace:
      description: Its namespace, or empty.
      type: str
      returned: success
    objects:
      description: The objects, as C(KIND NAMESPACE/NAME).
      type: list
      elements: str
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
    deleting:
      description: Whether it is being deleted. It exists until CPI has removed its objects.
      type: bool
      returned: success
    load_balancer_class:
      description: C(spec.loadBalancerClass), or null. CPI ignores Services with a class.
      type: str
      returned: success
    load_balancer_ip:
      description: C(spec.loadBalancerIP), or null.
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
          description: Its name, or an empty string.
          type: str
          returned: success
        port:
          description: The port of the Service.
          type: int
          returned: success
        node_port:
          description: The port on the nodes, or null.
          type: int
          returned: success
        protocol:
          description: V(TCP), V(UDP) or V(SCTP).
          type: str
          returned: success
        app_protocol:
          description: The application protocol, or null.
          type: str
          returned: success
    annotations:
      description: The annotations for CPI (C(service.beta.kubernetes.io/vcloud-avi-*), and those of other distributions).
      type: dict
      returned: success
    annotations_ssl:
      description: The annotations that configure TLS in CPI (C(service.beta.kubernetes.io/vcloud-avi-ssl-*)).
      type: dict
      returned: success
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import (
    LIBRARIES,
    TARGET_OPTIONS,
    target_from,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.report import report
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import KUBERNETES_OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module


def perform(cluster: KubernetesApi, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the state."""
    return Outcome(result=report(cluster, target_from(params), params["gather_services"]))


def main() -> None:
    """Run the module."""
    spec = KUBERNETES_OPTIONS | TARGET_OPTIONS | ArgumentSpec({"gather_services": {"type": "bool", "default": False}})
    run_module(spec, connect, perform, LIBRARIES)


if __name__ == "__main__":
    main()
