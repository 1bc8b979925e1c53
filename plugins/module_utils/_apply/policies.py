# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""HTTP policies and WAF of the virtual services of one run: read before the first write, and written back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.sub_resources import (
    SUB_RESOURCES,
    SubResources,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


class Policies:
    """``stored`` are those of a restore point, by virtual service and key. ``accept_loss``: lose what is not kept."""

    def __init__(self, api: Api, gateway: Body, stored: Mapping[str, Mapping[str, Body]], accept_loss: bool) -> None:
        self._calls = SubResources(api, gateway, accept_loss)
        self._stored = {name: dict(bodies) for name, bodies in stored.items()}
        self._kept = dict(self._stored)

    def read(self, item: VirtualService) -> dict[str, Body]:
        """Those of a virtual service that are not empty."""
        return self._calls.read(item.id, item.name, item.profile)

    def prepare(self, steps: Iterable[Step], check_mode: bool) -> None:
        """Read those of each virtual service that may be deleted and created again.

        Raises CollectionError if one of them could not be written back. Call it before the first write.
        """
        items = {step.name: step.before for step in steps if step.act is not Act.CREATE}
        for item in items.values():
            if isinstance(item, VirtualService) and item.id:
                found = self.read(item)
                self._kept[item.name] = found if check_mode else self._calls.check_writable(item.id, item.name, found)

    def write(self, name: str, urn: str) -> int:
        """Write those of a virtual service that was created again. Returns how many were written."""
        bodies = self._kept.get(name) or {}
        self._calls.write(urn, name, bodies)
        return len(bodies)

    def lost(self, observed: GatewayState) -> Iterator[tuple[VirtualService, str]]:
        """What virtual services have lost since the restore point: a run may have been killed before it was written."""
        for name, bodies in self._stored.items():
            item: VirtualService | None = observed.inventory.get(VIRTUAL_SERVICE, name)
            urn = observed.ids.get((VIRTUAL_SERVICE, name))
            if item is None or not urn or not bodies:
                continue
            present = self._calls.read(urn, name, item.profile)
            for key in bodies:
                if key not in present:
                    yield item, key

    def write_lost(self, observed: GatewayState) -> int:
        """Write what is lost. Returns how many were written."""
        found = list(self.lost(observed))
        for item, key in found:
            urn = observed.ids[(VIRTUAL_SERVICE, item.name)]
            self._calls.write(urn, item.name, {key: self._stored[item.name][key]})
        return len(found)

    def lines(self, observed: GatewayState) -> list[str]:
        """What is lost, one line each."""
        words = {one.key: one.words for one in SUB_RESOURCES}
        return [f"virtual service {item.name}: its {words[key]} are gone" for item, key in self.lost(observed)]
