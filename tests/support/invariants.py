# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold during a migration, read from the simulator's timeline and journal. Pure: no clock, no I/O.

Durations are in seconds of the simulator's clock, and in tasks: how many tasks ran while the condition was broken,
not counting the task that broke it by its end. An object counts as a reference from the request that made it (so
does VCD); it serves traffic from the end of the task that made it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Entry = Mapping[str, Any]
VIRTUAL_SERVICES, NAT_RULES, ALLOCATIONS = "virtual_services", "nat_rules", "ip_space_allocations"
_KINDS = (VIRTUAL_SERVICES, NAT_RULES, ALLOCATIONS)
_LOG_IN = ("/oauth/", "/api/session", "/cloudapi/1.0.0/sessions")


@dataclass(frozen=True)
class Gap:
    """A time in which nothing referred to an address. ``to`` is None, and ``seconds`` infinite, if it did not end."""

    ip: str
    seconds: float
    from_: float
    to: float | None
    tasks: int


@dataclass(frozen=True)
class Down:
    """A time in which a port (None: all of the Service at once) was not reachable. ``to`` is None if it did not end."""

    service: str
    port: int | None
    seconds: float
    from_: float
    to: float | None
    tasks: int


@dataclass(frozen=True)
class Port:
    """One port of a Service and the objects that serve it. Without ``virtual_service``, any virtual service may."""

    external_ip: str
    port: int
    virtual_service: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Service:
    """A Service as its clients see it."""

    name: str
    ports: tuple[Port, ...]


@dataclass
class _Object:
    """An object: what it refers to, and the running task that creates it. Until that task ends, it serves nothing."""

    kind: str
    name: str
    refers: Mapping[str, Any]
    made_by: str | None = None


@dataclass
class _State:
    """The objects that refer to addresses, and the tasks, at one moment of the timeline."""

    objects: dict[str, _Object] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)

    def apply(self, entry: Entry) -> None:
        if entry["kind"] == "task":
            (self.running.add if entry["event"] == "started" else self.running.discard)(entry["id"])
            if entry["event"] == "ended":
                for one in self.objects.values():
                    one.made_by = None if one.made_by == entry["id"] else one.made_by
        elif entry["kind"] in _KINDS:
            if entry["event"] == "removed":
                self.objects.pop(entry["id"], None)
                return
            previous = self.objects.get(entry["id"])
            maker = previous.made_by if previous else None
            self.objects[entry["id"]] = _object(entry, entry["task"] if entry["event"] == "added" else maker)


def _object(entry: Entry, made_by: str | None) -> _Object:
    return _Object(entry["kind"], entry["name"], entry["refers"], made_by)


def _state_of(dump: Mapping[str, Any]) -> _State:
    """The state in a dump of the simulator."""
    state = _State()
    for one in dump.get(VIRTUAL_SERVICES, []):
        ports = [[port["portStart"], port.get("portEnd") or port["portStart"]] for port in one["servicePorts"]]
        both = {"vip": one.get("virtualIpAddress"), "ipv6": one.get("ipv6VirtualIpAddress")}
        state.objects[one["id"]] = _Object(VIRTUAL_SERVICES, one["name"], {**both, "ports": ports, **_enabled(one)})
    for one in dump.get(NAT_RULES, []):
        ends = {"external": one.get("externalAddresses"), "internal": one.get("internalAddresses")}
        more = {"type": one["type"], "port": one.get("dnatExternalPort"), **_enabled(one)}
        state.objects[one["id"]] = _Object(NAT_RULES, one["name"], {**ends, **more})
    for one in dump.get(ALLOCATIONS, []):
        state.objects[one["id"]] = _Object(ALLOCATIONS, one["value"], {"ip": one["value"]})
    return state


def _enabled(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"enabled": one.get("enabled", True)}


@dataclass
class _Period:
    """A period in which a condition is broken: its start, and the tasks that have run since."""

    since: float
    tasks: set[str]


Condition = Callable[[_State], bool]
Concern = Callable[[_Object], bool]


