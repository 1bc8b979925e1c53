# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of all modules that write, see STATE in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.state."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - Whether the object should exist. With V(present), options that are not set keep their current values.
      - With V(absent), only the options that identify the object are used.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the object.
      - With O(id), the new name of the object.
      - At least one of O(name) and O(id) is required, and O(name) to create an object.
    type: str
  id:
    description: The id of an existing object. By default, the object is found by O(name).
    type: str
  description:
    description: A description of the object. An empty string removes it.
    type: str
notes:
  - Before its first write, and in check mode, too, the module reads the rights of its user, and fails if the user lacks
    one that the write needs. C(docs/rights-vcd.md) of the collection lists them, and has a role to import.
"""
