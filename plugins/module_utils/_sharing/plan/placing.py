# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The addresses that the steps of a plan give objects for the first time, which VCD therefore checks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.allotment import AddressUse
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import NatRule, VirtualService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step


def placed(steps: Sequence[Step], external_ip: str) -> list[tuple[str, AddressUse]]:
    """Each new address with its use; the external IP also as the address that clients use."""
    found = list(dict.fromkeys(_placed(steps)))
    if any(address == external_ip for address, _use in found):
        found.insert(0, (external_ip, AddressUse.CLIENTS))
    return found


def _placed(steps: Sequence[Step]) -> Iterator[tuple[str, AddressUse]]:
    for step in steps:
        before, after = step.before, step.after
        if isinstance(after, VirtualService) and after.address:
            if not isinstance(before, VirtualService) or before.address != after.address:
                yield after.address, AddressUse.VIP
        elif isinstance(after, NatRule) and (not isinstance(before, NatRule) or before.external != after.external):
            yield after.external, AddressUse.RULE


def deletes(steps: Sequence[Step]) -> bool:
    """Whether a step deletes an object."""
    return any(step.act is Act.DELETE for step in steps)