def _periods(
    timeline: Sequence[Entry], before_dump: Mapping[str, Any], broken: Condition, concerns: Concern
) -> list[tuple[float, float | None, int]]:
    """Each period in which ``broken(state)`` held: from, to, number of tasks that ran in it.

    ``concerns`` says whether an object can matter for that; the others are left out, which saves much time.
    """
    state = _state_of(before_dump)
    mine = {identifier for identifier, one in state.objects.items() if concerns(one)}
    stored = [one for one in timeline if one["kind"] in _KINDS and one["event"] != "removed"]
    mine |= {one["id"] for one in stored if concerns(_object(one, None))}
    state.objects = {identifier: one for identifier, one in state.objects.items() if identifier in mine}
    found: list[tuple[float, float | None, int]] = []
    now = _Period(timeline[0]["time"] if timeline else 0.0, set()) if broken(state) else None
    for entry in timeline:
        if entry["kind"] != "task" and (entry["kind"] not in _KINDS or entry["id"] not in mine):
            continue
        state.apply(entry)
        if now and entry["kind"] == "task" and entry["event"] == "started":
            now.tasks.add(entry["id"])
        is_broken = broken(state)
        if is_broken and now is None:
            # the task that broke the condition by its end does not count
            now = _Period(entry["time"], state.running - {entry.get("task")})
        elif now and not is_broken:
            found.append((now.since, entry["time"], len(now.tasks)))
            now = None
    return [*found, (now.since, None, len(now.tasks))] if now else found


def always_referenced(
    timeline: Sequence[Entry], before_dump: Mapping[str, Any], external_ips: Iterable[str]
) -> list[Gap]:
    """Every period in which an address was neither a VIP nor a DNAT rule's external address, nor allocated."""
    return [gap for ip in external_ips for gap in _gaps(timeline, before_dump, ip)]


def _gaps(timeline: Sequence[Entry], before_dump: Mapping[str, Any], ip: str) -> list[Gap]:
    def missing(state: _State) -> bool:
        return not any(_refers(one, ip) for one in state.objects.values())

    periods = _periods(timeline, before_dump, missing, lambda one: _refers(one, ip))
    return [Gap(ip, _seconds(since, until), since, until, tasks) for since, until, tasks in periods]


def _seconds(since: float, until: float | None) -> float:
    return float("inf") if until is None else until - since


def _refers(one: _Object, ip: str) -> bool:
    if one.kind == VIRTUAL_SERVICES:
        return ip in (one.refers.get("vip"), one.refers.get("ipv6"))
    if one.kind == NAT_RULES:
        return one.refers["type"] == "DNAT" and _covers(one.refers.get("external"), ip)
    return bool(one.refers["ip"] == ip)


def _covers(text: str | None, ip: str) -> bool:
    """Whether an address or a network contains the address."""
    if not text or "/" not in text:
        return text == ip
    network, address = ipaddress.ip_network(text, strict=False), ipaddress.ip_address(ip)
    return network.version == address.version and address in network


def ports_down(timeline: Sequence[Entry], before_dump: Mapping[str, Any], services: Iterable[Service]) -> list[Down]:
    """Every period in which a port was not reachable.

    Reachable: no DNAT rule takes the external address and port, and the virtual service has that address and port; or
    a DNAT rule takes them and leads to the address of the virtual service with that port.
    """
    ports = [(service.name, port) for service in services for port in service.ports]
    return [one for name, port in ports for one in _down(timeline, before_dump, name, port.port, [port])]


def all_down(timeline: Sequence[Entry], before_dump: Mapping[str, Any], services: Iterable[Service]) -> list[Down]:
    """Every period in which no port of a Service with several ports was reachable."""
    several = [service for service in services if len(service.ports) > 1]
    return [one for service in several for one in _down(timeline, before_dump, service.name, None, service.ports)]


def _down(
    timeline: Sequence[Entry], before_dump: Mapping[str, Any], name: str, number: int | None, ports: Sequence[Port]
) -> list[Down]:
    def broken(state: _State) -> bool:
        return not any(_serves(state, port) for port in ports)

    def concerns(one: _Object) -> bool:
        if one.kind == NAT_RULES:
            return any(_takes(one.refers, port) for port in ports)
        return one.kind == VIRTUAL_SERVICES and any(port.virtual_service in ("", one.name) for port in ports)

    periods = _periods(timeline, before_dump, broken, concerns)
    return [Down(name, number, _seconds(since, until), since, until, tasks) for since, until, tasks in periods]


