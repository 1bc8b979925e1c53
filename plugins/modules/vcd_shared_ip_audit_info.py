#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip_audit_info
short_description: Audit services of machines on an edge gateway
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Reports where the services differ from what they should be, and what will soon fail. It writes nothing.
  - It compares the services with the plan that M(vcd.kubernetes.vcd_shared_ip) would make with the same options, and looks for orphans, pools
    without health monitors, addresses that the edge gateway may not use, firewall rules that block traffic, and certificates that expire.
  - What the user may not view is returned as a finding with the code V(not-checked) and the missing right, never as passed.
  - O(vcd.kubernetes.vcd_cluster_shared_ip#module:phase=audit) does the same for the Services of a cluster, and the playbook
    C(vcd.kubernetes.audit) for a fleet.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.shared_ip_services
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  services:
    description: The services, as in the task with M(vcd.kubernetes.vcd_shared_ip). Required.
  scenario:
    description: The scenario that they should be in; see M(vcd.kubernetes.vcd_shared_ip).
    type: str
    choices: [shared_external, shared_internal, distinct_internal]
    required: true
  one_arm:
    description: The range of internal IPs. The default is V(192.168.8.2) to V(192.168.8.100), as in CPI.
    type: dict
    suboptions:
      start_ip:
        description: The first address.
        type: str
        required: true
      end_ip:
        description: The last address.
        type: str
        required: true
  nat:
    description: Whether each port has a DNAT rule, or the whole service has one; see M(vcd.kubernetes.vcd_shared_ip).
    type: str
    choices: [per_port, per_service]
    default: per_port
  certificate_days:
    description: How many days before its expiry a certificate is reported.
    type: int
    default: 30
seealso:
  - module: vcd.kubernetes.vcd_shared_ip
  - module: vcd.kubernetes.vcd_cluster_shared_ip
"""

EXAMPLES = r"""
- name: Serve a shop on two machines
  vcd.kubernetes.vcd_shared_ip: &shop
    edge_gateway: acme-edge
    name_template: "{edge_gateway}-{kind}-{service}-{port}"
    scenario: shared_internal
    nat: per_service
    services:
      - name: shop
        external_ip: 203.0.113.20
        members: [10.10.0.21, 10.10.0.22]
        ports:
          - {name: http, port: 80, node_port: 8080, app_protocol: http}

- name: Audit it, with the options that made it
  vcd.kubernetes.vcd_shared_ip_audit_info: *shop
  register: shop

- name: Fail if something is wrong
  ansible.builtin.assert:
    that: shop.audit.findings | selectattr('severity', 'equalto', 'error') | length == 0
    fail_msg: "{{ shop.lines | join(' ') }}"
"""

RETURN = r"""
audit:
  description: What was found.
  returned: success
  type: dict
  contains:
    ok:
      description: Whether nothing was found.
      type: bool
    edge_gateway:
      description: The name of the edge gateway.
      type: str
    findings:
      description:
        - What was found, errors first. Each has C(severity) (V(error) or V(warning)), C(code), C(edge_gateway), C(object), C(message) and
          C(remedy).
        - The page docs/audit.md lists the codes, which do not change.
      type: list
      elements: dict
picture:
  description:
    - The data of a drawing of the services - their paths from the external IP to the members, with health, and how many addresses they take.
    - The playbook C(vcd.kubernetes.report) draws it.
  returned: success
  type: dict
scenario:
  description: The scenario that the services should be in.
  returned: success
  type: str
lines:
  description: The findings for a person.
  returned: success
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import CHANGE, WHERE, read_request
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.audit import audit_machines
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.options import CERTIFICATE_DAYS
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION

SPEC = (
    CONNECTION
    | WHERE
    | ArgumentSpec(
        {
            "scenario": {**CHANGE.options["scenario"], "required": True},
            "one_arm": CHANGE.options["one_arm"],
            "nat": CHANGE.options["nat"],
            "certificate_days": CERTIFICATE_DAYS,
        },
        required_by={"scenario": ("services",)},
    )
)


def perform(api: Api, params: Mapping[str, Any], _check_mode: bool) -> Outcome:
    """Read and judge."""
    return Outcome(result=audit_machines(api, params))


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(read_request), perform, LIBRARIES)


if __name__ == "__main__":
    main()
