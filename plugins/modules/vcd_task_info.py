#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_task_info
short_description: Show what Cloud Director is doing, and what it has done
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns tasks, newest first. A task is what Cloud Director does in the background, such as the creation of a pool.
  - An edge gateway accepts one change at a time. While another task works on it, Cloud Director answers C(BUSY_ENTITY). With O(edge_gateway) and
    O(status=[queued, preRunning, running, postRunning]), this module shows which task that is, and who started it.
  - A user sees the tasks of its organization as far as its role allows. A user of the provider sees the tasks of all organizations.
notes:
  - There is no module that changes tasks. A task begins with the change that it carries out, and cancelling it can leave an incomplete object behind.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  id:
    description: Return only the task with this URN or UUID.
    type: str
  edge_gateway:
    description:
      - Return only the tasks for this edge gateway, given by name or URN, and for the virtual services and pools on it.
      - Tasks for NAT rules, firewall rules and load balancer settings are tasks for the edge gateway.
    type: str
  vdc:
    description:
      - The VDC or VDC group that owns O(edge_gateway), by name or URN. Needed if two edge gateways have one name.
      - Without O(edge_gateway), return only the tasks for this VDC or VDC group and for all of its edge gateways.
    type: str
  object:
    description: Return only the tasks for the object with this name, URN or UUID.
    type: str
  started_by:
    description: Return only the tasks that this user has started.
    type: str
  status:
    description: Return only the tasks with one of these states, by default all.
    type: list
    elements: str
    choices: [queued, preRunning, running, postRunning, success, error, canceled, aborted]
  since:
    description: Return only the tasks that began at this time or later, as V(2026-11-28T05:00:00Z), or as an age such as V(30m), V(2h) or V(1d).
    type: str
  until:
    description: Return only the tasks that began at this time or earlier, in the same form.
    type: str
  limit:
    description: Return at most this many tasks, the newest ones.
    type: int
    default: 100
  query:
    description: A JMESPath expression that is applied to the list of tasks. It needs the Python library jmespath.
    type: str
seealso:
  - module: vcd.kubernetes.vcd_edge_gateway_info
"""

EXAMPLES = r"""
- name: Show who keeps an edge gateway busy
  vcd.kubernetes.vcd_task_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    edge_gateway: acme-edge
    status: [queued, preRunning, running, postRunning]
    query: "[].{what: operation, who: user, since: started}"

- name: Show what has failed in the last hour, and why
  vcd.kubernetes.vcd_task_info:
    status: [error]
    since: 1h
"""

RETURN = r"""
tasks:
  description: The tasks, newest first, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    operation:
      description: What it does, in words.
      type: str
    operation_name:
      description: The name of the operation, for example V(NAT_RULE_CREATE).
      type: str
    status:
      description: One of the choices of O(status).
      type: str
    object:
      description: What it works on, with C(id) (a URN or an address), C(name) and C(type). For a NAT rule that is the edge gateway.
      type: dict
    user:
      description: The user who started it.
      type: str
    org:
      description: The organization.
      type: str
    started:
      description: When it began.
      type: str
    ended:
      description: When it ended, or null.
      type: str
    progress:
      description: Percent, or null if Cloud Director does not report it.
      type: int
    error:
      description: The error with which it ended, with C(code) and C(message), or null.
      type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.task import calls
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.task.resource import STATUSES
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = CONNECTION | ArgumentSpec(
    {
        **{
            name: {"type": "str"}
            for name in ("id", "edge_gateway", "vdc", "object", "started_by", "since", "until", "query")
        },
        "status": {"type": "list", "elements": "str", "choices": list(STATUSES)},
        "limit": {"type": "int", "default": 100},
    },
    mutually_exclusive=[
        ("id", name) for name in ("edge_gateway", "vdc", "object", "started_by", "status", "since", "until")
    ],
)


def check(params: Mapping[str, Any]) -> None:
    """Check the options. Raises InvalidInput."""
    calls.check(params)
    compile_query(params["query"])


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching tasks."""
    found = calls.find_tasks(api, params)
    return Outcome(result={"tasks": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
