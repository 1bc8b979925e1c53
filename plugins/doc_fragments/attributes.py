# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of what every module does alike."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments vcd.kubernetes.attributes: of a module that writes, of one that reads, and the action groups."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode, predicts what would change and writes nothing.
    support: full
  diff_mode:
    description: Shows what was and what is, or in check mode would be.
    support: full
  idempotent:
    description: When run again with the same options, nothing is changed.
    support: full
"""

    INFO_MODULE = r"""
attributes:
  check_mode:
    description: Can run in check mode, predicts what would change and writes nothing.
    support: full
    details: This module changes nothing.
  diff_mode:
    description: Shows what was and what is, or in check mode would be.
    support: N/A
    details: This module changes nothing.
  idempotent:
    description: When run again with the same options, nothing is changed.
    support: full
    details: This module changes nothing.
"""

    ACTIONGROUP_VCD = r"""
attributes:
  action_group:
    description:
      - Use C(group/vcd.kubernetes.vcd) in C(module_defaults) to give the connection options once.
    support: full
    membership:
      - vcd.kubernetes.vcd
"""

    ACTIONGROUP_KUBERNETES = r"""
attributes:
  action_group:
    description:
      - Use C(group/vcd.kubernetes.kubernetes) in C(module_defaults) to give the connection options once.
    support: full
    membership:
      - vcd.kubernetes.kubernetes
"""
