# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The operations of a plan on an edge gateway, from which the needed rights follow. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    IP_SET,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import (
    CREATE,
    DELETE,
    LOCK,
    MEMBER_GROUPS,
    NAT_RULES,
    POLICIES,
    POOLS,
    PROFILES,
    UPDATE,
    VIRTUAL_SERVICES,
    Operation,
)

_THINGS = {
    VIRTUAL_SERVICE: VIRTUAL_SERVICES,
    POOL: POOLS,
    NAT_RULE: NAT_RULES,
    APP_PORT_PROFILE: PROFILES,
    IP_SET: MEMBER_GROUPS,
    HTTP_POLICY: POLICIES,
}


def operations_of(steps: Iterable[Step]) -> Iterator[Operation]:
    """What the steps of a plan do."""
    for step in steps:
        # HTTP policies exist together with their virtual service, so writing them is always an update
        yield Operation(UPDATE if step.kind == HTTP_POLICY else step.act.value, _THINGS[step.kind])


# What a run that writes does in addition to its plan, even if the plan has no steps left
LOCKING = tuple(Operation(act, LOCK) for act in (CREATE, UPDATE, DELETE))
