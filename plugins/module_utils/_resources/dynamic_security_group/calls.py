# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""API calls for dynamic security groups."""

from __future__ import annotations

from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.firewall_group.calls import Groups

GROUPS = Groups("dynamic security group", "VM_CRITERIA")
