# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP arithmetic, compared with the standard library's; and what happens if netaddr is missing."""

from __future__ import annotations

import ast
import importlib
import ipaddress
from collections.abc import Mapping
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils import _addresses as addresses
from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import AddressRange, AddressSet, BadRange
from hypothesis import given
from hypothesis import strategies as st

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
UTILS = "ansible_collections.vcd.kubernetes.plugins.module_utils."
# vcd_shared_ip_plan is only an action plugin: its module contains the documentation.
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("*.py") if path.stem != "vcd_shared_ip_plan")
NOT_ADDRESSES = [
    "10",
    "0x1",
    "1.2.3",
    "0x1.2.3.4",
    "010.0.0.1",
    "10.0.0.01",
    "10.0.0.256",
    "10.0.0.1.2",
    "10.0.0.1/32",
    "fe80::1%eth0",
    "[::1]",
    "1::2::3",
    "::01.2.3.4",
    "\uff11.2.3.4",
    "1.2.3.4\0",
    "web",
    "",
    "None",
]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Span = tuple[Address, Address]


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """Two addresses of one version in order; half of them are so close to others that they touch or overlap."""
    if draw(st.booleans()):
        first, size = draw(st.integers(0, 60)), draw(st.integers(0, 20))
        base = draw(st.sampled_from([ipaddress.ip_address("10.0.0.224"), ipaddress.ip_address("2001:db8::ffd0")]))
        return base + first, base + first + size
    ends = sorted(draw(st.tuples(*[st.ip_addresses(v=draw(st.sampled_from([4, 6])))] * 2)))
    return ends[0], ends[1]


NETWORKS = st.builds(
    lambda address, bits: f"{address}/{bits % (address.max_prefixlen + 1)}", st.ip_addresses(), st.integers(0, 128)
)


def numbers(found: AddressRange) -> Span:
    """A range as the standard library's addresses."""
    return ipaddress.ip_address(found.start), ipaddress.ip_address(found.end)


def of(span: Span) -> AddressRange:
    """A range of this collection."""
    return AddressRange.of(str(span[0]), str(span[1]))


def inside(address: Address, span: Span) -> bool:
    """Whether a span contains an address, by the standard library."""
    return address.version == span[0].version and span[0] <= address <= span[1]


def near(span: Span) -> list[Address]:
    """The addresses at the ends of a span, and just outside."""
    top = 2**32 if span[0].version == 4 else 2**128
    found = {int(end) + step for end in span for step in (-1, 0, 1)}
    return [type(span[0])(number) for number in sorted(found) if 0 <= number < top]


@given(st.ip_addresses())
def test_an_address_is_read_as_the_standard_library_reads_it(address: Address) -> None:
    for text in (str(address), address.exploded.upper(), f" {address}\n"):
        found = addresses.canonical(text)
        assert ipaddress.ip_address(found) == address
        assert addresses.version_of(text) == address.version
    assert addresses.is_ipv4(str(address)) == (address.version == 4)
    # Python 3.13 has changed how it writes these alone
    if getattr(address, "ipv4_mapped", None) is None:
        assert addresses.canonical(address.exploded) == str(address)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("::1:0", "::1:0"),
        ("::1.2.3.4", "::102:304"),
        ("::FFFF:1.2.3.4", "::ffff:1.2.3.4"),
        ("::ffff", "::ffff"),
        ("0:0:1::", "0:0:1::"),
        ("2001:DB8:0::1", "2001:db8::1"),
    ],
)
def test_an_ipv6_address_has_its_usual_form(text: str, form: str) -> None:
    assert addresses.canonical(text) == form


@given(st.text(alphabet="0123456789abcdefxX.:/-% \n", max_size=20))
def test_what_the_standard_library_refuses_is_refused(text: str) -> None:
    try:
        expected = ipaddress.ip_address(text.strip())
    except ValueError:
        expected = None
    zone = expected is not None and "%" in text
    assert bool(addresses.version_of(text)) == (expected is not None and not zone)
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        network = None
    found = addresses.network_of(text)
    assert (found is not None) == (network is not None and "%" not in text)


@pytest.mark.parametrize("text", NOT_ADDRESSES)
def test_lenient_forms_are_not_addresses(text: str) -> None:
    assert addresses.version_of(text) == 0
    assert not addresses.is_ipv4(text)
    assert addresses.canonical(text) == ""
    assert text not in AddressRange.of("1.0.0.0", "255.255.255.255")
    assert text not in AddressSet(["0.0.0.0/0", "::/0"])
    assert addresses.network_of(f"{text}/8") is None
    assert addresses.parse_addresses(f"{text}-255.255.255.255") is None
    if "/" not in text:
        assert addresses.parse_addresses(text) is None


def test_blanks_are_not_part_of_a_strict_ipv4_address() -> None:
    assert addresses.is_ipv4("10.0.0.1")
    assert not any(addresses.is_ipv4(text) for text in ("10.0.0.1 ", " 10.0.0.1", "::1"))
    assert not any(addresses.is_ipv4(value) for value in (None, 10, ["10.0.0.1"]))


