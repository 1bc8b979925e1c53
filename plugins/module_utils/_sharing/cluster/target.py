# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What the operator asks for, and what that means for this cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    DEFAULT_ONE_ARM,
    AddressRange,
    BadRange,
    parse_range,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    IN_PROGRESS,
    Cluster,
)

FAIL, MIGRATE = "fail", "migrate"
EXISTING_CHOICES = (FAIL, MIGRATE)


@dataclass(frozen=True)
class Target:
    """The wanted state of the file, and what becomes of the Services that exist.

    ``problem`` says why the given range is none; ``edge_gateway`` is the name that was asked for; ``existing`` is one
    of EXISTING_CHOICES.
    """

    scenario: Scenario
    one_arm: AddressRange | None
    problem: str = ""
    edge_gateway: str = ""
    existing: str = FAIL

    @property
    def migrates(self) -> bool:
        """Whether the Services that exist are brought into the shape of the scenario."""
        return self.existing == MIGRATE

    def changes(self, cluster: Cluster) -> bool:
        """Whether something has to be written for it."""
        same = cluster.scenario is self.scenario and cluster.one_arm == self.one_arm
        return not same or cluster.rollout == IN_PROGRESS


def resolve(scenario: object, one_arm: Any, cluster: Cluster, edge_gateway: Any = "", existing: str = FAIL) -> Target:
    """Read the wishes: ``one_arm`` empty keeps the range of the file, or takes the default where there is none."""
    wanted, name = Scenario.parse(scenario, "shared_ip_scenario"), str(edge_gateway or "")
    if not wanted.one_arm:
        return Target(wanted, None, "", name, existing)
    if not one_arm:
        return Target(wanted, cluster.one_arm or DEFAULT_ONE_ARM, "", name, existing)
    try:
        return Target(wanted, parse_range(one_arm), "", name, existing)
    except BadRange as error:
        return Target(wanted, None, f"shared_ip_one_arm: {_shown(one_arm)}: {error}", name, existing)


def check_existing(value: object) -> None:
    """Refuse what ``shared_ip_existing`` cannot be."""
    if value not in EXISTING_CHOICES:
        raise InvalidInput("shared_ip_existing", value, f"choose one of {', '.join(EXISTING_CHOICES)}")


def _shown(one_arm: Any) -> str:
    if isinstance(one_arm, dict):
        return f"{one_arm.get('start_ip')}-{one_arm.get('end_ip')}"
    return str(one_arm)
