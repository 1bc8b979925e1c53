# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what all info modules have, see INFO in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.info."""

    DOCUMENTATION = r"""
options:
  name:
    description: Return only objects of this name.
    type: str
  id:
    description: Return only the object of this id.
    type: str
  query:
    description:
      - A JMESPath expression that picks what to return from the list, as in V([?enabled].name).
      - Needs the Python library C(jmespath).
    type: str
"""
