#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_cluster_shared_ip
short_description: Choose how the Services of a whole cluster share IP addresses
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Does what the role P(vcd.kubernetes.shared_ip#role) does, in two tasks. O(phase=plan) reads the cluster and the edge gateway,
    checks both, and returns a plan. O(phase=change) applies the plan, and verifies the result.
  - With O(existing=migrate) it migrates existing Services. It stores a restore point on disk and in the cluster, stops the cloud provider
    (CPI), migrates the Services one by one, writes CPI's file and starts CPI.
  - If a run is killed at any point, the next one, which begins with O(phase=plan), finishes its work.
  - An option that is null or blank text counts as not given. So does a list that holds only such values.
extends_documentation_fragment:
  - vcd.kubernetes.controller
  - vcd.kubernetes.attributes
options:
  phase:
    description:
      - V(plan) writes nothing.
      - V(change) applies O(plan). Each write is planned again, from the state at that time. In check mode it does nothing.
      - V(verify) checks the current state and writes nothing.
      - V(audit) does so, too, and also looks for what will soon fail, such as certificates that expire. It works for a user without the right to
        write. What the user may not view is a finding with the code V(not-checked).
    type: str
    required: true
    choices: [plan, change, verify, audit]
  plan:
    description: The RV(plan) that O(phase=plan) returned. Required with O(phase=change). Give all other options as with O(phase=plan).
    type: dict
  bind:
    description:
      - Whether O(phase=plan) also returns the plan in its binding form, RV(bound). For that, it reads the members of the cluster's pools.
    type: bool
    default: false
  approved:
    description:
      - With O(phase=plan), what has been approved - C(cluster), the name of the cluster in the run, C(digest) of RV(bound) and, if available, the
        whole RV(bound) as C(plan), and C(source), which messages name. M(vcd.kubernetes.vcd_shared_ip_plan) returns it.
      - If the plan or anything that it was based on has changed, RV(ok) is false, and RV(lines) say in C(difference) what has changed.
      - O(phase=change) plans once more when it is its turn on the edge gateway, and stops before its first write if the plan is then a different one.
        While it writes, it takes no step that is neither in the plan nor among its C(steps_if_refused).
      - Once a plan has been applied, RV(plan) has nothing to do. If the run that applied it was interrupted, another run with the same approval may
        finish it, unless a Service, CPI's image or a variable of the run has changed since.
    type: dict
  before_change:
    description:
      - With O(phase=plan), the hooks that run between that phase and O(phase=change), as in C(shared_ip_before_change) of
        P(vcd.kubernetes.shared_ip#role). This module does not run them. RV(hooks) says which of them have to run.
    type: list
    elements: dict
    default: []
    suboptions: &hook
      what:
        description: The name of the hook in messages.
        type: str
      tasks:
        description: The path of a task file.
        type: str
      role:
        description: The name or the path of a role.
        type: str
      tasks_from:
        description: The name of the file in the role's C(tasks).
        type: str
  after_change:
    description: The hooks that run after O(phase=change), even if that failed. This module does not run them.
    type: list
    elements: dict
    default: []
    suboptions: *hook
  saved:
    description:
      - With O(phase=plan), the results of the hooks in O(before_change), once they have run - C(what), C(started), C(seconds) and C(result) of each.
        They become part of the restore point.
    type: list
    elements: dict
    default: []
  handed_on:
    description:
      - With O(phase=plan), what the playbook C(vcd.kubernetes.backup) has handed on in an earlier job. The hooks in O(before_change) do not run again
        if it belongs to the same plan (O(approved)) and the same hooks.
    type: dict
  scenario:
    description:
      - The wanted scenario; see M(vcd.kubernetes.vcd_ccm_config).
      - Required with O(phase=plan), unless O(go_back=true). Without it, O(phase=verify) and O(phase=audit) check for the one in CPI's file.
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
  one_arm:
    description:
      - The internal addresses for V(shared_internal) and V(distinct_internal), as V(192.168.8.2-192.168.8.100) or as a dictionary with
        C(start_ip) and C(end_ip).
      - Without it, the range in CPI's file stays. If the file has none, it is V(192.168.8.2-192.168.8.100).
    type: raw
  existing:
    description: What to do if the change would break existing Services - stop before anything is written, or migrate them.
    type: str
    choices: [fail, migrate]
    default: fail
  exclude:
    description:
      - Services that stay as they are, as C(namespace/name), and ports of Services, as C(namespace/name:port) with the
        port's name or number. A name that does not exist is refused.
      - The run stops before its first write if CPI would break them under the new scenario.
    type: list
    elements: str
    default: []
  prune:
    description:
      - Whether to remove orphans, that is objects with this cluster's names that belong to no live Service and port.
      - A name alone does not prove which cluster owns an object. An orphan is removed only if a restore point of this cluster holds it, CPI's defined
        entity in Cloud Director lists it, or O(prune_objects) names it. All others are reported.
      - An orphan that occupies a port of a Service is removed when that Service is migrated; any run removes the others.
    type: bool
    default: false
  prune_objects:
    description:
      - Names of orphans to remove, in addition to those whose owner is proven. Requires O(prune=true).
      - A name that belongs to a live Service and port, or to no object, is refused.
    type: list
    elements: str
    default: []
  accept_loss:
    description: Whether to migrate Services whose HTTP policies or WAF cannot be kept; see M(vcd.kubernetes.vcd_shared_ip).
    type: bool
    default: false
  firewall:
    description:
      - What to do if the firewall of the edge gateway would block a Service after its migration.
      - V(tell) - the preflight says which rule to add.
      - V(manage) - the migration creates it, above the rule that blocks, with an IP set and an application port profile of the same name. All other
        rules stay as they are. The rule is deleted when no Service of the cluster needs it any more.
    type: str
    choices: [tell, manage]
    default: tell
  vcd_rules:
    description: Rules that this Cloud Director is known to have; see M(vcd.kubernetes.vcd_shared_ip).
    type: list
    elements: str
    choices:
      - vip_and_dnat_on_one_address
      - vip_changed_to_one_in_use
      - update_while_sharing_a_vip
      - one_port_of_a_vip_for_tcp_and_udp
    default: []
  go_back:
    description:
      - Go back to a restore point, which replaces O(scenario), O(one_arm) and O(existing).
    type: bool
    default: false
  restore_file:
    description: With O(go_back=true), the file to go back to. Without it, the restore point in the cluster.
    type: path
  restore_dir:
    description:
      - Folder for restore points. A migration stores one file there before it writes anything else.
      - Without it, C(~/.vcd-kubernetes/restore-points). If that folder cannot be written, as in many containers, only the cluster keeps the restore
        point, and the plan says so.
    type: path
  restart:
    description: How to make CPI read its file; see M(vcd.kubernetes.vcd_ccm_config).
    type: str
    default: auto
    choices: [auto, recreate, delete_pod, never]
  wait_timeout:
    description:
      - Seconds to wait for CPI to stop, for it to be ready again, and after a migration for addresses and health.
    type: int
    default: 300
  certificate_days:
    description: With O(phase=audit), how many days before its expiry a certificate is reported.
    type: int
    default: 30
  take_over:
    description:
      - Whether to finish the change of another run that was killed; see O(vcd.kubernetes.vcd_ccm_config#module:take_over).
    type: bool
    default: false
  lock_timeout:
    description:
      - Seconds to wait while another run is working on the edge gateway; see O(vcd.kubernetes.vcd_shared_ip#module:lock_timeout).
    type: int
    default: 1800
  edge_gateway:
    description: Name or URN of the edge gateway. Without it, the one that the network in CPI's file is connected to.
    type: str
  vdc:
    description: Name or URN of the VDC or VDC group that owns the edge gateway, if two gateways have the same name.
    type: str
  progress_file:
    description: A file to which one JSON line is appended for each event. The action plugin shows the progress from it.
    type: path
  cpi:
    description: Where CPI is in the cluster.
    type: dict
    suboptions:
      namespace:
        description: The namespace of CPI's ConfigMap, Deployment and Secret.
        type: str
        default: kube-system
      name:
        description: The name of CPI's ConfigMap.
        type: str
        default: vcloud-ccm-configmap
      key:
        description: The key of CPI's file in the ConfigMap.
        type: str
        default: vcloud-ccm-config.yaml
      deployment:
        description: The name of CPI's Deployment.
        type: str
        default: vmware-cloud-director-ccm
      backup_name:
        description: The name of the backup ConfigMap; by default the name of CPI's ConfigMap with V(-backup) appended.
        type: str
      extra_keys:
        description: Keys of CPI's file that this CPI knows and the published one does not; see M(vcd.kubernetes.vcd_ccm_config).
        type: list
        elements: str
  vcd:
    description:
      - How to reach Cloud Director, with the options of M(vcd.kubernetes.vcd_shared_ip) and the same environment variables for those
        that are not given.
    type: dict
    suboptions:
      url:
        description: V(https://HOST) or V(https://HOST:PORT); by default E(VCD_URL).
        type: str
      org:
        description: The organization to log in to; by default E(VCD_ORG).
        type: str
      user:
        description: The user to log in; by default E(VCD_USER).
        type: str
      password:
        description: The user's password; by default E(VCD_PASSWORD).
        type: str
      api_token:
        description: An API token in place of user and password; by default E(VCD_API_TOKEN).
        type: str
      token:
        description: The access token of a session that is open already; by default E(VCD_TOKEN).
        type: str
      validate_certs:
        description: Whether the certificate is checked; by default the inverse of E(VCD_ALLOW_UNVERIFIED_SSL).
        type: bool
        default: true
      ca_path:
        description: A PEM file with the certificate of the CA; by default E(VCD_CA_PATH).
        type: path
      timeout:
        description: Seconds that one operation may take in total.
        type: int
        default: 300
      api_version:
        description: The API version to use; by default the highest that both sides support.
        type: str
  kubernetes:
    description:
      - How to reach the cluster, with the options of M(kubernetes.core.k8s_info) and the same environment variables for those that are
        not given.
    type: dict
    suboptions:
      kubeconfig:
        description: Path of the kubeconfig file, or its content as a dictionary; by default E(K8S_AUTH_KUBECONFIG).
        type: raw
      context:
        description: The context of the kubeconfig; by default E(K8S_AUTH_CONTEXT).
        type: str
      host:
        description: URL of the API server; by default E(K8S_AUTH_HOST).
        type: str
      api_key:
        description: Token for the API server; by default E(K8S_AUTH_API_KEY).
        type: str
      username:
        description: User name for basic authentication; by default E(K8S_AUTH_USERNAME).
        type: str
      password:
        description: Password for basic authentication; by default E(K8S_AUTH_PASSWORD).
        type: str
      validate_certs:
        description: Whether the certificate is checked; by default E(K8S_AUTH_VERIFY_SSL).
        type: bool
      ca_cert:
        description: File with the certificate of the CA; by default E(K8S_AUTH_SSL_CA_CERT).
        type: path
      client_cert:
        description: File with the client's certificate; by default E(K8S_AUTH_CERT_FILE).
        type: path
      client_key:
        description: File with the client's key; by default E(K8S_AUTH_KEY_FILE).
        type: path
      proxy:
        description: URL of a proxy; by default E(K8S_AUTH_PROXY).
        type: str
requirements:
  - requests
  - kubernetes.core >= 3.2.0 (an Ansible collection)
  - kubernetes >= 24.2.0
  - PyYAML >= 3.11
  - PyYAML >= 5.4.1
seealso:
  - module: vcd.kubernetes.vcd_ccm_config
  - module: vcd.kubernetes.vcd_shared_ip
  - module: vcd.kubernetes.vcd_shared_ip_audit_info
"""

EXAMPLES = r"""
- name: Plan
  vcd.kubernetes.vcd_cluster_shared_ip:
    phase: plan
    scenario: shared_external
    existing: migrate
    vcd: &vcd
      url: https://vcd.example.com
      org: acme
      api_token: "{{ vault_api_token }}"
    kubernetes: &kubernetes
      kubeconfig: /etc/kubeconfigs/acme
  register: planned

- name: Stop if something prevents the change
  ansible.builtin.assert:
    that: planned.ok
    fail_msg: "{{ planned.summary }}"

- name: Change, and verify the result
  vcd.kubernetes.vcd_cluster_shared_ip:
    phase: change
    plan: "{{ planned.plan }}"
    scenario: shared_external
    existing: migrate
    vcd: *vcd
    kubernetes: *kubernetes
"""

RETURN = r"""
ok:
  description: Whether the change may be applied.
  returned: phase plan
  type: bool
summary:
  description: One line that says what prevents the change.
  returned: phase plan
  type: str
failure:
  description:
    - Details of what prevents the change, if that is not a finding of the preflight, and of an error that ended the task.
    - C(cpi_replicas) is the number of CPI's replicas at the end, if it could be read. C(cpi_stopped) is there if CPI is stopped, with the number of
      replicas that it had.
    - After an error in phase C(change), C(services) says what happened to each Service, as C(failure) of M(vcd.kubernetes.vcd_shared_ip) does, and
      C(restore_point) is the file with the restore point, if the run got that far.
  returned: phase plan, when RV(ok=false), and when the task failed
  type: dict
planned_only:
  description: Whether the task ran in check mode, so that no change follows.
  returned: phase plan
  type: bool
plan:
  description: What O(phase=change) takes as O(plan). Its content may change with any release.
  returned: phase plan, when RV(ok=true)
  type: dict
bound:
  description:
    - The plan in its binding form, with its C(digest). P(vcd.kubernetes.shared_ip#role) describes it, as one of the C(clusters).
  returned: phase plan, with O(bind=true) or O(approved), when the plan was made
  type: dict
hooks:
  description:
    - C(before) are the hooks that have to run between this phase and O(phase=change), C(after) those that have to run after it.
    - C(saved) is O(saved), or the results from O(handed_on), or, while a change is in progress, those in its restore point.
  returned: phase plan, when RV(ok=true)
  type: dict
cpi_plan:
  description: What would be done to CPI, as M(vcd.kubernetes.vcd_ccm_config) returns it in check mode.
  returned: phase plan, when RV(ok=true)
  type: dict
migration_plan:
  description: The plan for the Services, as M(vcd.kubernetes.vcd_shared_ip) returns it in check mode; null when none is migrated.
  returned: phase plan, when RV(ok=true)
  type: dict
preflight:
  description:
    - The checks before a change.
    - C(ok) is false when one of the C(findings) is an error; C(summary) then holds all errors in one line.
    - C(change) says whether something has to be written for the scenario, C(migrations) which Services have to be migrated or repaired.
    - Each of C(findings) has C(check), C(ok), C(severity) (V(error), V(warning) or V(info)), C(message) and C(remedy). C(passing) is true for a
      finding that may come and go by itself.
    - Each of C(services) has C(name), C(namespace), C(external_ips), C(ports), C(shape), C(fits) and C(evidence), and C(aside), which lists
      the ports that stay as they are with the reason (C(port) is null for the whole Service).
    - C(pictures) has C(before) and C(after), the data of drawings of the present and of the planned state; either may be null.
    - C(scenario_before), C(scenario), C(meaning), C(one_arm_before), C(one_arm) and C(edge_gateway) say what changes, and where.
  returned: phase plan
  type: dict
way_back:
  description:
    - C(ok) is false when it is not possible to go back; C(summary) then says why in one line.
    - C(scenario) and C(one_arm) are those that CPI's file will have, C(services) are the Services with the internal addresses that they had.
    - C(restore_point) is kept in the cluster, so that running the same again goes back to the same state.
    - C(taken) is when the restore point was taken, C(notes) are lines about Services that differ from it.
  returned: phase plan, with O(go_back=true)
  type: dict
verification:
  description:
    - Whether the cluster is in its scenario; null in check mode.
    - C(ok) is false when one of the C(findings) is an error; C(summary) then holds all errors in one line.
    - C(mixed) names the Services that serve, but in another shape than the scenario gives to new ones.
    - C(settling) is true when every error may disappear by itself a while after a change.
    - C(scenario), C(wanted), C(one_arm) and C(edge_gateway) say what was found, and where.
    - C(picture) is the data of a drawing of the Services - their paths from the external IP to the members, with health, and how many
      addresses they take. It is null where no edge gateway was read.
  returned: phases change and verify, and phase plan outside check mode if nothing is to be changed
  type: dict
audit:
  description: What was found, as M(vcd.kubernetes.vcd_shared_ip_audit_info) returns it.
  returned: phase audit
  type: dict
lines:
  description:
    - The text for a person, one list of lines each for C(way_back), C(preflight), C(plan), C(hooks), C(difference),
      C(verification) and C(audit).
  returned: always
  type: dict
cluster:
  description: The latest facts about the cluster, as M(vcd.kubernetes.vcd_ccm_config_info) returns them.
  returned: when it was read
  type: dict
result:
  description: A summary of the run, in plain data for M(ansible.builtin.set_stats).
  returned: phases plan and change, unless RV(ok=false)
  type: dict
  contains:
    changed:
      description: Whether something was changed, or in check mode would be.
      type: bool
    scenario_before:
      description: The scenario of CPI's file before the run.
      type: str
    scenario:
      description: The wanted scenario.
      type: str
    one_arm:
      description: Its one-arm range; null if the scenario has no range.
      type: dict
    edge_gateway:
      description: The name of the edge gateway.
      type: str
    steps:
      description: The steps of the change of CPI's file.
      type: list
      elements: str
    restart:
      description: How CPI was restarted, V(none) if it was not.
      type: str
    verified:
      description: Whether the result was verified.
      type: bool
    services:
      description: The Services with their shapes.
      type: list
      elements: dict
    migrations:
      description:
        - The result for each Service that the migration looked at, as RV(vcd.kubernetes.vcd_shared_ip#module:services) describes it.
        - C(state) says what happened to it, or in check mode would happen; empty when nothing is migrated.
      type: list
      elements: dict
    restore_point:
      description: The file with the restore point; empty when no Service was migrated.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.connections import Connections, connections
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import OPTIONS
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.phases import run_phase
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import LIBRARIES as CPI
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES


def perform(connected: Connections, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Run one phase, and convert its report for Ansible."""
    report = run_phase(connected, params, check_mode)
    return Outcome(report.changed, report.result, report.before or None, report.after or None)


def main() -> None:
    """Run the module."""
    run_module(OPTIONS, connections, perform, {**LIBRARIES, **CPI})


if __name__ == "__main__":
    main()
