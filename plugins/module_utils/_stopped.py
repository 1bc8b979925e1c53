# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The text about a stopped CPI, the same in every message. Pure."""

from __future__ import annotations

from dataclasses import dataclass

READ = "cpi_replicas"  # in the details of an error: the number of CPI's replicas when the run ended


@dataclass(frozen=True)
class StoppedCpi:
    """CPI's Deployment, scaled to 0 from a number of replicas."""

    namespace: str
    deployment: str
    replicas: int

    def __str__(self) -> str:
        return f"CPI is stopped: {self._label} is scaled to 0 and had {self._count}"

    @property
    def unread(self) -> str:
        """The text of a run that has stopped CPI and can no longer read whether it runs."""
        return f"this run has stopped CPI, and it is not known whether it runs now: {self._label} had {self._count}"

    @property
    def command(self) -> str:
        """The command that starts CPI. Not for use while Services are half migrated."""
        return scale_command(self.namespace, self.deployment, self.replicas)

    @property
    def _label(self) -> str:
        return f"Deployment {self.namespace}/{self.deployment}"

    @property
    def _count(self) -> str:
        return f"{self.replicas} replica{'' if self.replicas == 1 else 's'}"


def scale_command(namespace: str, deployment: str, replicas: int) -> str:
    """The command that scales a Deployment."""
    return f"kubectl -n {namespace} scale deployment {deployment} --replicas={replicas}"
