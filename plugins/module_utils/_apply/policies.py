# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""HTTP policies and WAF of the virtual services of one run: read before the first write, and written back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.http_policy import Kinds
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.reading import GatewayState
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.http_policy.calls import key_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.virtual_service.sub_resources import (
    SUB_RESOURCES,
    SubResources,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    HTTP_POLICY,
    HTTP_PROFILES,
    VIRTUAL_SERVICE,
    HttpPolicy,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, Step
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


class Policies:
    """HTTP policies and WAF of virtual services, kept from before they are deleted until they are created again.

    ``stored`` are a restore point's policies, by virtual service and key. ``accept_loss``: give up what cannot be kept.
    ``planned`` are the kinds of rules that the steps of plans write, by virtual service. They are left out here, so
    that they are not written twice.
    """

    def __init__(
        self,
        api: Api,
        gateway: Body,
        stored: Mapping[str, Mapping[str, Body]],
        accept_loss: bool,
        planned: Kinds | None = None,
    ) -> None:
        self._calls = SubResources(api, gateway, accept_loss)
        self._planned = {name: frozenset(map(key_of, kinds)) for name, kinds in (planned or {}).items()}
        self._stored = {name: self._without_planned(name, bodies) for name, bodies in stored.items()}
        self._kept = dict(self._stored)
        self._unwritten: set[str] = set()

    def _without_planned(self, name: str, bodies: Mapping[str, Body]) -> dict[str, Body]:
        return {key: body for key, body in bodies.items() if key not in self._planned.get(name, ())}

    def read(self, item: VirtualService) -> dict[str, Body]:
        """The policies of a virtual service that are not empty."""
        return self._calls.read(item.id, item.name, item.profile, self._planned.get(item.name, ()))

    def prepare(self, steps: Iterable[Step], inventory: Inventory, check_mode: bool) -> None:
        """Read the policies of each virtual service that may be deleted and created again.

        Raises CollectionError if any of them could not be written back. Call it before the first write. ``inventory``
        has the planned kinds.
        """
        items = {(step.kind, step.name): step.before for step in steps if step.act is not Act.CREATE}
        for item in items.values():
            if isinstance(item, VirtualService) and item.id:
                found = self.read(item)
                if not check_mode and item.profile in HTTP_PROFILES:
                    bodies = found | bodies_of(inventory.get(HTTP_POLICY, item.name))
                    found = self._calls.check_writable(item.id, item.name, bodies)
                self._kept[item.name] = self._without_planned(item.name, found)

    def write(self, name: str, urn: str) -> int:
        """Write the policies of a virtual service that was created again. Returns how many were written."""
        bodies = self._kept.get(name) or {}
        self._unwritten.add(name)
        self._calls.write(urn, name, bodies)
        self._unwritten.discard(name)
        return len(bodies)

    def write_unwritten(self, observed: GatewayState) -> int:
        """Write the policies that could not be written when their virtual service was created. Returns their number."""
        urns = {name: observed.ids.get((VIRTUAL_SERVICE, name)) for name in sorted(self._unwritten)}
        return sum(self.write(name, urn) for name, urn in urns.items() if urn)

    def lost(self, observed: GatewayState) -> Iterator[tuple[VirtualService, str]]:
        """What virtual services have lost since the restore point: a run may have been killed before it wrote that."""
        for name, bodies in self._stored.items():
            item: VirtualService | None = observed.inventory.get(VIRTUAL_SERVICE, name)
            urn = observed.ids.get((VIRTUAL_SERVICE, name))
            if item is None or not urn or not bodies:
                continue
            present = self._calls.read(urn, name, item.profile, self._planned.get(name, ()))
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


def bodies_of(policy: HttpPolicy | None) -> dict[str, Body]:
    """What was read of a virtual service's planned policies, by key."""
    bodies = policy.body if policy is not None else {}
    return {key_of(kind): {"values": found} for kind, found in bodies.items() if found}
