# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""All possible readings of an object's name. Pure.

Services, ports and cluster ids may contain dashes, so the same name may belong to several services, ports or clusters:
``ingress-vs-web-prod-eu-http`` is port eu-http of Service web in the cluster prod, and port http of Service web in the
cluster prod-eu. A reading suggests an owner, but never proves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.names import IP_SET_PREFIX, Naming
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import (
    APP_PORT_PROFILE,
    HTTP_POLICY,
    IP_SET,
    NAT_RULE,
    POOL,
    VIRTUAL_SERVICE,
)

# What comes before the name of the virtual service, or of the pool
_BEFORE = {
    VIRTUAL_SERVICE: "",
    POOL: "",
    NAT_RULE: "dnat-",
    APP_PORT_PROFILE: "appPort_dnat-",
    IP_SET: IP_SET_PREFIX,
    HTTP_POLICY: "",
}
# Names that Kubernetes accepts. A port without a name is possible, too.
_SERVICE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT = re.compile(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?")
# The id of a defined entity. It is unique, so no part of it is the id of another cluster.
_ENTITY = re.compile(r"[^-:]+:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LISTED = 3


@dataclass(frozen=True, order=True)
class Reading:
    """One way to read a name: the service, its namespace if the name has one, and the port, which may be unnamed."""

    service: str
    port: str
    namespace: str = ""

    @property
    def text(self) -> str:
        """For a person: ``port http of web``."""
        label = f"{self.namespace}/{self.service}" if self.namespace else self.service
        return f"{f'port {self.port}' if self.port else 'the port without a name'} of {label}"


def readings(naming: Naming, kind: str, name: str) -> tuple[Reading, ...]:
    """Every service and port whose object of this kind would have this name; none if the name has another form."""
    before = _BEFORE[kind]
    if not name.startswith(before):
        return ()
    values = {"kind": "pool" if kind in (POOL, IP_SET) else "vs"}
    parts = [(literal, field) for literal, field, _spec, _conversion in Formatter().parse(naming.template)]
    found = {
        Reading(one["service"], one["port"], one.get("namespace", ""))
        for one in _matches(parts, name.removeprefix(before), values)
    }
    return tuple(sorted(one for one in found if one.service and (not naming.cluster_id or _in_kubernetes(one))))


def _in_kubernetes(one: Reading) -> bool:
    return _SERVICE.fullmatch(one.service) is not None and _PORT.fullmatch(one.port) is not None


def _matches(parts: list[tuple[str, str | None]], text: str, values: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Every way to fill the fields of a template so that it becomes the text."""
    if not parts:
        if not text:
            yield values
        return
    (literal, field), rest = parts[0], parts[1:]
    if not text.startswith(literal):
        return
    text = text.removeprefix(literal)
    if field is None:
        yield from _matches(rest, text, values)
    elif field in values:
        if text.startswith(values[field]):
            yield from _matches(rest, text.removeprefix(values[field]), values)
    else:
        for end in _ends(text, rest):
            yield from _matches(rest, text[end:], {**values, field: text[:end]})


def _ends(text: str, rest: list[tuple[str, str | None]]) -> Iterator[int]:
    """Where a field may end: at the end of the text if it is the last one, else where the next literal begins."""
    if not rest:
        yield len(text)
        return
    literal = rest[0][0]
    place = text.find(literal)
    while place >= 0:
        yield place
        place = text.find(literal, place + 1)


def doubt_about(naming: Naming, name: str, ways: Iterable[Reading]) -> str:
    """What an object with this name may belong to, if the name is ambiguous; empty if it has only one reading."""
    others = other_cluster_ids(naming.cluster_id, name) if naming.cluster_id else ()
    if others:
        return f"it may belong to another cluster, with an id like {others[0]}"
    texts = [one.text for one in ways]
    return f"it may be {' or '.join(texts)}" if len(texts) > 1 else ""


def other_cluster_ids(cluster_id: str, name: str) -> tuple[str, ...]:
    """Ids of other clusters where CPI would give this name to an object of some Service; at most a few.

    ``cluster_id`` is the short id of the cluster in question, whose names have this form.
    """
    if _ENTITY.fullmatch(cluster_id):
        return ()
    _ingress, _dash, tail = name[name.find("ingress-") :].partition("-")
    words = tail.partition("-")[2].split("-")  # after the kind
    found = []
    for first in range(1, len(words) - 1):
        for last in range(first + 1, len(words)):
            service, other, port = ("-".join(part) for part in (words[:first], words[first:last], words[last:]))
            if other and other != cluster_id and _in_kubernetes(Reading(service, port)):
                found.append(other)
    # the most likely first: an id that contains this one, or is part of it
    found.sort(key=lambda other: (other not in cluster_id and cluster_id not in other, len(other)))
    return tuple(dict.fromkeys(found))[:_LISTED]
