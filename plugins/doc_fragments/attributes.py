# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of attributes that modules have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragments vcd.kubernetes.attributes: for modules that write, for info modules, and for the action groups."""

    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in check mode, where it predicts changes without making them.
    support: full
  diff_mode:
    description: Returns the state before and after the change, in check mode the predicted one.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
"""

    INFO_MODULE = r"""
attributes:
  check_mode:
    description: Can run in check mode, where it predicts changes without making them.
    support: full
    details: This module changes nothing.
  diff_mode:
    description: Returns the state before and after the change, in check mode the predicted one.
    support: N/A
    details: This module changes nothing.
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
    details: This module changes nothing.
"""

    RUN = r"""
attributes:
  diff_mode:
    description: Returns the state before and after the change, in check mode the predicted one.
    support: none
    details: It starts a job, and has no state to compare.
  idempotent:
    description: A second run with the same options changes nothing.
    support: none
    details: Each run starts the job, unless it is already running.
"""

    ACTIONGROUP_NAKIVO = r"""
attributes:
  action_group:
    description:
      - Use C(group/vcd.kubernetes.nakivo) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - vcd.kubernetes.nakivo
"""

    ACTIONGROUP_VCD = r"""
attributes:
  action_group:
    description:
      - Use C(group/vcd.kubernetes.vcd) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - vcd.kubernetes.vcd
"""

    ACTIONGROUP_KUBERNETES = r"""
attributes:
  action_group:
    description:
      - Use C(group/vcd.kubernetes.kubernetes) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - vcd.kubernetes.kubernetes
"""
