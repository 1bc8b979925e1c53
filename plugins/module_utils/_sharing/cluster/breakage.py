# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What CPI would do to a Service when its objects do not have the shape of the scenario.

Derived from CPI 1.6.1 (``pkg/ccm/loadbalancer.go``, ``pkg/vcdsdk/gateway.go``): after its start CPI looks each port's
objects up by name and reads the Service's external IP from the virtual service (without one-arm) or from the DNAT
rule (with one-arm). It never moves an existing virtual service to another kind of address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import ObservedService


class Harm(str, Enum):
    """One way in which a Service breaks."""

    SEVERAL_IPS = "several_ips"
    STATUS_INTERNAL = "status_internal"
    NEW_EXTERNAL_IP = "new_external_ip"
    CPI_CRASH = "cpi_crash"
    UNREADABLE_PORT = "unreadable_port"


@dataclass(frozen=True)
class Breakage:
    """What a change of scenario does to one Service: its ``new`` harms, and those that it suffers ``already``."""

    observed: ObservedService
    target: Scenario
    new: tuple[Harm, ...]
    already: tuple[Harm, ...]
    why: str

    @property
    def mixed(self) -> bool:
        """Whether the Service still serves, but in another shape than new Services will get."""
        return not (self.new or self.already) and bool(self.observed.present) and self.target not in self.observed.fits


def breakages(
    observed: Iterable[ObservedService], current: Scenario | None, target: Scenario, ip_spaces: bool
) -> list[Breakage]:
    """The harms to every Service. ``current`` is None if CPI does not run with its present file: all harms are new."""
    found = []
    for service in observed:
        after = harms(service, target, ip_spaces)
        before = harms(service, current, ip_spaces) if current else ()
        new = tuple(harm for harm in after if harm not in before)
        already = tuple(harm for harm in after if harm in before)
        found.append(Breakage(service, target, new, already, _why(service, after, ip_spaces)))
    return found


def harms(service: ObservedService, scenario: Scenario, ip_spaces: bool) -> tuple[Harm, ...]:
    """What breaks when CPI in ``scenario`` finds these objects; nothing if the Service has no objects yet."""
    return _harms_behind_nat(service, ip_spaces) if scenario.one_arm else _harms_without_nat(service)


def _harms_without_nat(service: ObservedService) -> tuple[Harm, ...]:
    """CPI takes the external IP from the virtual services, and fails when two of them differ."""
    if len(_addresses(service)) > 1:
        return (Harm.SEVERAL_IPS,)
    if not all(port.on_external_address for port in service.present):
        return (Harm.STATUS_INTERNAL,)
    return ()


def _harms_behind_nat(service: ObservedService, ip_spaces: bool) -> tuple[Harm, ...]:
    """CPI takes the external IP from the DNAT rules. It skips a port without a rule, and never creates that rule."""
    rules = [port.nat_rule for port in service.present if port.nat_rule]
    if any(rule.port and decimal(rule.port) is None for rule in rules):
        return (Harm.UNREADABLE_PORT,)
    if len({rule.external for rule in rules}) > 1:
        return (Harm.SEVERAL_IPS,)
    if len(rules) == len(service.present):
        return ()
    keeps_its_ip = bool(rules or ip_spaces or service.kubernetes.load_balancer_ip)
    return (Harm.CPI_CRASH,) if keeps_its_ip else (Harm.NEW_EXTERNAL_IP, Harm.CPI_CRASH)


def _addresses(service: ObservedService) -> list[str]:
    return sorted({port.virtual_service.address for port in service.present if port.virtual_service})


def _why(service: ObservedService, found: tuple[Harm, ...], ip_spaces: bool) -> str:
    return ", and ".join(_sentence(service, harm, ip_spaces) for harm in found)


def _sentence(service: ObservedService, harm: Harm, ip_spaces: bool) -> str:
    if harm is Harm.NEW_EXTERNAL_IP:
        shown = ", ".join(service.kubernetes.external_ips) or "its own"
        return (
            f"CPI finds no DNAT rule for it, and Kubernetes shows a new external IP that no object serves, not {shown}"
        )
    if harm is Harm.CPI_CRASH:
        missing = [port.virtual_service.name for port in service.present if port.virtual_service and not port.nat_rule]
        rule = f"dnat-{missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else "")
        return f"CPI crashes at the next change of the nodes because it misses the DNAT rule {rule}"
    if harm is Harm.UNREADABLE_PORT:
        return "CPI cannot read the external port of its DNAT rule, which must be a plain number"
    if harm is Harm.STATUS_INTERNAL:
        return _status_internal(service, ip_spaces)
    addresses = _addresses(service)
    if len(addresses) < 2:
        addresses = sorted({port.nat_rule.external for port in service.present if port.nat_rule})
    found = " and ".join(f"[{address}]" for address in addresses[:2])
    return f"CPI stops at 'more than one virtual ip found: {found}' and can neither update nor delete it"


def _status_internal(service: ObservedService, ip_spaces: bool) -> str:
    address = _addresses(service)[0]
    text = f"Kubernetes shows the internal {address} as its external IP and its DNAT rules are left behind"
    if service.kubernetes.load_balancer_ip:
        text += f", and CPI tries to move its virtual services to {service.kubernetes.load_balancer_ip}"
    if ip_spaces:
        text += ", and CPI can no longer delete it because its IP Space allocation does not match"
    return text
