# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what all modules that write have, see STATE in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.state."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - Whether the object is to be there. With V(present), options that are not given are left as they are.
      - With V(absent), only the options that find the object count.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the object.
      - With O(id), the name that it is to have.
      - At least one of O(name) and O(id) is needed; to create an object, O(name) is.
    type: str
  id:
    description: The id of an object that is there. Without it, the object is found by O(name).
    type: str
  description:
    description: A text for people. An empty string removes it.
    type: str
"""
