# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a port's HTTP policies have the options of vcd_http_policy, in the spec and in the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from ansible_collections.vcd.kubernetes.plugins.doc_fragments.several import documentation
from ansible_collections.vcd.kubernetes.plugins.doc_fragments.shared_ip_services import ModuleDocFragment
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import WHERE
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.options import POLICY, RULES


def tree(options: Mapping[str, Any], inner: str) -> dict[str, Any]:
    """The names of options, and of their suboptions."""
    return {name: tree(one.get(inner) or {}, inner) for name, one in options.items()}


def test_the_options_are_the_same_and_documented() -> None:
    found: dict[str, Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert tree(found, "suboptions") == tree(WHERE.options, "options")
    documented = found["services"]["suboptions"]["ports"]["suboptions"]["http_policy"]["suboptions"]
    assert documented == {kind: documentation("vcd_http_policy")["options"][kind] for kind in RULES}
    port = WHERE.options["services"]["options"]["ports"]["options"]
    assert port["http_policy"]["options"] == {kind: POLICY.options[kind] for kind in RULES}
