# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The last check of the preflight. It needs the plan, because only the rights that the plan uses matter."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.rights import LOCKING
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import Facts, Gateway
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.checks.rights import with_rights
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.report import report_lines
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import missing


def add_rights(found: Facts, gateway: Gateway, planned: Iterable[Done | None]) -> None:
    """Add the check to the preflight in ``found``, and to its lines. Raises CollectionError for a missing right.

    ``planned`` are the parts that write in Cloud Director; without any, no request is sent.
    """
    writing = [one for one in planned if one]
    if not writing:
        return
    operations = [*(operation for one in writing for operation in one.operations), *LOCKING]
    granted = gateway.granted()
    preflight = found["preflight"] = with_rights(found["preflight"], granted, operations)
    found["lines"]["preflight"] = report_lines(preflight)
    if not preflight["ok"]:
        lacking = [one.right for one in missing(granted, operations) if one.stated]
        raise CollectionError(preflight["summary"], missing_rights=lacking)
