#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip_report
short_description: Sum up how a run over several clusters ended
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Makes one line and one small record for each cluster from what the collection's playbooks keep about it.
  - It connects to nothing. The playbooks run it once, after their last cluster.
  - With O(report) it also writes the report of the run, on the controller - one HTML file that needs no network and no script, and the same as
    Markdown with Mermaid drawings. It does so in check mode, too, because a report changes nothing that is managed.
extends_documentation_fragment:
  - vcd.kubernetes.attributes.info_module
options:
  clusters:
    description:
      - What is known about each cluster, by its name. An empty dictionary stands for a cluster that the run did not reach.
      - C(result) is the role's C(shared_ip_result), C(preflight) its C(shared_ip_preflight), C(cpi) the number of CPI's replicas.
      - C(planned_only) is true for a run in check mode. C(failure) with C(msg) says why the run failed for the cluster; its C(not_started) says that
        nothing was tried. Its C(services) and C(restore_point) are those in the C(failure) of M(vcd.kubernetes.vcd_cluster_shared_ip).
      - C(machines) is a list of what M(vcd.kubernetes.vcd_shared_ip_audit_info) returns for services of machines on this host. Each gets its own
        line, record and section of the report, named after the host and its edge gateway, or after the host alone if it has nothing else.
      - For the report, C(verification) is the role's C(shared_ip_verification), C(planned) the planned migrations, and C(ended) the time
        at which the cluster was done.
    type: dict
    required: true
  report:
    description:
      - Whether to write a report. V(auto) writes one if O(report_file) is given, if a cluster was changed, and if one failed.
      - If the report cannot be written, the task does not fail; RV(report_problem) says why.
    type: str
    choices: [never, auto, always]
    default: never
  report_file:
    description:
      - The HTML file, on the controller. It is replaced as a whole. The Markdown has the same name with C(.md) at its end.
      - Without it, each report gets a name of its own in O(report_dir).
    type: path
  report_dir:
    description: The folder on the controller for reports without O(report_file).
    type: path
    default: ~/.vcd-kubernetes/reports
seealso:
  - module: vcd.kubernetes.vcd_cluster_shared_ip
"""

EXAMPLES = r"""
- name: Sum up two clusters, one of which failed
  vcd.kubernetes.vcd_shared_ip_report:
    clusters:
      prod-1:
        result:
          changed: true
          scenario_before: distinct_internal
          scenario: shared_external
          edge_gateway: acme-edge
          migrations: []
          restore_point: ""
        cpi: 1
      prod-2:
        failure:
          msg: "url: connection refused"
  register: report

- name: Write a report of what was found in a live cluster
  vcd.kubernetes.vcd_shared_ip_report:
    report: always
    report_file: /tmp/report.html
    clusters:
      prod-1:
        result:
          changed: false
          verified_only: true
          ok: true
          scenario: shared_external
          edge_gateway: acme-edge
          migrations: []
        verification: "{{ verified.verification | default({}) }}"
  vars:
    verified: {}

- name: Show it
  ansible.builtin.debug:
    msg: "{{ report.lines }}"
"""

RETURN = r"""
ok:
  description: Whether the run reached all clusters, and failed for none of them.
  returned: success
  type: bool
lines:
  description: The summary for a person - how many clusters ended in which way, then one line for each, the failed ones last.
  returned: success
  type: list
  elements: str
statistics:
  description:
    - One record for each cluster, for M(ansible.builtin.set_stats). Each has a key of its own, C(shared_ip_end_) and the name of the cluster with
      underscores, so that job slices and parallel workflow nodes overwrite none. A name with characters other than letters, digits and underscores
      gets six hexadecimal digits appended.
    - A record has C(cluster), C(state) (V(changed), V(would change), V(unchanged), V(verified), V(deviates), V(failed) or V(not started)),
      C(edge_gateway), C(scenario_before), C(scenario), C(cpi) (the replicas of CPI at the end; null if they were not read), C(services) (how
      many were moved), C(seconds_down) (of the port that was down longest), C(ports_down) (how many ports a run that failed has left down),
      C(restore_point), C(reason), and C(machines), which is true for services of machines.
  returned: success
  type: dict
report_files:
  description: The HTML file and the Markdown file that were written; empty without a report.
  returned: success
  type: list
  elements: str
report_problem:
  description: One line that says why the report could not be written; empty otherwise.
  returned: success
  type: str
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.fleet import (
    end_of,
    fleet_lines,
    outcomes_of,
    statistics_of,
)

SPEC = ArgumentSpec(
    {
        "clusters": {"type": "dict", "required": True},
        # only the action plugin uses these three, on the controller
        "report": {"type": "str", "choices": ["never", "auto", "always"], "default": "never"},
        "report_file": {"type": "path"},
        "report_dir": {"type": "path", "default": "~/.vcd-kubernetes/reports"},
    }
)


def perform(_connection: None, params: Mapping[str, Any], _check_mode: bool) -> Outcome:
    """Sum up."""
    ends = [end_of(name, outcome) for name, outcome in outcomes_of(params["clusters"]).items()]
    ok = all(one.ok for one in ends)
    return Outcome(result={"ok": ok, "lines": fleet_lines(ends), "statistics": statistics_of(ends)})


def _no_connection(_params: Mapping[str, Any]) -> AbstractContextManager[None]:
    return nullcontext()


def main() -> None:
    """Run the module."""
    run_module(SPEC, _no_connection, perform, {})


if __name__ == "__main__":
    main()
