# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The names that CPI gives to its objects in VCD: the only thing by which it finds them again.

Source: ``pkg/ccm/loadbalancer.go`` and ``pkg/vcdsdk/gateway.go`` of CPI 1.6.1. The namespace of a Service is in none
of these names, so two Services of one name in two namespaces share their objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput

CLUSTER_ID_PREFIXES = ("urn:vcloud:entity:vmware:", "urn:vcloud:entity:cse:nativeCluster:")
VIRTUAL_SERVICE, POOL, NAT_RULE = "virtual_service", "pool", "nat_rule"
APP_PORT_PROFILE = "application_port_profile"
# longest first: each prefix contains the one below it
_PREFIXES = {
    APP_PORT_PROFILE: "appPort_dnat-ingress-vs-",
    NAT_RULE: "dnat-ingress-vs-",
    VIRTUAL_SERVICE: "ingress-vs-",
    POOL: "ingress-pool-",
}


def short_cluster_id(cluster_id: str) -> str:
    """The cluster id as it stands in names: without the prefix of a defined entity."""
    for prefix in CLUSTER_ID_PREFIXES:
        cluster_id = cluster_id.removeprefix(prefix)
    return cluster_id


def virtual_service_name(service: str, cluster_id: str, port: str) -> str:
    """Name of the virtual service for one port (``port`` is the port's name, empty for an unnamed port)."""
    return f"ingress-vs-{service}-{short_cluster_id(cluster_id)}-{port}"


def pool_name(service: str, cluster_id: str, port: str) -> str:
    """Name of the pool for one port."""
    return f"ingress-pool-{service}-{short_cluster_id(cluster_id)}-{port}"


def nat_rule_name(virtual_service: str) -> str:
    """Name of the DNAT rule that leads to a virtual service."""
    return f"dnat-{virtual_service}"


def app_port_profile_name(nat_rule: str) -> str:
    """Name of the application port profile that a DNAT rule uses."""
    return f"appPort_{nat_rule}"


def ip_claim_marker(namespace: str, service: str, cluster_id: str) -> str:
    """Description by which CPI finds its IP Space allocation for a Service (the one name with a namespace in it)."""
    return f"cluster-{short_cluster_id(cluster_id)}-namespace-{namespace}-service-{service}"


@dataclass(frozen=True)
class Naming:
    """How objects are named: a template with {kind} ("vs" or "pool"), {service}, {port} and, if wanted, {namespace}.

    CPI's is ``ingress-{kind}-{service}-CLUSTER_ID-{port}``. A DNAT rule is ``dnat-`` and its virtual service's name.
    """

    template: str

    @classmethod
    def of_cluster(cls, cluster_id: str) -> Naming:
        """The names that CPI of this cluster looks for."""
        escaped = short_cluster_id(cluster_id).replace("{", "{{").replace("}", "}}")
        return cls(f"ingress-{{kind}}-{{service}}-{escaped}-{{port}}")

    @classmethod
    def parse(cls, template: str) -> Naming:
        """A template that an operator gave; InvalidInput when it would not tell objects apart."""
        try:
            parts = [part[1:] for part in Formatter().parse(template) if part[1] is not None]
        except ValueError as error:
            raise InvalidInput("name_template", template, f"is no template: {error}") from None
        found = [field for field, _spec, _conversion in parts]
        if any(spec or conversion for _field, spec, conversion in parts):
            remedy = "has a format in braces: write it like {kind}-{service}-{port}"
            raise InvalidInput("name_template", template, remedy)
        missing = [f"{{{field}}}" for field in ("kind", "service", "port") if field not in found]
        unknown = [f"{{{field}}}" for field in found if field not in ("kind", "service", "port", "namespace")]
        if missing or unknown:
            wrong = f"has unknown {', '.join(unknown)}" if unknown else f"lacks {', '.join(missing)}"
            raise InvalidInput("name_template", template, f"{wrong}: write it like {{kind}}-{{service}}-{{port}}")
        return cls(template)

    def virtual_service(self, service: str, port: str, namespace: str = "") -> str:
        """The virtual service of one port."""
        return self._fill("vs", service, port, namespace)

    def pool(self, service: str, port: str, namespace: str = "") -> str:
        """The pool of one port."""
        return self._fill("pool", service, port, namespace)

    def nat_rule(self, service: str, port: str, namespace: str = "") -> str:
        """The DNAT rule of one port, or with an empty port the one rule of the whole service."""
        return nat_rule_name(self.virtual_service(service, port or "all", namespace))

    def _fill(self, kind: str, service: str, port: str, namespace: str) -> str:
        values: Mapping[str, str] = {"kind": kind, "service": service, "port": port, "namespace": namespace}
        return self.template.format(**values)


@dataclass(frozen=True)
class OwnedName:
    """What the name of one of this cluster's objects says."""

    kind: str
    service: str
    port: str


def owned_name(name: str, cluster_id: str) -> OwnedName | None:
    """Read a name; None when the object is not this cluster's (another cluster's, or a person's)."""
    middle = f"-{short_cluster_id(cluster_id)}-"
    for kind, prefix in _PREFIXES.items():
        if name.startswith(prefix):
            service, found, port = name.removeprefix(prefix).partition(middle)
            return OwnedName(kind, service, port) if found and service else None
    return None
