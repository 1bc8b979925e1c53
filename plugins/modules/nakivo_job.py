#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nakivo_job
short_description: Run a job of NAKIVO Backup & Replication, and wait until it has saved every object
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Finds a job by its exact name, runs it, and waits for its end. If it is already running, the module waits for that run.
  - The module succeeds only if the run is a new one, and saved every object. A run with a skipped or failed object is an error.
extends_documentation_fragment:
  - vcd.kubernetes.nakivo
  - vcd.kubernetes.attributes.run
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_nakivo
options:
  name:
    description:
      - The exact name of the job. One of O(name) and O(id) is required.
      - NAKIVO does not guarantee that names are unique. If several jobs have this name, the module fails and lists their ids.
    type: str
  id:
    description: The id of the job.
    type: str
  if_running:
    description:
      - What to do if the job is already running. V(attach) waits for the end of that run, V(fail) fails.
    type: str
    choices: [attach, fail]
    default: attach
  wait:
    description: Whether to wait for the end of the run. If V(false), the module returns once the job has started.
    type: bool
    default: true
  wait_timeout:
    description: Seconds to wait for the end of the run. After that, the module fails, but does not stop the job.
    type: int
    default: 14400
  start_timeout:
    description: Seconds to wait until the job has started.
    type: int
    default: 300
  poll_interval:
    description: Seconds between two queries of the job's state.
    type: int
    default: 15
notes:
  - This collection was developed without access to a NAKIVO Director. The module follows the vendor's API reference and, where that is silent, public
    clients. Try it with your Director before you rely on it.
  - A backup of virtual machines does not contain the objects of the edge gateway - virtual services, pools, NAT rules and allocated
    addresses - which a change of the IP-sharing scenario changes. Those are in the restore point of P(vcd.kubernetes.shared_ip#role).
  - Restoring control plane machines after such a change combines an old ConfigMap and an old status of Services with new objects on the edge gateway.
seealso:
  - module: vcd.kubernetes.nakivo_job_info
  - module: vcd.kubernetes.vcd_vapp_metadata_info
"""

EXAMPLES = r"""
- name: Back up the machines of the cluster
  vcd.kubernetes.nakivo_job:
    url: https://nakivo.example.com:4443
    user: ansible
    password: "{{ vault_nakivo_password }}"
    name: k8s-acme
  register: backup
"""

RETURN = r"""
job:
  description: The job as M(vcd.kubernetes.nakivo_job_info) returns it, at the end.
  returned: success
  type: dict
attached:
  description: Whether the run was already under way.
  returned: success
  type: bool
saved:
  description: Whether the run has ended, and saved every object. Always V(false) with O(wait=false) and in check mode.
  returned: success
  type: bool
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.options import CONNECTION, JOB
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.run import JobRequest, JobRun
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.session import Director, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import REQUESTS_ERROR

SPEC = (
    CONNECTION
    | JOB
    | ArgumentSpec(
        {
            "if_running": {"type": "str", "choices": ["attach", "fail"], "default": "attach"},
            "wait": {"type": "bool", "default": True},
            "wait_timeout": {"type": "int", "default": 14400},
            "start_timeout": {"type": "int", "default": 300},
            "poll_interval": {"type": "int", "default": 15},
        },
        required_one_of=[("name", "id")],
    )
)


@contextmanager
def checked(params: Mapping[str, Any]) -> Iterator[Director]:
    """Check the times before the log-in."""
    for option, least in (("wait_timeout", 0), ("start_timeout", 0), ("poll_interval", 1)):
        if params[option] < least:
            raise InvalidInput(option, params[option], f"give seconds, {least} or more")
    with connect(params) as director:
        yield director


def perform(director: Director, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Run the job."""
    times = {key: params[key] for key in ("wait", "wait_timeout", "start_timeout", "poll_interval")}
    request = JobRequest(params["name"], params["id"], params["if_running"] == "attach", **times)
    found = JobRun(director, request).perform(check_mode)
    return Outcome(found.pop("changed"), found)


def main() -> None:
    """Run the module."""
    run_module(SPEC, checked, perform, {"requests": REQUESTS_ERROR})


if __name__ == "__main__":
    main()
