# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The addresses of an edge gateway: each one once, with all ports that lead to it, before and after a change."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.address_map import (
    ClusterAddresses,
    ExternalIp,
    Vip,
    addresses_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.run_report import EdgeReport, run_report
from ansible_collections.vcd.kubernetes.plugins.plugin_utils import _edge_drawing, _report_markdown
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._edge_drawing import edge_drawing
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_markdown import edge_mermaid
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._report_words import edge_captions
from ansible_collections.vcd.kubernetes.plugins.plugin_utils._words import addresses_in_words
from hypothesis import given
from hypothesis import strategies as st
from report_records import failed, fleet, looked_at, outcome

PORTS = st.lists(
    st.tuples(st.sampled_from(["", "203.0.113.10", "192.168.8.2", "192.168.8.3"]), st.booleans()), max_size=6
)
SERVICES = st.lists(st.tuples(st.sampled_from(["", "203.0.113.10", "203.0.113.11"]), PORTS), max_size=6)


def service(external_ip: str, ports: list[tuple[str, bool]], label: str = "default/web") -> dict[str, Any]:
    """A Service of a picture. A port has the address of its virtual service (empty: none), and is served."""
    paths = [
        {
            "virtual_service": {"address": address, "external": address == external_ip} if address else None,
            "serves": serves,
        }
        for address, serves in ports
    ]
    return {"label": label, "external_ip": external_ip, "paths": paths}


def edge(clusters: dict[str, Any]) -> EdgeReport:
    (found,) = run_report(clusters).edges
    return found


@given(SERVICES)
def test_each_address_appears_once_with_all_of_its_ports(given_services: list[Any]) -> None:
    services = [service(address, ports) for address, ports in given_services]
    found = addresses_of("prod-1", services).external_ips
    assert found is not None
    assert [ip.address for ip in found] == list(dict.fromkeys(address for address, _ports in given_services))
    for ip in found:
        ports = [port for address, ports in given_services if address == ip.address for port in ports]
        assert [vip.address for vip in ip.vips] == list(dict.fromkeys(address for address, _serves in ports))
        assert sum(vip.ports for vip in ip.vips) == len(ports)
        assert sum(vip.served for vip in ip.vips) == sum(serves for _address, serves in ports)
        assert all(vip.direct == (vip.address == ip.address != "") for vip in ip.vips)


def test_services_that_share_an_ip_share_its_box() -> None:
    services = [
        service("203.0.113.10", [("203.0.113.10", True)], "default/web"),
        service("203.0.113.10", [("203.0.113.10", False)], "default/dns"),
    ]
    vips = (Vip("203.0.113.10", True, 2, 1),)
    assert addresses_of("prod-1", services, 3) == ClusterAddresses(
        "prod-1", (ExternalIp("203.0.113.10", ("default/web", "default/dns"), vips),), 3
    )


def test_the_map_shows_the_state_before_and_after_the_change() -> None:
    found = edge({"prod-1": outcome(services=1)})
    assert edge_captions(found) == ["Before", "After"]
    before, after = ([*addresses_in_words(side)] for side in found.drawn)
    assert before == [
        "prod-1: 203.0.113.10 of default/web: by VIP 192.168.8.2, 1 port served; by VIP 192.168.8.3, 1 port served"
    ]
    assert after == ["prod-1: 203.0.113.10 of default/web: directly, 2 ports served"]


def test_the_caption_says_if_the_state_is_only_planned() -> None:
    found = edge({"prod-1": outcome(planned_only=True, verification=None)})
    assert edge_captions(found) == ["Before", "After, as planned"]


def test_the_current_state_is_one_drawing() -> None:
    found = edge({"prod-1": looked_at()})
    assert edge_captions(found) == ["Now"]


def test_only_the_state_before_is_known_of_a_failed_cluster() -> None:
    found = edge({"prod-2": failed()})
    before, after = found.drawn
    assert before[0].external_ips
    assert after == (ClusterAddresses("prod-2", None),)
    assert "not read after the failure" in edge_drawing(after, "d1", "After")
    assert "not read after the failure" in "\n".join(edge_mermaid(found))


def test_a_cluster_that_was_not_read_is_left_out() -> None:
    assert edge({"prod-3": {}}).drawn == ()


def test_what_exceeds_the_limit_is_only_counted(monkeypatch: Any) -> None:
    """The first cluster has six ports and fails, the others have two: on two VIPs before, and on one after."""
    monkeypatch.setattr(_edge_drawing, "MOST_ROWS", 3)
    monkeypatch.setattr(_report_markdown, "MOST_ARROWS", 3)
    found = edge(fleet(5, 1, services=1))
    texts = [edge_drawing(side, "d1", "Now") for side in found.drawn]
    for pages in (texts, "\n".join(edge_mermaid(found)).split("subgraph")[1:]):
        assert ["and 4 more clusters" in page for page in pages] == [True, False]
        assert ["and 1 more cluster<" in page or 'and 1 more cluster"' in page for page in pages] == [False, True]
