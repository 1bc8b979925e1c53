#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nakivo_job_info
short_description: Gather the jobs of NAKIVO Backup & Replication
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns jobs with their state and their last run.
extends_documentation_fragment:
  - vcd.kubernetes.nakivo
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_nakivo
options:
  name:
    description: Return only jobs with this name.
    type: str
  id:
    description: Return only the job with this id.
    type: str
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([?last_run.state!='OK'].name).
      - Requires the Python library C(jmespath).
    type: str
notes:
  - This collection was developed without access to a NAKIVO Director; see M(vcd.kubernetes.nakivo_job).
seealso:
  - module: vcd.kubernetes.nakivo_job
"""

EXAMPLES = r"""
- name: List the jobs whose last run did not succeed, with the connection from NAKIVO_URL, NAKIVO_USER and NAKIVO_PASSWORD
  vcd.kubernetes.nakivo_job_info:
    query: "[?last_run.state!='OK'].name"
  register: found
"""

RETURN = r"""
jobs:
  description: The jobs, sorted by name, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id.
      type: str
    name:
      description: The name. NAKIVO does not guarantee that it is unique.
      type: str
    type:
      description: The type, in NAKIVO's terms, such as V(BACKUP).
      type: str
    enabled:
      description: Whether it is enabled.
      type: bool
    state:
      description: The state of the current run, such as V(RUNNING) or V(WAITING_SCHEDULE).
      type: str
    progress:
      description: The progress of the current run in percent, or null.
      type: int
    last_run:
      description:
        - The last run that has ended, with C(state), C(started) and C(finished) as NAKIVO returns them, C(seconds), and the numbers of machines that
          were saved (C(ok)), C(failed) and C(stopped).
      type: dict
    objects:
      description: What the job saves, each with C(name) and C(state).
      type: list
      elements: dict
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.options import CONNECTION, JOB
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.run import read_jobs
from ansible_collections.vcd.kubernetes.plugins.module_utils._nakivo.session import Director, connect
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import REQUESTS_ERROR

SPEC = CONNECTION | JOB | ArgumentSpec({"query": {"type": "str"}})


@contextmanager
def checked(params: Mapping[str, Any]) -> Iterator[Director]:
    """Check the query before the log-in."""
    compile_query(params["query"])
    with connect(params) as director:
        yield director


def perform(director: Director, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching jobs."""
    wanted = {key: params[key] for key in ("name", "id") if params[key]}
    rows = sorted((one.as_dict() for one in read_jobs(director)), key=lambda one: (one["name"], one["id"]))
    found = [one for one in rows if all(one[key] == value for key, value in wanted.items())]
    return Outcome(result={"jobs": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, checked, perform, {"requests": REQUESTS_ERROR})


if __name__ == "__main__":
    main()
