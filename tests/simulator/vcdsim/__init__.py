# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""vcdsim: a simulated VMware Cloud Director for tests and demonstrations."""

from __future__ import annotations

__version__ = "1.0.0"