@pytest.mark.parametrize("text", ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/ 24", "10.0.0.0/+24", "::/129", "10.0.0.0/x",
                                  "::/ffff::", "10.0.0.0/\uff12\uff14", "10.0.0.0/255.0.255.0", "10.0.0.0/24/8", "/8",
                                  "10/8", f"10.0.0.0/{'9' * 5000}"])  # fmt: skip
def test_malformed_networks_are_refused(text: str) -> None:
    assert addresses.network_of(text) is None
    assert addresses.parse_addresses(text) is None


@given(NETWORKS)
def test_networks_are_read_like_the_standard_library_reads_them(text: str) -> None:
    expected, found = ipaddress.ip_network(text, strict=False), addresses.network_of(text)
    assert found is not None
    assert ipaddress.ip_network(str(found)) == expected
    assert numbers(found) == (expected[0], expected[-1])
    assert found.size == expected.num_addresses
    plain = addresses.parse_addresses(text)
    assert plain == AddressRange(found.start, found.end)
    if expected.version == 4:
        assert addresses.network_of(f"{text.partition('/')[0]}/{expected.netmask}") == found


def test_a_network_is_shown_as_cidr_and_an_address_alone_is_one() -> None:
    assert str(addresses.network_of("203.0.113.7/24")) == "203.0.113.0/24"
    assert str(addresses.network_of(" 203.0.113.7 ")) == "203.0.113.7/32"
    assert str(addresses.network_of("2001:DB8::1/32")) == "2001:db8::/32"


@given(spans(), spans())
def test_ranges_agree_with_the_standard_library(one: Span, other: Span) -> None:
    found, second = of(one), of(other)
    assert numbers(found) == one
    assert found.size == int(one[1]) - int(one[0]) + 1
    assert found.single == (found.size == 1)
    assert (found.version, str(found)) == (one[0].version, f"{found.start}-{found.end}")
    assert addresses.parse_addresses(str(found)) == found
    assert len({found, of(one)}) == 1
    for address in [*near(one), *near(other)]:
        assert (str(address) in found) == inside(address, one)
    assert found.covers(second) == (inside(other[0], one) and inside(other[1], one))
    overlap = inside(other[0], one) or inside(one[0], other)
    assert found.overlaps(second) == second.overlaps(found) == overlap
    common = found.intersection(second)
    assert (common is not None) == overlap
    if common is not None:
        assert numbers(common) == (max(one[0], other[0]), min(one[1], other[1]))


@given(spans(), NETWORKS)
def test_a_range_overlaps_a_network(span: Span, text: str) -> None:
    network, expected = addresses.network_of(text), ipaddress.ip_network(text, strict=False)
    assert network is not None
    assert of(span).overlaps(network) == (span[0] in expected or inside(expected[0], span))


@given(spans())
def test_a_reversed_range_is_refused(span: Span) -> None:
    if span[0] != span[1]:
        with pytest.raises(BadRange, match="reversed"):
            AddressRange.of(str(span[1]), str(span[0]))
        assert addresses.parse_addresses(f"{span[1]}-{span[0]}") is None


def test_the_ends_of_a_range_are_of_one_version() -> None:
    with pytest.raises(BadRange, match="one end is an IPv4 address and the other an IPv6 address"):
        AddressRange.of("10.0.0.1", "::ffff:ffff")
    with pytest.raises(BadRange, match=r"'10\.0\.0' is not an IP address"):
        AddressRange.of("10.0.0", "10.0.0.9")
    assert "::a00:1" not in AddressRange.of("10.0.0.0", "10.0.0.9")  # the same number


@given(st.lists(spans(), max_size=6), st.lists(NETWORKS, max_size=2), spans())
def test_sets_agree_with_the_standard_library(parts: list[Span], networks: list[str], asked: Span) -> None:
    known = [ipaddress.ip_network(text, strict=False) for text in networks]
    everything = [*parts, *((network[0], network[-1]) for network in known)]
    found = AddressSet([*(f"{first}-{last}" for first, last in parts), *networks, "garbage", ""])
    for address in [end for part in [*everything, asked] for end in near(part)]:
        assert (str(address) in found) == any(inside(address, part) for part in everything)
    assert found.covers(of(asked)) == _covered(everything, asked)


def _covered(parts: list[Span], asked: Span) -> bool:
    """Whether a span is covered, by walking through it from part to part."""
    position, end = int(asked[0]), int(asked[1])
    for first, last in sorted((int(one), int(two)) for one, two in parts if one.version == asked[0].version):
        if first <= position <= last:
            position = last + 1
    return position > end


