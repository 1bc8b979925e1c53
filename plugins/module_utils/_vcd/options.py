# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Option blocks shared by several modules; each belongs to the doc fragment of the same name."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import PrintableUrl


def inverse_env_fallback(name: str) -> bool:
    """The inverse of a boolean environment variable: VCD_ALLOW_UNVERIFIED_SSL=true means validate_certs=false."""
    value = os.environ.get(name, "").strip().lower()
    if not value:
        raise AnsibleFallbackNotFound
    return value not in ("1", "t", "true", "y", "yes", "on")


# doc fragment vcd.kubernetes.vcd
CONNECTION = ArgumentSpec(
    {
        "url": {"type": PrintableUrl("str"), "fallback": (env_fallback, ["VCD_URL"])},
        "org": {"type": "str", "fallback": (env_fallback, ["VCD_ORG"])},
        "user": {"type": "str", "fallback": (env_fallback, ["VCD_USER"])},
        "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["VCD_PASSWORD"])},
        "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["VCD_API_TOKEN"])},
        "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["VCD_TOKEN"])},
        "validate_certs": {
            "type": "bool",
            "default": True,
            "fallback": (inverse_env_fallback, ["VCD_ALLOW_UNVERIFIED_SSL"]),
        },
        "ca_path": {"type": "path", "fallback": (env_fallback, ["VCD_CA_PATH"])},
        "timeout": {"type": "int", "default": 300},
        "api_version": {"type": "str"},
    }
)


def connection_of(options: Mapping[str, Any], given: Container[str]) -> dict[str, Any]:
    """The connection options of a plugin on the controller, in the form that modules have.

    ``options`` are the values that Ansible found, ``given`` the names of those that the user set. Ansible reads
    environment variables itself, except VCD_ALLOW_UNVERIFIED_SSL, because its option has the opposite meaning.
    """
    found = {name: options.get(name) for name in CONNECTION.options}
    if "validate_certs" not in given:
        try:
            found["validate_certs"] = inverse_env_fallback("VCD_ALLOW_UNVERIFIED_SSL")
        except AnsibleFallbackNotFound:
            found["validate_certs"] = True
    return found


# doc fragment vcd.kubernetes.edge_gateway
EDGE_GATEWAY = ArgumentSpec({"edge_gateway": {"type": "str", "required": True}, "vdc": {"type": "str"}})

# doc fragment vcd.kubernetes.wait
WAIT = ArgumentSpec({"wait": {"type": "bool", "default": True}, "wait_timeout": {"type": "int", "default": 600}})

# doc fragment vcd.kubernetes.state
STATE = ArgumentSpec(
    {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "description": {"type": "str"},
    },
    required_one_of=[("name", "id")],
)

# doc fragment vcd.kubernetes.rename
RENAME = ArgumentSpec(
    {"new_name": {"type": "str"}}, mutually_exclusive=[("id", "new_name")], required_by={"new_name": ["name"]}
)

# doc fragment vcd.kubernetes.info
INFO = ArgumentSpec({"name": {"type": "str"}, "id": {"type": "str"}, "query": {"type": "str"}})
