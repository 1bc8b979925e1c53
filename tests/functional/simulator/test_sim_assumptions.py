# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each undocumented behaviour is tested with both of its values."""

from __future__ import annotations

from pathlib import Path

import pytest
from vcdsim.assumptions import SWITCHES, Switch

ROOT = Path(__file__).resolve().parents[1]
TESTS = [path.read_text(encoding="utf-8") for path in ROOT.rglob("test_*.py") if path != Path(__file__).resolve()]


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_a_test_sets_the_switch(switch: Switch) -> None:
    """All other tests use its default."""
    names = (f"assume({switch.name.replace('-', '_')}=", f'"{switch.name}": ')
    setting = [text for text in TESTS if any(name in text for name in names)]
    assert any(f'"{value}"' in text for text in setting for value in switch.values[1:])
