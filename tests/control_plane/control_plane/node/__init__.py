# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces kubelets and scheduler: registers nodes, binds pods, mounts their files, and runs CPI's real program."""

from __future__ import annotations
