#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ccm_config
short_description: Choose how a cluster's cloud provider for Cloud Director shares IP addresses
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Sets the two flags in the configuration file of the Cloud Provider for VCD (CPI) that decide whether the virtual services
    of a Kubernetes cluster share an IP address, and restarts CPI so that it runs with them.
  - Nothing else in the file changes. Comments, order of keys, quotes, blank lines and line ends stay.
  - The file is judged as CPI's strict decoder does. When CPI would not run with the result, nothing is written.
  - CPI's ConfigMap is immutable as published, so that it has to be deleted and created again. Its content is stored in a
    backup ConfigMap first, CPI is scaled to 0, and the ConfigMap is replaced only when no pod is left, because the kubelet
    keeps the old content cached until then. Labels, annotations and immutability are kept, and the Deployment gets back the
    replicas that it had.
  - A run that was interrupted anywhere is finished by the next one.
  - Services that exist already keep what they have in Cloud Director. CPI may then not find what it expects. Use the role
    P(vcd.kubernetes.shared_ip#role), which looks at the Services first.
options:
  scenario:
    description:
      - V(shared_external), all ports of a Service are virtual services on one external IP address, without NAT.
      - V(shared_internal), all ports of a Service are virtual services on one internal IP address, DNAT maps the external one to it.
      - V(distinct_internal), each port has a virtual service on an internal IP address of its own, and a DNAT rule.
      - For the two internal scenarios the range in O(one_arm) is taken, or the one that is in the file.
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
  enable_virtual_service_shared_ip:
    description:
      - C(loadbalancer.enableVirtualServiceSharedIP) of the file, set by hand. It needs CPI 1.2.0 and Cloud Director 10.4 or later.
      - What is not given stays as it is.
    type: bool
  one_arm:
    description:
      - C(loadbalancer.oneArm) of the file, the internal IPv4 range that CPI takes addresses of virtual services from.
      - An empty dictionary removes it from the file. What is not given stays as it is.
    type: dict
    suboptions:
      start_ip:
        description: The first address.
        type: str
      end_ip:
        description: The last address, not lower than O(one_arm.start_ip).
        type: str
  restart:
    description:
      - How CPI is restarted when the file has changed, or when its pod is older than the ConfigMap.
      - V(auto) takes V(recreate) for an immutable ConfigMap and V(delete_pod) for any other.
      - V(recreate) scales the Deployment to 0, waits until no pod is left, and scales it back.
      - V(delete_pod) deletes the pods. It is refused for an immutable ConfigMap, where the new pod could get the old content.
      - V(never) restarts nothing. RV(restart.needed) tells whether CPI has to be restarted.
    type: str
    default: auto
    choices: [auto, recreate, delete_pod, never]
  stage:
    description:
      - V(all) makes the whole change.
      - V(stopped) stores what is wanted in the backup, scales CPI to 0, waits until no pod of it is left, and ends there, so that the
        objects that CPI made in Cloud Director can be changed. The next run with V(all) goes on as after an interruption. It replaces
        the ConfigMap where its content differs, and gives the Deployment the replicas that it had.
      - V(stopped) on a cluster that is stopped for the same content changes nothing. The rights for the whole change are asked for.
    type: str
    default: all
    choices: [all, stopped]
  restore_point:
    description:
      - What to keep in the backup ConfigMap as a way back, stored before CPI is stopped. For O(stage=stopped) only.
      - As long as a change is in progress, the restore point that it began with is kept and this one is not stored. After the
        change it stays until the next one.
      - It must not hold secrets. Packed and with CPI's file twice it must fit into a ConfigMap, which is 1 MiB.
    type: dict
  wait:
    description:
      - Whether to wait until the Deployment is ready again.
      - Until no pod is left is waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description: Seconds that all waiting may take together; V(0) looks once.
    type: int
    default: 300
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - vcd.kubernetes.kubernetes_target
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_kubernetes
notes:
  - The rights that are needed are asked for before the first write, in check mode too. The whole Role is in
    C(docs/rights-kubernetes.md) of the collection.
  - The backup ConfigMap stays as a way back. Its entry C(README) says how.
  - A user, secret or refreshtoken in the file is masked in the diff.
seealso:
  - module: vcd.kubernetes.vcd_ccm_config_info
"""

EXAMPLES = r"""
- name: Let all ports of a Service share one external IP address
  vcd.kubernetes.vcd_ccm_config:
    kubeconfig: /home/ops/acme.kubeconfig
    scenario: shared_external

- name: Share one internal IP address, behind DNAT
  vcd.kubernetes.vcd_ccm_config:
    context: acme
    scenario: shared_internal
    one_arm:
      start_ip: 192.168.8.2
      end_ip: 192.168.8.100

- name: Set the flags by hand, here removing the one-arm range, and restart CPI later
  vcd.kubernetes.vcd_ccm_config:
    enable_virtual_service_shared_ip: true
    one_arm: {}
    restart: never

- name: Stop CPI, so that the objects of its Services can be changed
  vcd.kubernetes.vcd_ccm_config:
    scenario: shared_external
    stage: stopped

- name: Go on from there
  vcd.kubernetes.vcd_ccm_config:
    scenario: shared_external
"""

RETURN = r"""
scenario_before:
  description: The scenario that was found, V(invalid) when CPI would not run with the file.
  returned: success
  type: str
  sample: distinct_internal
scenario_after:
  description: The scenario that the file makes now, or would make in check mode and after O(stage=stopped).
  returned: success
  type: str
  sample: shared_external
one_arm:
  description: The one-arm range of that file; null when there is none.
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
restart:
  description: How CPI was restarted, or in check mode would be.
  returned: success
  type: dict
  contains:
    done:
      description: V(recreate), V(delete_pod), V(stopped) or V(none).
      type: str
      returned: success
    needed:
      description: Whether CPI had to be restarted to run with the file. With RV(restart.done=none) it still has to be.
      type: bool
      returned: success
    reason:
      description: Why.
      type: str
      returned: success
  sample: {done: recreate, needed: true, reason: "the content changes, and CPI reads it only at its start"}
steps:
  description: What was done, or in check mode would be, in order. Empty when there was nothing to do.
  returned: success
  type: list
  elements: str
  sample: ["scale Deployment kube-system/vmware-cloud-director-ccm from 1 to 0"]
resumed:
  description: Whether an interrupted run was found and finished.
  returned: success
  type: bool
config_map:
  description: The ConfigMap; null when there is none (in check mode, after an interrupted run).
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
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.document import RUAMEL_YAML_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import (
    CONFIG_OPTIONS,
    TARGET_OPTIONS,
    manage,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import KUBERNETES_OPTIONS, LIBRARIES
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module


def perform(cluster: KubernetesApi, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """One change, as Ansible shows it."""
    done = manage(cluster, params, check_mode)
    return Outcome(done.changed, done.result, done.before, done.after)


def main() -> None:
    """Entry point."""
    spec = KUBERNETES_OPTIONS | TARGET_OPTIONS | CONFIG_OPTIONS
    libraries = {**LIBRARIES, "netaddr": NETADDR_IMPORT_ERROR, "ruamel.yaml": RUAMEL_YAML_IMPORT_ERROR}
    run_module(spec, connect, perform, libraries)


if __name__ == "__main__":
    main()
