# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A refusal changes the plan only if its text names a rule; with any other text the run stops and rolls back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.inventory import Inventory
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    VIRTUAL_SERVICE,
    NatRule,
    Pool,
    VirtualService,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.planner import plan
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.refusals import (
    MEANINGS,
    WORDINGS,
    revealed_rules,
    unrecognised,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.plan.steps import Act, KnownRules, Step, VcdRule
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.reach import reachable
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.wanted import (
    WantedService,
    current_state,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strict_gateway import StrictGateway, WriteRefused, own
from test_planner import IP, MOVES, REFUSAL_SETS, built, damaged, service, wanted_on

VIP, RULE = "ingress-vs-web-c1-p0", "dnat-ingress-vs-web-c1-p0"
INNER = "192.168.8.2"
EVERYTHING = frozenset(VcdRule)
BEHIND = Inventory([VirtualService(VIP, "pool", INNER, ("80",)), NatRule(RULE, IP, INNER, "80")])
DIRECT = Inventory([VirtualService(VIP, "pool", IP, ("80",))])
TO_EXTERNAL = Step(Act.UPDATE, BEHIND.get("virtual_service", VIP), VirtualService(VIP, "pool", IP, ("80",)), EVERYTHING)
TO_DNAT = Step(Act.CREATE, None, NatRule(RULE, IP, INNER, "80"), EVERYTHING)
AVI = "Avi doesn't allow updating the VIP for virtual services already sharing an IP"
SHARING = "A virtual service that shares its virtual IP address cannot be updated."
# Reasons that are not a rule, with names and addresses that a careless parser would take for one
OTHER_REASONS = (
    "licence capacity is exceeded",
    f"The license limit is exceeded: {VIP} and DNAT rule {RULE} already use {IP}.",
    f"IP address {IP} is not allocated to edge gateway acme-edge.",
    f"The IP address {IP} of the NAT rule is not allocated to the organization, it is in use by another one.",
    "The service engine group has no room: 4 virtual services are deployed on acme-edge.",
    f"Cannot create the NAT rule {RULE}: the translated address of the virtual service {VIP} is not reachable.",
    f"Cannot create NAT rule {RULE} for virtual service {VIP}.",
    f"{IP} is already in use.",
    "A NAT rule has this address already.",  # without an address
    "You lack the right to use a virtual service and a DNAT rule on one address.",
    "",
    "It broke.",
)


@pytest.mark.parametrize("text", OTHER_REASONS)
@pytest.mark.parametrize(("step", "inventory"), [(TO_EXTERNAL, BEHIND), (TO_DNAT, DIRECT)], ids=["vip", "dnat"])
def test_another_reason_reveals_no_rule(step: Step, inventory: Inventory, text: str) -> None:
    assert revealed_rules(step, text, inventory) == frozenset()


@pytest.mark.parametrize(
    ("step", "inventory", "text", "rule"),
    [
        (TO_EXTERNAL, BEHIND, f"virtualIpAddress: it is the external IP of the DNAT rule {RULE}.", VcdRule.OVERLAP),
        (TO_EXTERNAL, BEHIND, f"The IP {IP} is already in use by a NAT rule.", VcdRule.OVERLAP),
        (TO_DNAT, DIRECT, f"externalAddresses: it is the VIP of the virtual service {VIP}.", VcdRule.OVERLAP),
        (TO_DNAT, DIRECT, f"{IP} overlaps with the virtual IP of a load balancer.", VcdRule.OVERLAP),
        (TO_EXTERNAL, BEHIND, "it cannot be changed to that of another virtual service", VcdRule.JOIN),
        (TO_EXTERNAL, BEHIND, "Changing an existing VIP's vip_id is not supported", VcdRule.JOIN),
        (TO_EXTERNAL, BEHIND, AVI, VcdRule.JOIN),
        (TO_EXTERNAL, BEHIND, SHARING, VcdRule.SHARED_PUT),
    ],
)  # fmt: skip
def test_the_words_of_a_refusal_reveal_the_rule(step: Step, inventory: Inventory, text: str, rule: VcdRule) -> None:
    assert revealed_rules(step, text, inventory) == {rule}
    assert revealed_rules(replace(step, probes=step.probes - {rule}), text, inventory) == frozenset()


def test_a_chosen_name_is_not_read_as_a_reason() -> None:
    """The name of an object in the text is not read as Cloud Director's words."""
    name = "dnat-rate-limit"
    inventory = Inventory([NatRule(name, IP, INNER, "80")])
    text = f"it is the external address of the DNAT rule {name}."
    assert revealed_rules(TO_EXTERNAL, text, inventory) == {VcdRule.OVERLAP}
    assert (
        revealed_rules(TO_EXTERNAL, "it is the external address of the DNAT rule dnat-rate.", inventory) == frozenset()
    )


def test_every_wording_has_a_source_and_every_rule_a_meaning() -> None:
    assert all(one.source for one in WORDINGS)
    assert set(MEANINGS) == EVERYTHING


def test_the_message_names_the_rule_to_state() -> None:
    text = unrecognised(replace(TO_DNAT, probes=frozenset({VcdRule.OVERLAP})))
    assert "vcd_rules: vip_and_dnat_on_one_address" in text
    assert "shared_ip_vcd_rules" in text
    assert unrecognised(replace(TO_DNAT, probes=frozenset())) == ""


def serving(wanted: WantedService, inventory: Inventory) -> set[str]:
    return {port.number for port in wanted.ports if reachable(inventory, wanted, [port])}


def deleted_after(gateway: StrictGateway, count: int) -> set[str]:
    return {step.name for step in gateway.log[count:] if step.act is Act.DELETE}


def written_before(gateway: StrictGateway, count: int) -> set[str]:
    return {step.name for step in gateway.log[:count]}


def check_refused_once(
    inventory: Inventory, wanted: WantedService, refuses: frozenset[VcdRule], number: int, text: str
) -> None:
    """The refusal of the write with this number, for another reason, leaves everything as it was."""
    before, served, asked = inventory.copy(), serving(wanted, inventory), 0

    def otherwise(step: Step) -> str:
        nonlocal asked
        asked += 1
        return (text or "no reason given") if asked == number + 1 else ""

    gateway = StrictGateway(inventory, refuses, otherwise)
    finished = gateway.carry_out_or_go_back(wanted)
    assert served <= serving(wanted, gateway.inventory)
    if finished:
        assert asked <= number
        return
    assert own(wanted, gateway.inventory) == own(wanted, before)
    stopped = gateway.stopped_after
    assert deleted_after(gateway, stopped) <= written_before(gateway, stopped)


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(), st.integers(0, 14), st.sampled_from(OTHER_REASONS))
def test_a_refusal_at_any_write_in_any_state_loses_nothing(
    state: tuple[Inventory, int, Scenario, frozenset[VcdRule]], number: int, text: str
) -> None:
    inventory, ports, scenario, refuses = state
    check_refused_once(inventory, wanted_on(inventory, service(ports), scenario), refuses, number, text)


@pytest.mark.parametrize("refuses", REFUSAL_SETS, ids=lambda found: "+".join(sorted(found)) or "all_allowed")
@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_a_target_that_is_always_refused_leaves_the_service_working(
    move: tuple[Scenario, Scenario], refuses: frozenset[VcdRule]
) -> None:
    """Whichever state of an object Cloud Director never accepts: afterwards the Service serves on every port."""
    wanted = wanted_on(built(move[0], 3), service(3), move[1])
    plain = StrictGateway(built(move[0], 3), refuses)
    plain.carry_out(wanted)
    for target in {step.after for step in plain.log if step.after is not None}:
        gateway = StrictGateway(
            built(move[0], 3), refuses, lambda step, target=target: "it broke" if step.after == target else ""
        )
        before = current_state(wanted, gateway.inventory)
        if target in {item for port in before.ports for item in port.objects()}:
            continue  # the previous state is refused as well, so no rollback can restore it
        assert not gateway.carry_out_or_go_back(wanted)
        assert serving(wanted, gateway.inventory) == {port.number for port in wanted.ports}


@pytest.mark.parametrize("move", MOVES, ids=lambda move: f"{move[0].value}-{move[1].value}")
def test_no_rule_is_deleted_and_no_more_than_one_port_is_down_when_a_probe_is_refused(
    move: tuple[Scenario, Scenario],
) -> None:
    """A probe may have to delete its own virtual service, because a shared VIP cannot be changed, but no more."""
    inventory = built(move[0], 3)
    wanted = wanted_on(inventory, service(3), move[1])
    gateway = StrictGateway(inventory, otherwise=lambda step: "licence" if step.probes else "")
    if not any(step.probes for step in plan(wanted, inventory)):
        assert gateway.carry_out(wanted)
        return
    with pytest.raises(WriteRefused, match="licence"):
        gateway.carry_out(wanted)
    deleted = [step.kind for step in gateway.log if step.act is Act.DELETE]
    assert deleted in ([], [VIRTUAL_SERVICE])


def test_the_way_back_is_never_forbidden_by_what_the_run_believes() -> None:
    """The previous state had a VIP and a DNAT rule on one address, so the run may not assume that this is refused."""
    inventory = built(Scenario.SHARED_EXTERNAL, 1)
    inventory.put(Pool("their-pool"))
    inventory.put(NatRule("theirs", IP, "192.168.8.50", "9000"))
    wanted = wanted_on(inventory, service(1), Scenario.SHARED_INTERNAL)
    before = current_state(wanted, inventory)
    gateway = StrictGateway(inventory.copy())
    gateway.carry_out(wanted)
    gateway.carry_out(before, known=KnownRules(refused=frozenset({VcdRule.OVERLAP})), going_back=True)
    assert own(wanted, gateway.inventory) == own(wanted, inventory)


def test_rules_that_the_operator_states_are_not_probed() -> None:
    inventory = built(Scenario.SHARED_EXTERNAL, 2)
    wanted = wanted_on(inventory, service(2), Scenario.SHARED_INTERNAL)
    gateway = StrictGateway(inventory, EVERYTHING, lambda step: "no such words" if step.probes else "")
    assert gateway.carry_out(wanted, known=KnownRules(refused=EVERYTHING))
    assert len(gateway.unheld) == 1
