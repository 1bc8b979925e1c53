# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random options for every module: a success or one clear line, as check mode has predicted.

A sample; `make fuzz` runs 10,000 sets, and `make fuzz FUZZ=--case=17` one of them.
"""

from __future__ import annotations

import random

from fuzzed_options import Drawer, EstateNames
from module_calls import MODULES, spec_of, surprises
from module_fuzz import fuzz, unclear

SAMPLE = 240
SEED = 1


def test_each_set_ends_well() -> None:
    cases = list(fuzz(SEED, range(SAMPLE)))
    assert [str(case) for case in cases if case.problems] == []
    # vcd_shared_ip_plan has no code of its own: its action plugin runs on the controller
    assert sorted({case.module for case in cases}) == [one for one in MODULES if one != "vcd_shared_ip_plan"]
    assert len({case.end for case in cases}) == 4, "sound sets and wrong ones"


def test_a_set_depends_on_its_seed_alone() -> None:
    words = EstateNames({"pools": [{"name": "web", "id": "urn:vcloud:loadBalancerPool:1"}], "tasks": [{"id": "none"}]})
    first, other, again = (
        Drawer(random.Random(seed), words).options(spec_of("vcd_pool"), None)  # noqa: S311  # it need not be secret
        for seed in "aba"
    )
    assert first == again
    assert first != other
    assert words.like("member_pool") == ["urn:vcloud:loadBalancerPool:1", "web"]
    assert words.like("description") == []


def test_an_unclear_message_would_be_found() -> None:
    after = {"changed": True, "diff": {"before": {}, "after": {"name": "web", "id": None, "ports": [1]}}}
    other = {"changed": True, "diff": {"before": {}, "after": {"name": "web", "id": "urn", "ports": [2]}}}
    assert surprises("vcd_pool", after, after) == []
    assert surprises("vcd_pool", after, other) == ["after.ports[0]: 1, then 2"]
    assert len(surprises("vcd_pool", after, {"failed": True, "msg": "no"})) == 2
    assert surprises("vcd_pool", {"failed": True, "msg": "no"}, {"failed": True, "msg": "no"}) == []
    for message in ("two\nlines", "\x1b[2J", "None is wrong", "a defect of the collection: x", " "):
        assert list(unclear(message, ours=True)), message
    assert list(unclear("name: 'web': does not exist", ours=True)) == []
