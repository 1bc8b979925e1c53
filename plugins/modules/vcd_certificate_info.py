#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_certificate_info
short_description: Gather facts about certificates in the library of Cloud Director
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Returns the certificates of the organization's certificate library, with their expiry.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.info
  - vcd.kubernetes.attributes.info_module
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  gather:
    description: What to return in addition. V(users) takes a request for each certificate.
    type: list
    elements: str
    choices: [users]
    default: []
seealso:
  - module: vcd.kubernetes.vcd_certificate
"""

EXAMPLES = r"""
- name: List the certificates, with the virtual services and pools that use them
  vcd.kubernetes.vcd_certificate_info:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    gather: [users]

- name: List those that expire before a date
  vcd.kubernetes.vcd_certificate_info:
    query: "[?expires < '2027-01-01'].[name, expires]"
"""

RETURN = r"""
certificates:
  description: The certificates, or the result of O(query).
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The URN.
      type: str
    name:
      description: The name (alias). Unique in the organization.
      type: str
    description:
      description: The description.
      type: str
    expires:
      description: When the first certificate of the chain expires (ISO 8601, UTC). Null if it cannot be read.
      type: str
      sample: "2027-03-01T12:00:00+00:00"
    users:
      description: The objects that use it, each with C(type), C(id) and C(name).
      returned: O(gather) has V(users)
      type: list
      elements: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate.calls import (
    check_id,
    find_all,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, INFO
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.query import compile_query, run_query

SPEC = (
    CONNECTION
    | INFO
    | ArgumentSpec({"gather": {"type": "list", "elements": "str", "choices": ["users"], "default": []}})
)


def check(params: Mapping[str, Any]) -> None:
    """Check the options. Raises InvalidInput."""
    check_id(params["id"])
    compile_query(params["query"])


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Read the matching certificates."""
    found = find_all(api, params["name"], params["id"], with_users="users" in params["gather"])
    return Outcome(result={"certificates": run_query(compile_query(params["query"]), params["query"], found)})


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(check), perform, LIBRARIES)


if __name__ == "__main__":
    main()
