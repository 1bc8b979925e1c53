#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip_audit_report
short_description: Sum up an audit of several clusters
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Combines what the playbook C(vcd.kubernetes.audit) keeps about each cluster into one document, with one line and one small record for each cluster.
  - A cluster that was not audited is an error in the document, with the reason.
  - It connects to nothing. The playbook runs it once, after its last cluster.
extends_documentation_fragment:
  - vcd.kubernetes.attributes.info_module
options:
  clusters:
    description:
      - What is known about each cluster, by its name. An empty dictionary stands for a cluster that the run did not reach.
      - C(reports) is a list of what O(vcd.kubernetes.vcd_cluster_shared_ip#module:phase=audit) and
        M(vcd.kubernetes.vcd_shared_ip_audit_info) return as C(audit). C(failure) with C(msg) says why the audit failed for the cluster.
    type: dict
    required: true
  fail_on:
    description: The severity at which RV(failed_clusters) names a cluster. An V(error) is worse than a V(warning).
    type: str
    choices: [error, warning, never]
    default: error
seealso:
  - module: vcd.kubernetes.vcd_cluster_shared_ip
  - module: vcd.kubernetes.vcd_shared_ip_audit_info
"""

EXAMPLES = r"""
- name: Sum up two clusters, one of which could not be audited
  vcd.kubernetes.vcd_shared_ip_audit_report:
    clusters:
      prod-1:
        reports:
          - edge_gateway: acme-edge
            findings:
              - severity: error
                code: cpi-stopped
                edge_gateway: acme-edge
                object:
                message: CPI is stopped
                remedy: run the role again
      prod-2:
        failure:
          msg: "url: connection refused"
  register: report

- name: Show it
  ansible.builtin.debug:
    msg: "{{ report.lines }}"
"""

RETURN = r"""
document:
  description: The audit for programs, as docs/audit.md describes it.
  returned: success
  type: dict
lines:
  description: The summary for a person - how much was found, then one line for each cluster.
  returned: success
  type: list
  elements: str
failed_clusters:
  description: The clusters with a finding that is as severe as O(fail_on).
  returned: success
  type: list
  elements: str
statistics:
  description:
    - One record for each cluster, for M(ansible.builtin.set_stats), under a key of its own, C(shared_ip_audit_) and the name of the cluster with
      underscores. A name with characters other than letters, digits and underscores gets six hexadecimal digits appended.
    - A record has C(cluster), C(edge_gateways), C(audited), C(error) and C(warning) (how many), C(codes) (how often each) and C(reason).
  returned: success
  type: dict
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timezone
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.audit import (
    FAIL_ON,
    audit_document,
    audit_of,
    audit_statistics,
    fleet_audit_lines,
)

SPEC = ArgumentSpec(
    {
        "clusters": {"type": "dict", "required": True},
        "fail_on": {"type": "str", "choices": list(FAIL_ON), "default": "error"},
    }
)


def perform(_connection: None, params: Mapping[str, Any], _check_mode: bool) -> Outcome:
    """Sum up."""
    audits = [audit_of(name, kept) for name, kept in params["clusters"].items()]
    taken, fail_on = datetime.now(timezone.utc).isoformat(timespec="seconds"), params["fail_on"]
    result = {
        "document": audit_document(audits, taken, fail_on),
        "lines": fleet_audit_lines(audits),
        "failed_clusters": [one.cluster for one in audits if one.fails(fail_on)],
        "statistics": audit_statistics(audits),
    }
    return Outcome(result=result)


def _no_connection(_params: Mapping[str, Any]) -> AbstractContextManager[None]:
    return nullcontext()


def main() -> None:
    """Run the module."""
    run_module(SPEC, _no_connection, perform, {})


if __name__ == "__main__":
    main()
