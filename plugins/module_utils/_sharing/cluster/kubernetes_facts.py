# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""What the Kubernetes cluster holds, read from the result of vcd_ccm_config_info."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import (
    AddressRange,
    BadRange,
    parse_range,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._distributions import Distribution, named
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import Reader
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.gateway.point import check_types
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.service.cpi_rules import default_certificate
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import StoppedCpi
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import CPI_WITH_VDC_OF_NETWORK, parse_version


@dataclass(frozen=True)
class KubernetesPort:
    """A port of a Service; CPI skips one without a node port."""

    name: str
    port: int
    node_port: int | None
    protocol: str
    app_protocol: str = ""


@dataclass(frozen=True)
class KubernetesService:
    """A Service of type LoadBalancer. ``load_balancer_ip`` is the IP that it asks CPI for, by its ``ip_option``."""

    name: str
    namespace: str
    load_balancer_class: str
    load_balancer_ip: str
    external_ips: tuple[str, ...]
    ports: tuple[KubernetesPort, ...]
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    ip_option: str = "spec.loadBalancerIP"

    @property
    def label(self) -> str:
        """How messages name it: namespace/name."""
        return f"{self.namespace}/{self.name}"

    @property
    def served_by_cpi(self) -> bool:
        """Whether CPI manages it: a Service with a load balancer class belongs to another controller."""
        return not self.load_balancer_class


@dataclass(frozen=True)
class CpiDeployment:
    """CPI's Deployment; ``version`` is empty when the tag of its image contains none.

    ``running_replicas`` is the number while CPI runs; while a run keeps CPI stopped, the number before; 0 if unknown.
    """

    name: str
    namespace: str
    replicas: int
    image: str
    version: str
    ready: bool
    distribution: str = ""
    running_replicas: int = 0

    def stopped(self, before: int = 0) -> StoppedCpi | None:
        """The message about CPI if it is stopped and was running. ``before``: its replicas, where a run knows them."""
        known = self.running_replicas or before
        return StoppedCpi(self.namespace, self.name, known) if not self.replicas and known else None


@dataclass(frozen=True)
class CpiPod:
    """A pod of CPI, and whether it reads the present file."""

    name: str
    phase: str
    current: bool


@dataclass(frozen=True)
class WritingTool:
    """A tool that writes ``objects`` (``KIND NAMESPACE/NAME``); name and namespace of what it applies, if known."""

    tool: str
    name: str
    namespace: str
    objects: tuple[str, ...]


@dataclass(frozen=True)
class Cluster:
    """Everything that was read from the Kubernetes cluster.

    ``network`` and ``vdc`` are the names in CPI's file that lead CPI to its edge gateway. ``certificate`` is the alias
    of CPI's default certificate. ``source``: the Secret or ConfigMap that holds the file, if it is not the named one.
    ``extra_keys``: the keys of the file that the published CPI does not know. ``restore_point`` is the one that was
    stored for the last change, or None. ``lease`` names the run that changes the cluster, or a killed one, with its
    times; ``owners`` are tools that write the cluster's objects.

    ``excluded`` are the Services (namespace/name) and ports (namespace/name:port) that the operator wants to stay as
    they are.
    """

    scenario: Scenario | None
    one_arm: AddressRange | None
    problems: tuple[str, ...]
    readable: bool
    network: str
    vip_subnet: str
    cluster_id: str
    cluster_id_source: str
    config_map: str
    rollout: str
    deployment: CpiDeployment | None
    pods: tuple[CpiPod, ...]
    services: tuple[KubernetesService, ...]
    certificate: str = ""
    lease: str = ""
    lease_until: str = ""
    lease_live: bool = False
    owners: tuple[WritingTool, ...] = ()
    restore_point: Mapping[str, Any] | None = None
    vdc: str = ""
    excluded: frozenset[str] = frozenset()
    source: str = ""
    extra_keys: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Where CPI's file is, for messages."""
        return self.config_map or self.source

    @property
    def distribution(self) -> Distribution:
        """The distribution that this CPI belongs to."""
        return named(self.deployment.distribution if self.deployment else "")

    @property
    def own_services(self) -> tuple[KubernetesService, ...]:
        """The Services that CPI manages."""
        return tuple(service for service in self.services if service.served_by_cpi)


