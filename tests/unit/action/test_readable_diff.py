# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diff of CPI's file is a unified diff of its text, even with Ansible's own callbacks."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.callback import CallbackBase
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._readable_diff import readable_diff


def side(*lines: str, **more: Any) -> dict[str, Any]:
    return {"scenario": lines[0], "enable_virtual_service_shared_ip": True, "one_arm": None, "file": [*lines], **more}


def test_the_file_is_shown_as_text() -> None:
    shown = readable_diff({"before": side("a: 1", "b: 2", ""), "after": side("a: 1", "b: 3", "")})
    text = str(CallbackBase()._get_diff(shown))
    lines = [line for line in text.splitlines() if line]
    assert lines == ["--- before: CPI's file", "+++ after: CPI's file", "@@ -1,2 +1,2 @@", " a: 1", "-b: 2", "+b: 3"]


def test_other_differences_follow_as_lines() -> None:
    before = {"default/web": {"nat_rule dnat": "203.0.113.10:80 -> 192.168.8.2", "pool web": ""}}
    diff = {"before": side("a", **before), "after": side("b", **{"default/web": {"pool web": ""}})}
    file, rest = readable_diff(diff)
    assert (file["before"], file["after"]) == ("a", "b")
    assert rest["before"] == "default/web: nat_rule dnat: 203.0.113.10:80 -> 192.168.8.2\ndefault/web: pool web\n"
    assert rest["after"] == "default/web: pool web\n"


def test_equal_parts_are_left_out() -> None:
    assert readable_diff({"before": side("a"), "after": side("a")}) == []
    diff = {"before": side("a", services=1), "after": side("a", services=2)}
    assert readable_diff(diff) == [{"before": {"services": 1}, "after": {"services": 2}}]


@pytest.mark.parametrize(
    "diff",
    [None, [], "text", {}, {"before": {"replicas": 0}, "after": {"replicas": 1}}, {"before": {}, "after": side("a")}],
)
def test_any_other_diff_stays_as_it_is(diff: Any) -> None:
    assert readable_diff(diff) == diff