def _serves(state: _State, port: Port) -> bool:
    working = [one for one in state.objects.values() if one.made_by is None and one.refers.get("enabled", True)]
    addresses = {one.refers["internal"] for one in working if one.kind == NAT_RULES and _takes(one.refers, port)}
    return any(
        one.kind == VIRTUAL_SERVICES
        and port.virtual_service in ("", one.name)
        and any(low <= port.port <= high for low, high in one.refers["ports"])
        and one.refers.get("vip") in (addresses or {port.external_ip})
        for one in working
    )


def _takes(rule: Mapping[str, Any], port: Port) -> bool:
    if rule["type"] != "DNAT" or not _covers(rule.get("external"), port.external_ip):
        return False
    return rule.get("port") in (None, "", "ANY") or _in_range(str(rule["port"]), port.port)


def _in_range(text: str, port: int) -> bool:
    low, _dash, high = text.partition("-")
    return int(low) <= port <= int(high or low)


def one_write_at_a_time(timeline: Sequence[Entry], gateway: str, user: str = "kube") -> list[str]:
    """Each overlap of two writes of that user on the edge gateway (URN); empty if there is no overlap.

    A write counts from its request to the end of its task. A BUSY_ENTITY while a task of the user's own ran counts.
    """
    problems: list[str] = []
    tasks: dict[str, str] = {}
    asked: dict[int, str] = {}
    for entry in timeline:
        if entry.get("gateway") != gateway or entry.get("user", user) != user:
            continue
        what = f"{entry.get('method') or entry.get('operation', '')} {entry['name']}"
        if (entry["kind"], entry["event"]) == ("task", "started"):
            tasks[entry["id"]] = what
        elif (entry["kind"], entry["event"]) == ("task", "ended"):
            tasks.pop(entry["id"], None)
        elif (entry["kind"], entry["event"]) == ("request", "asked"):
            others = [*tasks.values(), *asked.values()]
            problems += [f"{entry['time']:.3f}: {what} was requested during {others[0]}"] if others else []
            asked[entry["number"]] = what
        elif entry["kind"] == "request":
            mine = asked.pop(entry["number"], "")
            if entry["code"] == "BUSY_ENTITY" and tasks and mine:
                problems.append(f"{entry['time']:.3f}: {mine} met BUSY_ENTITY")
    return problems


def only_planned(journal: Iterable[Entry], names: Iterable[str], user: str = "kube") -> list[str]:
    """Every write of that user to an object whose name is not in ``names``, refused writes included.

    A write without a session (401) changed nothing, and the lock of the edge gateway belongs to the run.
    """
    planned = set(names)
    return [
        f"{entry['method']} {entry['path']} ({entry.get('name')})"
        for entry in journal
        if is_write(entry) and entry["user"] in (user, None) and entry["status"] != 401
        if entry.get("name") not in planned and not is_lock(entry)
    ]


def is_lock(entry: Entry) -> bool:
    """Whether a journal entry is about the marker that locks an edge gateway."""
    return str(entry.get("name")).startswith("vcd.kubernetes-lock-")


def is_write(entry: Entry) -> bool:
    """Whether a journal entry is a request that changes something; log-in and log-out do not."""
    return entry["method"] in ("POST", "PUT", "PATCH", "DELETE") and not entry["path"].startswith(_LOG_IN)


def lock_seconds(timeline: Sequence[Entry], gateway: str) -> float:
    """The total duration of the tasks that held the gateway's lock: no order of writes is faster than that."""
    started: dict[str, float] = {}
    total = 0.0
    for entry in timeline:
        if entry["kind"] != "task" or gateway not in entry["locks"]:
            continue
        if entry["event"] == "started":
            started[entry["id"]] = entry["time"]
        else:
            total += entry["time"] - started.pop(entry["id"], entry["time"])
    return total
