# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of the backup of CPI's file is checked before any request."""

from __future__ import annotations

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.manage import LONGEST_NAME, target_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput

NAMES = {"namespace": "kube-system", "name": "ccm", "key": "k", "deployment": "d", "extra_keys": []}


@pytest.mark.parametrize("name", ["a", "a.b-c", "0", "a" * LONGEST_NAME])
def test_a_name_that_kubernetes_accepts_is_accepted(name: str) -> None:
    assert target_from({**NAMES, "backup_name": name}).backup_name == name


@pytest.mark.parametrize(
    "name", ["A", "a_b", "urn:vcloud:vm:1", "-a", "a-", "a..b", ".", " ", "a\n", "a" * (LONGEST_NAME + 1)]
)
def test_a_name_that_kubernetes_refuses_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is not a name for a ConfigMap"):
        target_from({**NAMES, "backup_name": name})


def test_without_a_name_the_backup_is_named_after_the_config_map() -> None:
    assert target_from({**NAMES, "backup_name": None}).backup_name == "ccm-backup"
