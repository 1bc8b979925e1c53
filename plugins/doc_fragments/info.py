# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of all info modules, see INFO in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.info."""

    DOCUMENTATION = r"""
options:
  name:
    description: Return only objects with this name.
    type: str
  id:
    description: Return only the object with this id.
    type: str
  query:
    description:
      - A JMESPath expression that selects what to return from the list, for example V([?enabled].name).
      - Requires the Python library C(jmespath).
    type: str
"""
