# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The three IP-sharing scenarios of CPI's Services, and the two flags that select them.

Source: CPI 1.6.1, ``pkg/config/cloudconfig.go`` (validation) and ``pkg/vcdsdk/gateway.go`` (behaviour).
"""

from __future__ import annotations

from enum import Enum

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput


class Scenario(str, Enum):
    """A valid combination of the flags ``enableVirtualServiceSharedIP`` and ``oneArm``."""

    SHARED_EXTERNAL = "shared_external"
    SHARED_INTERNAL = "shared_internal"
    DISTINCT_INTERNAL = "distinct_internal"

    @property
    def shared_ip(self) -> bool:
        """The flag ``enableVirtualServiceSharedIP``."""
        return self is not Scenario.DISTINCT_INTERNAL

    @property
    def one_arm(self) -> bool:
        """Whether ``oneArm`` is set: virtual services have internal IPs, and DNAT rules lead to them."""
        return self is not Scenario.SHARED_EXTERNAL

    def internal_ips(self, ports: int) -> int:
        """How many internal IPs a Service with this number of ports needs."""
        if self is Scenario.DISTINCT_INTERNAL:
            return ports
        return 1 if self is Scenario.SHARED_INTERNAL and ports else 0

    @property
    def meaning(self) -> str:
        """What a Service with several ports looks like in VCD, in one phrase."""
        return MEANINGS[self]

    @classmethod
    def from_flags(cls, shared_ip: bool, one_arm: bool) -> Scenario | None:
        """The scenario that two flags select; None for the combination that CPI rejects (neither is set)."""
        if shared_ip:
            return cls.SHARED_INTERNAL if one_arm else cls.SHARED_EXTERNAL
        return cls.DISTINCT_INTERNAL if one_arm else None

    @classmethod
    def parse(cls, value: object, option: str = "scenario") -> Scenario:
        """The scenario with this name. Raises InvalidInput for ``option``, with the three names."""
        try:
            return cls(value)
        except ValueError:
            raise InvalidInput(option, value, f"choose one of {', '.join(item.value for item in cls)}") from None


MEANINGS = {
    Scenario.SHARED_EXTERNAL: "the ports of a Service share one external IP, without NAT",
    Scenario.SHARED_INTERNAL: "the ports of a Service share one internal IP, DNAT rules lead to it",
    Scenario.DISTINCT_INTERNAL: "each port of a Service has an internal IP of its own with its own DNAT rule",
}
