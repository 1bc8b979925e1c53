# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Preflight checks of what the Kubernetes cluster holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._scenario import Scenario
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import Cluster
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.observed import Aside, ObservedService
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import (
    Finding,
    error,
    info,
    pluralize,
    warning,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import scale_command
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import CPI_WITH_SHARED_IP, parse_version

# problems that vcd_ccm_config_info reports about the settings that a change of scenario replaces
REPLACE_IT = "correct the file; an immutable ConfigMap has to be deleted and created again"
SET_BY_SCENARIO = (
    "loadbalancer.oneArm.",
    "loadbalancer.oneArm:",
    "loadbalancer: enableVirtualServiceSharedIP is false",
)


def check_configuration(state: ClusterState) -> Iterator[Finding]:
    """The file exists and can be read, and CPI accepts everything in it that this change does not replace."""
    cluster = state.cluster
    problems = "; ".join(cluster.problems)
    if not cluster.config_map and cluster.rollout == IN_PROGRESS:
        yield info("configuration", "the ConfigMap is missing, and its content is kept in the backup")
        return
    if not cluster.config_map and cluster.source:
        yield from _elsewhere(cluster, problems)
        return
    if not cluster.config_map:
        remedy = "check the cluster, shared_ip_namespace and shared_ip_config_map"
        yield error("configuration", problems or "the cluster has no ConfigMap with CPI's file", remedy)
        return
    if not cluster.readable:
        remedy = "correct the file, or check shared_ip_config_map and shared_ip_config_key"
        yield error("configuration", f"{cluster.config_map}: CPI's file cannot be read: {problems}", remedy)
        return
    for problem in cluster.problems:
        if problem.startswith(SET_BY_SCENARIO):
            yield warning(
                "configuration", f"CPI refuses its present file: {problem}", "this change replaces that setting"
            )
        else:
            yield error(
                "configuration",
                f"CPI refuses its file: {problem}",
                REPLACE_IT,
            )
    for key in cluster.extra_keys:
        if key in cluster.distribution.keys:
            message = f"{key}: a key of {cluster.distribution.name}'s CPI, which stays as it is"
            yield warning("configuration", message, "check what it does for a migrated Service")
        else:
            yield info("configuration", f"{key}: a key that the published CPI does not know, allowed by extra_keys")
    if not cluster.problems:
        scenario = cluster.scenario.value if cluster.scenario else "invalid"
        yield info("configuration", f"{cluster.config_map} holds scenario {scenario}")


def _elsewhere(cluster: Cluster, problems: str) -> Iterator[Finding]:
    """The file is not in the named ConfigMap, but where CPI's Deployment says. Nothing is changed there."""
    if not cluster.readable:
        yield error("configuration", problems, "correct that; without its file nothing is known about CPI")
        return
    writer = cluster.distribution.writer
    message = f"CPI's file is in {cluster.source}"
    message += f", which {writer} writes: this run cannot change it" if writer else ", which this run cannot change"
    remedy = f"change it through {writer or 'what writes the Secret'}; the playbook verify checks the Services"
    yield error("configuration", message, remedy)
    for problem in cluster.problems:
        yield error("configuration", f"CPI refuses its file: {problem}", f"correct it through {writer or 'its writer'}")


def check_rollout(state: ClusterState) -> Iterator[Finding]:
    """An interrupted change is no obstacle, because this run finishes it. A run that is still at work is one."""
    cluster = state.cluster
    if cluster.lease and cluster.lease_live:
        remedy = (
            f"wait until it has finished; if it was killed, set shared_ip_take_over: true after {cluster.lease_until}"
        )
        yield error("rollout", f"another run is under way on this cluster: {cluster.lease}", remedy)
    elif cluster.lease:
        message = f"the run of {cluster.lease} has ended without finishing its change"
        remedy = "set shared_ip_take_over: true to finish it with this run"
        yield replace(warning("rollout", message, remedy), passing=True)  # the message says how long ago that was
    elif cluster.rollout == IN_PROGRESS:
        yield info("rollout", "an earlier change was interrupted; this run finishes it")


def check_cluster_id(state: ClusterState) -> Iterator[Finding]:
    """Without the cluster id, nothing shows which objects in VCD belong to this cluster."""
    cluster = state.cluster
    if cluster.cluster_id:
        yield info("cluster_id", f"{cluster.cluster_id} (from the {cluster.cluster_id_source})")
        return
    if not cluster.readable:
        return  # check_configuration reports it
    message = "the cluster has no id: clusterid is empty in CPI's file and missing in vcloud-clusterid-secret"
    yield error("cluster_id", message, "set clusterid in one of the two")


def check_cpi(state: ClusterState) -> Iterator[Finding]:
    """CPI exists, runs, and supports the flag of the scenario."""
    deployment = state.cluster.deployment
    if deployment is None:
        remedy = "check the namespace and the name (shared_ip_namespace, shared_ip_deployment)"
        yield error("cpi", "the cluster has no Deployment of CPI", remedy)
        return
    label = f"{deployment.namespace}/{deployment.name}"
    stopped = deployment.stopped()
    if stopped:
        yield info("cpi", f"{stopped}; this run starts it")
    elif deployment.replicas == 0:
        message = f"{label} is scaled to 0, and this run leaves it so: it is not known what it was scaled to before"
        command = scale_command(deployment.namespace, deployment.name, 1)
        yield warning("cpi", message, f"start it, so that it reads its file: {command}")
    elif not deployment.ready and state.cluster.rollout != IN_PROGRESS:
        yield replace(warning("cpi", f"{label} is not ready", "look at the log of its pod"), passing=True)
    scenario = state.target.scenario
    version = parse_version(deployment.version)
    if not scenario.shared_ip or (version and version >= CPI_WITH_SHARED_IP):
        label = f"CPI {deployment.version}" if version else f"CPI image {deployment.image}"
        yield info("cpi", f"{label} supports {scenario.value}")
    elif version:
        message = f"CPI {deployment.version} does not support {scenario.value}, which needs 1.2.0 or newer"
        yield error("cpi", message, "upgrade CPI, or choose distinct_internal")
    else:
        message = f"the version of CPI is unknown: it is not in the tag of its image {deployment.image}"
        yield warning("cpi", message, f"make sure that it is 1.2.0 or newer, which {scenario.value} needs")


def check_service_names(state: ClusterState) -> Iterator[Finding]:
    """CPI's names contain no namespace: two Services with one name compete for the same objects."""
    places = defaultdict(list)
    for service in state.cluster.own_services:
        places[service.name].append(service.namespace)
    for name, namespaces in sorted(places.items()):
        if len(namespaces) > 1:
            message = f"Services named {name} are in the namespaces {' and '.join(sorted(namespaces))}"
            message += "; CPI gives both the same virtual services"
            yield error("service_names", message, "create all but one of them again under another name")
    if all(len(namespaces) == 1 for namespaces in places.values()):
        yield info("service_names", f"{pluralize(len(places), 'Service')} of type LoadBalancer, no duplicate names")


def check_service_ports(state: ClusterState) -> Iterator[Finding]:
    """A port that CPI gives no virtual service is left aside; it stops neither the other ports nor the run."""
    for item in state.observed:
        for port in item.kept:
            message = f"port {port.port} of {item.label}: {port.why}; its virtual service is kept"
            yield warning("service_ports", message, port.remedy)
        for port in item.aside:
            message = f"port {port.port} of {item.label}: {port.why}; it stays aside{_second_rule(item, port, state)}"
            if port.asked:
                yield info("service_ports", message)
            else:
                yield warning("service_ports", message, port.remedy)


def _second_rule(item: ObservedService, aside: Aside, state: ClusterState) -> str:
    """For UDP 443 beside TCP 443 CPI makes a DNAT rule for TCP 443, too, in distinct_internal to another address."""
    numbers = {port.port for port in item.kubernetes.ports if (port.name or str(port.port)) == aside.port}
    shared = [port.spec.port for port in item.service.ports if port.spec.port in numbers]
    if not shared or aside.asked or state.target.scenario is not Scenario.DISTINCT_INTERNAL:
        return ""
    return f"; CPI adds a second DNAT rule for port {shared[0]}, which may take the traffic of the TCP port"


def check_annotations(state: ClusterState) -> Iterator[Finding]:
    """Annotations with which another distribution's CPI makes objects that the published CPI does not make."""
    distribution = state.cluster.distribution
    for service in state.cluster.own_services:
        for name in distribution.annotations:
            if name in service.annotations:
                message = f"{service.label} has the annotation {name} of {distribution.name}'s CPI"
                remedy = "check its pool and its clients' addresses after a migration"
                yield warning("service_annotations", f"{message}; a migration keeps what it finds", remedy)
