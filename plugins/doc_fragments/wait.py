# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options for waiting, see WAIT in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.wait."""

    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait until Cloud Director has realized the object, not only until its task has ended.
      - In check mode, the module does not wait.
    type: bool
    default: true
  wait_timeout:
    description:
      - The maximum number of seconds to wait. V(0) checks once. The task before it is limited by O(timeout).
    type: int
    default: 600
"""
