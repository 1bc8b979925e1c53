# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The data of a run: its request, its intermediate values, and its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done
from ansible_collections.vcd.kubernetes.plugins.module_utils._cluster_run.sides import Facts
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.vcd_facts import (
    MANAGE_FIREWALL,
    TAKE_BACK,
    TELL_FIREWALL,
)

MIGRATE = "migrate"


@dataclass(frozen=True)
class RunRequest:
    """The request. With ``go_back``, scenario and one-arm range come from the restore point, not from the options.

    ``bind``: the plan is wanted in its binding form. ``approved`` is the plan that it has to be (see
    `binding.approval`). ``before_change``, ``after_change``, ``saved`` and ``handed_on`` are the fields of `Hooks`.
    """

    scenario: str | None = None
    one_arm: Any = None
    existing: str = "fail"
    prune: bool = False
    prune_objects: Sequence[str] = ()
    go_back: bool = False
    restore_file: str | None = None
    restore_dir: str | None = None
    restart: str = "auto"
    wait_timeout: float = 300
    edge_gateway: str | None = None
    vcd_rules: Sequence[str] = ()
    accept_loss: bool = False
    firewall: str = TELL_FIREWALL
    bind: bool = False
    approved: Facts | None = None
    before_change: Sequence[Facts] = ()
    after_change: Sequence[Facts] = ()
    saved: Sequence[Facts] = ()
    handed_on: Facts | None = None

    @property
    def migrates(self) -> bool:
        """Whether existing Services are migrated to the wanted shape."""
        return self.go_back or self.existing == MIGRATE

    def firewall_mode(self, restore_point: Facts) -> str:
        """What the run does with firewall rules (see `ClusterState.firewall`).

        A run that goes back removes the rules that the change has made, whatever the option says now.
        """
        if self.firewall == MANAGE_FIREWALL:
            return MANAGE_FIREWALL
        return TAKE_BACK if self.go_back and restore_point.get("firewall") == MANAGE_FIREWALL else ""

    @property
    def binds(self) -> bool:
        """Whether the binding form of the plan is needed."""
        return self.bind or bool(self.approved)


@dataclass(frozen=True)
class PhaseReport:
    """The outcome of a phase. ``result`` is documented in the module; ``before`` and ``after`` are for diff mode."""

    changed: bool
    result: Facts
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """The wanted scenario and one-arm range, and the restore point to go back to.

    ``orphans`` are the names of the orphans in a Service's way, which its migration removes.
    """

    scenario: Any
    one_arm: Any
    restore_point: Facts = field(default_factory=dict)
    orphans: tuple[str, ...] = ()


@dataclass(frozen=True)
class RestorePoint:
    """The state before, as stored on disk and as the cluster keeps it; both hold what a migration may lose."""

    on_disk: Facts = field(default_factory=dict)
    in_cluster: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class DoneMigration:
    """A successful migration: its Services, their restore point, and what was done on the edge gateway."""

    services: list[Facts]
    point: RestorePoint
    file: str
    services_done: Done
