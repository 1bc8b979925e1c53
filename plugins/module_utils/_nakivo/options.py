# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The options of a session with a NAKIVO Director; the doc fragment vcd.kubernetes.nakivo documents them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.parameters import env_fallback
from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import PrintableUrl
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import inverse_env_fallback
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings, base_url, verification

SERVER = "the NAKIVO Director"
CONNECTION = ArgumentSpec(
    {
        "url": {"type": PrintableUrl("str"), "fallback": (env_fallback, ["NAKIVO_URL"])},
        "user": {"type": "str", "fallback": (env_fallback, ["NAKIVO_USER"])},
        "password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["NAKIVO_PASSWORD"])},
        "tenant": {"type": "str", "fallback": (env_fallback, ["NAKIVO_TENANT"])},
        "validate_certs": {
            "type": "bool",
            "default": True,
            "fallback": (inverse_env_fallback, ["NAKIVO_ALLOW_UNVERIFIED_SSL"]),
        },
        "ca_path": {"type": "path", "fallback": (env_fallback, ["NAKIVO_CA_PATH"])},
        "timeout": {"type": "int", "default": 60},
    }
)
# One of the two identifies the job
JOB = ArgumentSpec({"name": {"type": "str"}, "id": {"type": "str"}}, mutually_exclusive=[("name", "id")])


def settings_from(params: Mapping[str, Any]) -> Settings:
    """Check the options without sending anything. Raises InvalidInput."""
    for name in ("user", "password"):
        if not params[name]:
            raise InvalidInput(name, None, f"give it as option, or as NAKIVO_{name.upper()} in the environment")
    if params["timeout"] < 1:
        raise InvalidInput("timeout", params["timeout"], "give the seconds that one request may take, 1 or more")
    if params["tenant"] and not re.fullmatch(r"[0-9A-Fa-f-]{8,64}", params["tenant"]):
        raise InvalidInput("tenant", params["tenant"], "give the UUID of the tenant")
    SECRETS.add(params["password"])
    return Settings(
        url=base_url(params["url"], SERVER, "NAKIVO_URL", ()),
        user=params["user"],
        password=params["password"],
        verify=verification(params),
        timeout=float(params["timeout"]),
        server=SERVER,
    )
