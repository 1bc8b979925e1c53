# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of IP sets: equal ones compare as equal, and whatever Cloud Director returns is read."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.ip_set.resource import to_result


@pytest.mark.parametrize(
    ("returned", "form"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("10.0.0.1-10.0.0.1", "10.0.0.1"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.7/8", "10.0.0.7/8"),  # with host bits: refused as an option, but read from Cloud Director
        ("10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9"),
        ("2001:DB8::0001", "2001:db8::1"),
        ("anything else", "anything else"),
    ],
)
def test_what_is_returned_is_read_in_one_form(returned: str, form: str) -> None:
    assert to_result({"ipAddresses": [returned]})["ip_addresses"] == [form]
