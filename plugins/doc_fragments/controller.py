# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that an action plugin sets, see Starter in module_utils/_hold.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.controller."""

    DOCUMENTATION = r"""
options:
  controller_pid:
    description:
      - The process ID of C(ansible-playbook), if it runs on this machine. When that process has ended, the run stops
        before its next service.
      - The action plugin sets it.
    type: int
  run_by:
    description:
      - The job and the person that this run belongs to, for the messages of other runs that find its lease or lock.
      - The action plugin sets it from the variables of AWX, or from E(JOB_ID), E(CI_JOB_ID) or E(BUILD_TAG) on the
        controller.
    type: dict
    suboptions:
      job:
        description: The number of the job.
        type: str
      user:
        description: Who started the job.
        type: str
"""
