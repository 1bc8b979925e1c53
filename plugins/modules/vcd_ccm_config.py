#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_ccm_config
short_description: Configure how the Cloud Provider for VCD (CPI) of a cluster shares IP addresses
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Sets the two flags in the configuration file of the Cloud Provider for VCD (CPI) that decide whether the virtual services
    of a Kubernetes cluster share an IP address, and restarts CPI to apply them.
  - Nothing else in the file changes. Comments, key order, quotes, blank lines and line endings are preserved.
  - The file is validated in the same way as CPI's strict decoder does it. If CPI would reject the result, nothing is written.
  - CPI's published ConfigMap is immutable, so it must be deleted and created again. The module first stores its content in a
    backup ConfigMap and scales CPI to 0. It replaces the ConfigMap only when no pod is left, because the kubelet caches the
    old content until then. Labels, annotations and immutability are preserved, and the Deployment is scaled back to its
    previous number of replicas.
  - If a run is interrupted at any point, the next run completes it.
  - Existing Services keep their objects in Cloud Director, which may not match what CPI expects after the change. The role
    P(vcd.kubernetes.shared_ip#role) checks and migrates the Services as well.
options:
  scenario:
    description:
      - V(shared_external) - all ports of a Service are virtual services on one external IP address, without NAT.
      - V(shared_internal) - all ports of a Service are virtual services on one internal IP address. DNAT rules map the external one to it.
      - V(distinct_internal) - each port has a virtual service on its own internal IP address, and a DNAT rule.
      - The two internal scenarios use the range in O(one_arm) or, if not set, the range in the file.
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
  enable_virtual_service_shared_ip:
    description:
      - The value of C(loadbalancer.enableVirtualServiceSharedIP) in the file, instead of a scenario. Requires CPI 1.2.0 and
        Cloud Director 10.4 or later.
      - If not set, the value in the file stays unchanged.
    type: bool
  one_arm:
    description:
      - The value of C(loadbalancer.oneArm) in the file, the internal IPv4 range for the addresses of virtual services.
      - An empty dictionary removes it from the file. If not set, the range in the file stays unchanged.
    type: dict
    suboptions:
      start_ip:
        description: The first address.
        type: str
      end_ip:
        description: The last address. Must not be lower than O(one_arm.start_ip).
        type: str
  restart:
    description:
      - How to restart CPI when the file has changed, or when its pod is older than the ConfigMap.
      - V(auto) means V(recreate) for an immutable ConfigMap and V(delete_pod) for any other.
      - V(recreate) scales the Deployment to 0, waits until no pod is left, and scales it back.
      - V(delete_pod) deletes the pods. It is rejected for an immutable ConfigMap, because the new pod could get the old content.
      - V(never) does not restart CPI. RV(restart.needed) tells whether a restart is required.
    type: str
    default: auto
    choices: [auto, recreate, delete_pod, never]
  stage:
    description:
      - V(all) makes the whole change.
      - V(stopped) stores the wanted content in the backup, scales CPI to 0, waits until no pod is left, and ends there, so that the
        objects that CPI created in Cloud Director can be changed. The next run with V(all) continues as after an interruption. It
        replaces the ConfigMap if its content differs, and scales the Deployment back to its previous number of replicas.
      - V(stopped) changes nothing if the cluster is already stopped for the same content. It checks the rights for the whole change.
    type: str
    default: all
    choices: [all, stopped]
  restore_point:
    description:
      - A restore point to store in the backup ConfigMap before CPI is stopped. Only for O(stage=stopped).
      - While a change is in progress, the restore point from its start is kept and this one is not stored. It stays until the
        next change.
      - It must not contain secrets. Together with two copies of CPI's file, the compressed restore point must fit into a ConfigMap
        (1 MiB).
    type: dict
  wait:
    description:
      - Whether to wait until the Deployment is ready again.
      - The module always waits until no old pod is left.
    type: bool
    default: true
  wait_timeout:
    description: The maximum number of seconds for all waits together. V(0) checks once.
    type: int
    default: 300
  take_over:
    description:
      - Whether to finish the change of another run that was killed. Such a run keeps its lease on the cluster, which is in the backup ConfigMap and
        expires after 5 minutes without renewal.
      - The change of a run that is still working is never taken over. A run that failed has released its lease, and needs no O(take_over).
    type: bool
    default: false
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - vcd.kubernetes.kubernetes_target
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_kubernetes
notes:
  - The required rights are checked before the first write, also in check mode. The complete Role is in
    C(docs/rights-kubernetes.md) of the collection.
  - The backup ConfigMap is kept, so that you can go back. Its entry C(README) describes how.
  - The diff masks user, secret and refreshtoken in the file.
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

- name: Set the flags directly, here without a one-arm range, and restart CPI later
  vcd.kubernetes.vcd_ccm_config:
    enable_virtual_service_shared_ip: true
    one_arm: {}
    restart: never

- name: Stop CPI, so that the objects of its Services can be changed
  vcd.kubernetes.vcd_ccm_config:
    scenario: shared_external
    stage: stopped

- name: Continue after the objects were changed
  vcd.kubernetes.vcd_ccm_config:
    scenario: shared_external
"""

RETURN = r"""
scenario_before:
  description: The scenario before the run, V(invalid) if CPI would not run with the file.
  returned: success
  type: str
  sample: distinct_internal
scenario_after:
  description: The scenario after the run, or the planned one in check mode and with O(stage=stopped).
  returned: success
  type: str
  sample: shared_external
one_arm:
  description: The one-arm range for RV(scenario_after), or null.
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
  description: How CPI was restarted or, in check mode, would be restarted.
  returned: success
  type: dict
  contains:
    done:
      description: V(recreate), V(delete_pod), V(stopped) or V(none).
      type: str
      returned: success
    needed:
      description: Whether CPI had to be restarted to use the file. With RV(restart.done=none), the restart is still required.
      type: bool
      returned: success
    reason:
      description: The reason.
      type: str
      returned: success
  sample: {done: recreate, needed: true, reason: "the content changes, and CPI reads it only when it starts"}
steps:
  description: The steps that were done or, in check mode, would be done, in order. Empty when there was nothing to do.
  returned: success
  type: list
  elements: str
  sample: ["scale Deployment kube-system/vmware-cloud-director-ccm from 1 to 0"]
resumed:
  description: Whether the run continued an interrupted one.
  returned: success
  type: bool
config_map:
  description: The ConfigMap. Null when it does not exist, which is possible in check mode after an interrupted run.
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
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import (
    CONFIG_OPTIONS,
    LIBRARIES,
    TARGET_OPTIONS,
    manage,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import KUBERNETES_OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module


def perform(cluster: KubernetesApi, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Make the change."""
    done = manage(cluster, params, check_mode)
    return Outcome(done.changed, done.result, done.before, done.after)


def main() -> None:
    """Run the module."""
    spec = KUBERNETES_OPTIONS | TARGET_OPTIONS | CONFIG_OPTIONS
    run_module(spec, connect, perform, LIBRARIES)


if __name__ == "__main__":
    main()
