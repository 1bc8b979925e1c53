# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The names of a service's objects: the names by which CPI finds them, or names from an operator's template.

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1. None of these names contains the
Service's namespace, so Services with the same name in two namespaces share their objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.objects import HTTP_POLICY, KINDS

EDGE_GATEWAY = "edge_gateway"
IP_SET_PREFIX = "ipset-"
FIELDS = ("kind", "service", "port", "namespace", EDGE_GATEWAY)
CLUSTER_ID_PREFIXES = ("urn:vcloud:entity:vmware:", "urn:vcloud:entity:cse:nativeCluster:")


def short_cluster_id(cluster_id: str) -> str:
    """The cluster id as names contain it: without the prefix of a defined entity."""
    for prefix in CLUSTER_ID_PREFIXES:
        cluster_id = cluster_id.removeprefix(prefix)
    return cluster_id


def ip_claim_marker(namespace: str, service: str, cluster_id: str) -> str:
    """Description by which CPI finds its IP Space allocation for a Service: the only name that contains a namespace."""
    return f"cluster-{short_cluster_id(cluster_id)}-namespace-{namespace}-service-{service}"


def _escaped(text: str) -> str:
    """Text escaped for a template."""
    return text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True)
class Naming:
    """How objects are named: a template with {kind} ("vs" or "pool"), {service}, {port} and, if wanted, {namespace}.

    CPI's is ``ingress-{kind}-{service}-CLUSTER_ID-{port}``. A DNAT rule is ``dnat-`` and its virtual service's name, an
    IP set ``ipset-`` and its pool's. ``cluster_id`` is a cluster's short id, empty for an operator's template.
    ``per_gateway``: the name of the edge gateway is part of every name.
    """

    template: str
    cluster_id: str = ""
    per_gateway: bool = False

    @classmethod
    def of_cluster(cls, cluster_id: str) -> Naming:
        """The names that this cluster's CPI looks for."""
        short = short_cluster_id(cluster_id)
        return cls(f"ingress-{{kind}}-{{service}}-{_escaped(short)}-{{port}}", short)

    @classmethod
    def parse(cls, template: str, edge_gateway: str = "") -> Naming:
        """A template that an operator gave; ``edge_gateway`` replaces {edge_gateway} in it.

        Raises InvalidInput when two objects could get the same name.
        """
        try:
            parts = [part[1:] for part in Formatter().parse(template) if part[1] is not None]
        except ValueError as error:
            raise InvalidInput("name_template", template, f"is not a template: {error}") from None
        found = [field for field, _spec, _conversion in parts]
        if any(spec or conversion for _field, spec, conversion in parts):
            remedy = "has a format in braces: write it like {kind}-{service}-{port}"
            raise InvalidInput("name_template", template, remedy)
        missing = [f"{{{field}}}" for field in ("kind", "service", "port") if field not in found]
        unknown = [f"{{{field}}}" for field in found if field not in FIELDS]
        if missing or unknown:
            wrong = f"has unknown {', '.join(unknown)}" if unknown else f"lacks {', '.join(missing)}"
            raise InvalidInput("name_template", template, f"{wrong}: write it like {{kind}}-{{service}}-{{port}}")
        filled = "".join(
            _escaped(literal)
            + (_escaped(edge_gateway) if field == EDGE_GATEWAY else "" if field is None else f"{{{field}}}")
            for literal, field, _spec, _conversion in Formatter().parse(template)
        )
        return cls(filled, per_gateway=EDGE_GATEWAY in found)

    def port(self, service: str, port: str, namespace: str = "") -> PortNames:
        """The names of the objects of one port. ``port`` is the port's name, empty for an unnamed port."""
        return _port_names(self.template, service, port, namespace)

    def shared_rule(self, service: str, namespace: str = "") -> str:
        """The name of the one DNAT rule for all ports of a service."""
        return self.port(service, "all", namespace).nat_rule


@dataclass(frozen=True)
class PortNames:
    """The names of the objects of one port, in the order of `objects.KINDS`."""

    virtual_service: str
    pool: str
    nat_rule: str
    profile: str

    @property
    def ip_set(self) -> str:
        """The name of the IP set with the members of its pool. Orange's CPI gives it the same name."""
        return f"{IP_SET_PREFIX}{self.pool}"

    def __iter__(self) -> Iterator[str]:
        return iter((self.virtual_service, self.pool, self.nat_rule, self.profile, self.ip_set))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Kind and name of each object, and of the HTTP policies of its virtual service."""
        yield from zip(KINDS, self, strict=True)
        yield HTTP_POLICY, self.virtual_service


# Cached because every question about a service starts from the names of its ports.
@lru_cache(maxsize=16384)
def _port_names(template: str, service: str, port: str, namespace: str) -> PortNames:
    virtual_service, pool = (
        template.format(kind=kind, service=service, port=port, namespace=namespace) for kind in ("vs", "pool")
    )
    rule = f"dnat-{virtual_service}"
    return PortNames(virtual_service, pool, rule, f"appPort_{rule}")