def test_adjacent_parts_of_a_set_count_as_one() -> None:
    found = AddressSet(["10.0.0.0/25", "10.0.0.128-10.0.0.254", "10.0.0.255", "10.0.2.0/24"])
    assert found.covers(AddressRange.of("10.0.0.5", "10.0.0.255"))
    assert not found.covers(AddressRange.of("10.0.0.5", "10.0.1.0"))
    assert "10.0.1.0" not in found


def test_sets_of_different_versions_do_not_touch() -> None:
    found = AddressSet(["255.255.255.255", "::1:0:0"])  # 2**32 - 1 and 2**32
    assert not found.covers(AddressRange.of("::ffff:ffff", "::1:0:0"))
    assert "::ffff:ffff" not in found


def test_a_huge_network_is_never_counted_out() -> None:
    everything = addresses.parse_addresses("::/0")
    assert everything is not None
    assert everything.size == 2**128
    assert AddressSet(["::/1", "8000::/1"]).covers(everything)
    assert addresses.count_free([everything], ["::5", "::5", "10.0.0.1"]) == 2**128 - 1
    assert addresses.lowest_free(everything, {"::", "::1"}, 2) == ("::2", "::3")
    assert list(islice(addresses.free_in_order(everything, lambda _address: False, "ff::"), 1)) == ["ff::"]


@given(st.lists(spans(), max_size=4), st.lists(spans(), max_size=6), st.none() | NETWORKS)
def test_free_addresses_are_counted(parts: list[Span], others: list[Span], text: str | None) -> None:
    used = [str(end) for other in others for end in other]
    within = addresses.network_of(text) if text else None
    limit = numbers(within) if within else None
    small = [part for part in parts if int(part[1]) - int(part[0]) < 100]
    free = {
        address
        for first, last in small
        for number in range(int(first), int(last) + 1)
        if (address := type(first)(number)) and str(address) not in used and (limit is None or inside(address, limit))
    }
    assert addresses.count_free([of(part) for part in small], used, within) == len(free)


@given(spans(), st.sets(st.integers(0, 12)), st.integers(0, 5))
def test_free_addresses_come_in_order(span: Span, steps: set[int], count: int) -> None:
    first, last = span[0], min(int(span[1]), int(span[0]) + 8)
    found = of((first, type(first)(last)))
    used = {addresses.canonical(str(first + step)) for step in steps if int(first) + step <= last}
    free = [int(first) + step for step in range(last - int(first) + 1) if step not in steps]
    assert [addresses.sort_key(one)[1] for one in addresses.free_in_order(found, used.__contains__)] == free
    assert [addresses.sort_key(one)[1] for one in addresses.lowest_free(found, used, count)] == free[:count]
    begin = addresses.canonical(str(first + 3)) if int(first) + 3 <= last else found.start
    late = [number for number in free if number >= addresses.sort_key(begin)[1]]
    assert [addresses.sort_key(one)[1] for one in addresses.free_in_order(found, used.__contains__, begin)] == late


@given(st.lists(st.ip_addresses()))
def test_addresses_are_sorted_by_version_and_number(given_addresses: list[Address]) -> None:
    expected = sorted(given_addresses, key=lambda one: (one.version, int(one)))
    found = sorted(map(str, given_addresses), key=addresses.sort_key)
    assert [ipaddress.ip_address(one) for one in found] == expected
    mixed = ["::", "10.0.0.10", "garbage", "255.255.255.255", "10.0.0.2"]
    assert sorted(mixed, key=addresses.sort_key) == ["garbage", "10.0.0.2", "10.0.0.10", "255.255.255.255", "::"]


# If netaddr is missing


def _needs_netaddr(module: str, seen: set[str]) -> bool:
    """Whether a file of module_utils or a module imports _addresses, directly or not."""
    if module == "_addresses":
        return True
    path = PLUGINS / (module.replace(".", "/") + ".py")
    path = path if path.exists() else PLUGINS / "module_utils" / (module.replace(".", "/") + ".py")
    if module in seen or not path.exists():
        return False
    seen.add(module)
    return any(_needs_netaddr(name, seen) for name in _imported(path))


@cache
def _imported(path: Path) -> tuple[str, ...]:
    """What a file imports of module_utils."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom) and node.module]
    names = [str(node.module).removeprefix(UTILS) for node in nodes if str(node.module).startswith(UTILS)]
    names += [
        f"{node.module}.{alias.name}".removeprefix(UTILS)
        for node in nodes
        for alias in node.names
        if f"{node.module}.".startswith(UTILS)
    ]
    return tuple(names)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_that_needs_netaddr_says_so(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module}")
    libraries: list[Mapping[str, Any]] = []
    monkeypatch.setattr(loaded, "run_module", lambda *arguments: libraries.append(arguments[3]))
    loaded.main()
    assert ("netaddr" in libraries[0]) == _needs_netaddr(f"modules.{module}", set())


def test_modules_need_netaddr() -> None:
    assert _needs_netaddr("modules.vcd_pool", set())
    assert not _needs_netaddr("_errors", set())