def read_cluster(result: Any) -> Cluster:
    """Read the result of vcd_ccm_config_info (with gather_services). Raises InvalidInput for any other value."""
    reader = Reader(result, "vcd_ccm_config_info")
    config = reader.value.get("config")
    balancer = _part(config, "loadbalancer")
    config_map = reader.mapping_or_none("config_map")
    lease = reader.mapping("rollout").mapping_or_none("lease")
    source = reader.mapping_or_none("config_source") if reader.has("config_source") else None
    deployment = _deployment(reader.mapping_or_none("deployment"))
    asks = named(deployment.distribution if deployment else "").ip_annotation
    return Cluster(
        scenario=_scenario(reader.text("scenario", "")),
        one_arm=_one_arm(reader.value.get("one_arm")),
        problems=reader.texts("problems"),
        readable=isinstance(config, Mapping) and bool(config),
        network=str(balancer.get("network") or ""),
        vip_subnet=str(balancer.get("vipSubnet") or ""),
        cluster_id=reader.text("cluster_id", ""),
        cluster_id_source=reader.text("cluster_id_source", "none"),
        config_map=f"{config_map.text('namespace')}/{config_map.text('name')}" if config_map else "",
        rollout=reader.mapping("rollout").text("state"),
        deployment=deployment,
        pods=tuple(
            CpiPod(pod.text("name"), pod.text("phase", ""), pod.text("config", "current") == "current")
            for pod in reader.mappings("pods")
        ),
        services=tuple(_service(service, asks) for service in reader.mappings("services")),
        certificate=str(balancer.get("certAlias") or "") or default_certificate(reader.text("cluster_id", "")),
        lease=lease.text("text") if lease else "",
        lease_until=lease.text("until") if lease else "",
        lease_live=lease is not None and lease.flag("live"),
        owners=tuple(
            WritingTool(item.text("tool"), item.text("name", ""), item.text("namespace", ""), item.texts("objects"))
            for item in (reader.mappings("owners") if reader.has("owners") else ())
        ),
        restore_point=_restore_point(reader),
        vdc=str(_part(config, "vcd").get("vdc") or ""),
        excluded=frozenset(reader.texts("excluded") if reader.has("excluded") else ()),
        source=f"{source.text('kind')} {source.text('namespace')}/{source.text('name')}" if source else "",
        extra_keys=reader.texts("extra_keys") if reader.has("extra_keys") else (),
    )


def _restore_point(reader: Reader) -> Mapping[str, Any] | None:
    """The stored restore point. An unreadable one matters only during a change: its starting point is unknown then."""
    if not reader.has("restore_point"):
        return None
    try:
        return check_types(reader.value["restore_point"], "the restore point in the backup of CPI's ConfigMap")
    except InvalidInput:
        if reader.mapping("rollout").text("state") == IN_PROGRESS:
            raise
        return None


def network_of_cpi(result: Any) -> tuple[str, str]:
    """The name of the network that leads CPI to its edge gateway, and of the VDC that it must be in (empty: any).

    CPI compares the VDC from 1.4.0 on. A network of a VDC group is in no VDC, and any name fits it. Both are empty
    where the result of vcd_ccm_config_info contains no file. Raises InvalidInput when it is not such a result.
    """
    cluster = read_cluster(result)
    version = parse_version(cluster.deployment.version) if cluster.deployment else None
    return cluster.network, "" if version and version < CPI_WITH_VDC_OF_NETWORK else cluster.vdc


def _scenario(name: str) -> Scenario | None:
    return next((item for item in Scenario if item.value == name), None)


def _one_arm(value: Any) -> AddressRange | None:
    try:
        return parse_range(value) if value else None
    except BadRange:
        return None  # ``problems`` contains it


def _part(config: Any, key: str) -> Mapping[str, Any]:
    part = config.get(key) if isinstance(config, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _deployment(item: Reader | None) -> CpiDeployment | None:
    if item is None:
        return None
    return CpiDeployment(
        name=item.text("name"),
        namespace=item.text("namespace"),
        replicas=item.number("replicas"),
        image=item.text("image", ""),
        version=item.text("version", ""),
        ready=item.flag("ready"),
        distribution=item.text("distribution", ""),
        running_replicas=(item.number_or_none("running_replicas") if item.has("running_replicas") else None) or 0,
    )


def read_service(row: Any, path: str, ip_annotation: str = "") -> KubernetesService:
    """One Service as vcd_ccm_config_info returns it; InvalidInput names ``path``."""
    return _service(Reader(row, path), ip_annotation)


def _service(item: Reader, ip_annotation: str) -> KubernetesService:
    """One Service. The annotation ``ip_annotation``, if given, takes precedence over spec.loadBalancerIP."""
    given = item.mapping_or_none("annotations")
    annotations = {name: str(value) for name, value in given.value.items()} if given else {}
    asked, option = annotations.get(ip_annotation, ""), f"annotation {ip_annotation}"
    if not asked:
        asked, option = item.text("load_balancer_ip", ""), "spec.loadBalancerIP"
    return KubernetesService(
        name=item.text("name"),
        namespace=item.text("namespace"),
        load_balancer_class=item.text("load_balancer_class", ""),
        load_balancer_ip=asked,
        external_ips=item.texts("ingress_ips"),
        ports=tuple(
            KubernetesPort(
                port.text("name", ""),
                port.number("port"),
                port.number_or_none("node_port"),
                port.text("protocol", ""),
                port.text("app_protocol", ""),
            )
            for port in item.mappings("ports")
        ),
        annotations=annotations,
        ip_option=option,
        deleting=item.flag_or("deleting", False),
    )
