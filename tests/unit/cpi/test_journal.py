# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a change: it keeps the operator's file, and a lease beside it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import FINISHED, IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import (
    Journal,
    backup_manifest,
    lease_of,
    original_to_keep,
    read_journal,
    with_lease,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import ConfigMap, CpiNames
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Hold, Holder
from hypothesis import given
from hypothesis import strategies as st

NAMES = CpiNames("kube-system", "cpi", "file", "cpi", "cpi-backup")
HOLD = Hold.begin(Holder("1f", "alice@awx-1"), datetime(2026, 11, 27, 10, tzinfo=timezone.utc))
# goals of successive runs, and whether each has written its file before it was interrupted
RUNS = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), min_size=1, max_size=6)


def config_map(text: str) -> dict[str, Any]:
    metadata = {"name": "cpi", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"file": text}}


@given(RUNS)
def test_the_operators_file_is_kept_until_the_change_has_finished(runs: list[tuple[str, bool]]) -> None:
    original = config_map("the operator's")
    present: dict[str, Any] = original
    journal: Journal | None = None
    for goal, written in runs:
        wanted = config_map(goal)
        kept = original_to_keep(journal, ConfigMap(present), wanted)
        assert kept == original
        journal = Journal(IN_PROGRESS, kept, wanted, 1)
        if written:
            present = wanted
    assert original_to_keep(journal, None, config_map("x")) == original


def test_the_next_change_begins_with_the_current_file() -> None:
    journal = Journal(FINISHED, config_map("old"), config_map("a"), 1)
    assert original_to_keep(journal, ConfigMap(config_map("a")), config_map("b")) == config_map("a")
    # repeating the same change does not begin another one
    assert original_to_keep(journal, ConfigMap(config_map("a")), config_map("a")) == config_map("old")


def test_a_lease_is_stored_beside_the_journal_and_leaves_it_alone() -> None:
    journal = Journal(IN_PROGRESS, config_map("old"), config_map("a"), 2, "7", "cG9pbnQ=")
    bare = backup_manifest(journal, NAMES)
    held = with_lease(bare, HOLD)
    assert (lease_of(bare), lease_of(held), lease_of(None)) == (None, HOLD, None)
    assert read_journal(held, NAMES) == read_journal(bare, NAMES) == journal
    found = read_journal(held, NAMES)
    assert found is not None
    assert found.lease == HOLD
    assert with_lease(held, None) == bare
