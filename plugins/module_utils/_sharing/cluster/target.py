# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The operator's request, and the target that results from it for this cluster."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    DEFAULT_ONE_ARM,
    AddressRange,
    BadRange,
    parse_range,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import (
    Cluster,
)

FAIL, MIGRATE = "fail", "migrate"
EXISTING_CHOICES = (FAIL, MIGRATE)


@dataclass(frozen=True)
class Target:
    """The wanted state of CPI's file, and what to do with existing Services.

    ``problem`` says what is wrong with the given range; ``edge_gateway`` is the name that was given; ``existing`` is
    one of EXISTING_CHOICES. ``prune``: remove the orphans that, according to a second witness, belong to this cluster,
    and also ``prune_objects``, which the operator names.
    """

    scenario: Scenario
    one_arm: AddressRange | None
    problem: str = ""
    edge_gateway: str = ""
    existing: str = FAIL
    prune: bool = False
    prune_objects: tuple[str, ...] = ()

    @property
    def migrates(self) -> bool:
        """Whether existing Services are migrated to the shape of the scenario."""
        return self.existing == MIGRATE

    def changes(self, cluster: Cluster) -> bool:
        """Whether something has to be written for it."""
        same = cluster.scenario is self.scenario and cluster.one_arm == self.one_arm
        return not same or cluster.rollout == IN_PROGRESS


def resolve(
    scenario: object,
    one_arm: Any,
    cluster: Cluster,
    edge_gateway: Any = "",
    existing: str = FAIL,
    prune: bool = False,
    prune_objects: Iterable[str] = (),
) -> Target:
    """The target of a request. An empty ``one_arm`` stands for the range of the file, or the default."""
    wanted, name = Scenario.parse(scenario, "shared_ip_scenario"), str(edge_gateway or "")
    found, problem = None, ""
    if wanted.one_arm:
        try:
            found = parse_range(one_arm) if one_arm else cluster.one_arm or DEFAULT_ONE_ARM
        except BadRange as error:
            problem = f"shared_ip_one_arm: {_as_text(one_arm)}: {error}"
    return Target(wanted, found, problem, name, existing, prune, tuple(prune_objects))


def check_existing(value: object) -> None:
    """Refuse a value that is no choice of ``shared_ip_existing``."""
    if value not in EXISTING_CHOICES:
        raise InvalidInput("shared_ip_existing", value, f"choose one of {', '.join(EXISTING_CHOICES)}")


def _as_text(one_arm: Any) -> str:
    if isinstance(one_arm, dict):
        return f"{one_arm.get('start_ip')}-{one_arm.get('end_ip')}"
    return str(one_arm)
