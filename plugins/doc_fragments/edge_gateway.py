# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that select an edge gateway, see EDGE_GATEWAY in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.edge_gateway."""

    DOCUMENTATION = r"""
options:
  edge_gateway:
    description: The NSX-T edge gateway, by name or URN (V(urn:vcloud:gateway:UUID)).
    type: str
    required: true
  vdc:
    description:
      - The VDC or VDC group that owns the edge gateway, by name or URN.
      - Required only if several edge gateways have the same name.
    type: str
"""
