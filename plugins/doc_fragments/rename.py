# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option that renames an object, see RENAME in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.rename."""

    DOCUMENTATION = r"""
options:
  new_name:
    description:
      - The new name of the object that has O(name).
      - If no object has O(name) and one has O(new_name), it was renamed before, and nothing is renamed.
      - The module fails if objects have both names, or if none has either.
      - With O(id), O(name) is the new name.
    type: str
"""
