# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command: ``python -m vcdsim``."""

from __future__ import annotations

import sys

from vcdsim.command import main

if __name__ == "__main__":
    sys.exit(main())
