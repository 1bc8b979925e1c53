# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture in README.md is the one that reports currently draw."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from draw_scenarios import PICTURE, svg


def test_the_picture_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == svg(), "run tests/tools/draw_scenarios.py"


def test_the_picture_shows_the_three_scenarios() -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg())
    assert {"shared_external", "shared_internal", "distinct_internal"} <= set(texts)
    assert texts.count("VIP 203.0.113.10") == 1
