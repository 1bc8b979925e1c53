# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The return values of the module vcd_ccm_config_info: CPI's file, ConfigMap, Deployment, pods and Services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import (
    BACKUP,
    CLUSTER_ID,
    DEPLOYMENT,
    FILE,
    PODS,
    SERVICES,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import Journal, unpack
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    CpiNames,
    Object,
    Pod,
    config_maps,
    decoded,
    deployment_path,
    pods_path,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.owners import describe_owners
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.plan import (
    CpiState,
    replicas_of,
    stale_pods,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.rollout import observe
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.source import FoundFile, find_file
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Holder, Standing, standing
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.access import AllowedReads
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, Reads
from ansible_collections.vcd.kubernetes.plugins.module_utils._service_layout import describe_service
from ansible_collections.vcd.kubernetes.plugins.module_utils._versions import parse_version

CLUSTER_ID_SECRET = ("vcloud-clusterid-secret", "clusterid")
SERVICES_PATH = "/api/v1/services"  # of all namespaces


def report(cluster: Reads, target: CpiNames, gather_services: bool, observed: CpiState | None = None) -> dict[str, Any]:
    """All return values of the module. ``observed``: what the cluster holds, if it was just read."""
    observed = observed or observe(cluster, target)
    found_file = _found_file(cluster, observed)
    config = describe_config(observed, found_file)
    found, source = cluster_id(cluster, observed, config["config"])
    raw = list_services(cluster) if gather_services else []
    services = {"services": [describe_service(one) for one in raw]} if gather_services else {}
    own = [("ConfigMap", observed.config_map), ("Deployment", observed.deployment)]
    objects = [*((kind, one.raw) for kind, one in own if one is not None), *(("Service", one) for one in raw)]
    return {
        **config,
        "cluster_id": found,
        "cluster_id_source": source,
        "config_map": describe_config_map(observed),
        "config_source": found_file.place.as_dict() if found_file and found_file.place else None,
        "rollout": describe_rollout(observed, cluster.now()),
        "restore_point": unpack(observed.journal, target),
        "deployment": describe_deployment(observed),
        "pods": describe_pods(observed),
        "owners": describe_owners(objects),
        **services,
    }


def report_as_allowed(cluster: KubernetesApi, target: CpiNames) -> dict[str, Any]:
    """The same, with the Services, as far as the user may read it.

    ``unread`` names the missing right for each part that could not be read. Raises KubernetesError if no part could.
    """
    reads = AllowedReads(cluster)
    found = report(reads, target, True)
    if not reads.read:
        cluster.get(deployment_path(target))
    paths = {
        f"{config_maps(target)}/{target.name}": FILE,
        f"{config_maps(target)}/{target.backup_name}": BACKUP,
        deployment_path(target): DEPLOYMENT,
        pods_path(target): PODS,
        SERVICES_PATH: SERVICES,
    }
    place = found["config_source"]
    if place:
        paths[f"/api/v1/namespaces/{place['namespace']}/secrets/{place['name']}"] = FILE
    unread = {part: str(reads.refused[path]) for path, part in paths.items() if path in reads.refused}
    elsewhere = unread.get(DEPLOYMENT) or unread.get(BACKUP)
    if found["config_map"] is None and elsewhere:
        unread.setdefault(FILE, elsewhere)  # these parts say where the file is, or that a run has it
    if FILE not in unread and found["cluster_id_source"] == "config":
        return {**found, "unread": unread}
    # CPI takes the id from its file, the Deployment or the Secret, in this order: a part that was not read may hold it
    secret = next((str(right) for path, right in reads.refused.items() if "/secrets/" in path), "")
    missing = unread.get(FILE) or unread.get(DEPLOYMENT) or (secret if found["cluster_id"] is None else "")
    return {**found, "unread": {**unread, CLUSTER_ID: missing} if missing else unread}


def _found_file(cluster: Reads, observed: CpiState) -> FoundFile | None:
    """The file outside the ConfigMap; None if the ConfigMap exists, or if a change is to create it again."""
    if observed.config_map is not None or observed.interrupted:
        return None
    return find_file(cluster, observed.target, observed.deployment)


def describe_config_map(observed: CpiState) -> dict[str, Any] | None:
    """The ConfigMap as returned; None when it does not exist."""
    found = observed.config_map
    if found is None:
        return None
    return {
        "name": found.name,
        "namespace": found.namespace,
        "key": observed.target.key,
        "immutable": found.immutable,
        "uid": found.uid,
        "resource_version": found.resource_version,
        "created": found.created,
    }


def describe_deployment(observed: CpiState) -> dict[str, Any] | None:
    """The Deployment as returned; None when it does not exist."""
    found = observed.deployment
    if found is None:
        return None
    return {
        "name": found.name,
        "namespace": found.namespace,
        "replicas": found.replicas,
        "running_replicas": replicas_of(observed),
        "ready_replicas": found.ready_replicas,
        "image": found.image,
        "version": found.version,
        "distribution": found.distribution.name,
        "ready": found.is_ready(),
    }


def describe_pods(observed: CpiState) -> list[dict[str, Any]]:
    """CPI's pods as returned; ``config`` is stale when the pod is older than the ConfigMap."""
    stale = {pod.uid for pod in stale_pods(observed.config_map, observed.own_pods)}
    return [
        {
            "name": pod.name,
            "node": (pod.raw.get("spec") or {}).get("nodeName"),
            "phase": pod.status.get("phase"),
            "ready": pod.ready,
            "started": _started(pod),
            "config": "stale" if pod.uid in stale else "current",
        }
        for pod in observed.own_pods
    ]


def _started(pod: Pod) -> str | None:
    started = pod.status.get("startTime")
    return str(started) if started else None


def describe_config(observed: CpiState, found_file: FoundFile | None = None) -> dict[str, Any]:
    """The values in the file and what CPI would reject in it; without a file, only that problem.

    If an interrupted run left no ConfigMap, the original content is read from the backup: CPI created its objects in
    Cloud Director with it, and the next run needs its network and cluster id.
    """
    nothing: dict[str, Any] = {
        "scenario": "invalid",
        "one_arm": None,
        "enable_virtual_service_shared_ip": None,
        "config": None,
        "extra_keys": [],
    }
    text, problem = (found_file.text, found_file.problem) if found_file else _text(observed)
    if text is None:
        return {**nothing, "problems": [problem]}
    config = read_config(text, parse_version(_version(observed)), known_keys(observed))
    if config.document.root is None:
        return {**nothing, "problems": list(config.problems)}
    return {
        "scenario": config.scenario,
        "one_arm": config.one_arm.as_dict() if config.one_arm else None,
        "enable_virtual_service_shared_ip": config.shared,
        "problems": list(config.problems),
        "config": config.public_values(),
        "extra_keys": list(config.passed),
    }


def _text(observed: CpiState) -> tuple[str | None, str]:
    """CPI's file, or why it is missing."""
    target, data = observed.target, _data(observed)
    if data is None:
        return None, f"{target} does not exist"
    if target.key not in data:
        keys = ", ".join(sorted(data)) or "none"
        return None, f"{target} has no key {target.key}; it has {keys}"
    return data[target.key], ""


def known_keys(observed: CpiState) -> tuple[str, ...]:
    """The keys that this CPI knows in addition to the published ones, and those that the operator allows."""
    deployment = observed.deployment
    return (*observed.target.extra_keys, *(deployment.distribution.keys if deployment else ()))


def _data(observed: CpiState) -> Mapping[str, str] | None:
    if observed.config_map is not None:
        return observed.config_map.data
    if observed.journal is not None and observed.journal.in_progress:
        return observed.journal.original.get("data") or {}
    return None


def _version(observed: CpiState) -> str | None:
    return observed.deployment.version if observed.deployment else None


def describe_rollout(observed: CpiState, now: datetime) -> dict[str, Any]:
    """The state of the last rollout (in progress may also mean interrupted), its backup, and the run that does it."""
    journal = observed.journal
    if journal is None:
        return {"state": "none", "backup": None, "replicas": None, "lease": None}
    return {
        "state": journal.state,
        "backup": observed.target.backup_name,
        "replicas": journal.replicas,
        "lease": describe_lease(journal, now),
    }


def describe_lease(journal: Journal, now: datetime) -> dict[str, Any] | None:
    """The lease of the run that changes the cluster, or of a killed one; None if no run has the lease."""
    if journal.lease is None:
        return None
    # an empty holder, which no run has, so that the lease counts as another run's
    live = standing(journal.lease, Holder("", ""), now) is Standing.LIVE
    until, text = journal.lease.until_text, journal.lease.at(now)
    return {"holder": str(journal.lease), "until": until, "live": live, "text": text}


def cluster_id(cluster: Reads, observed: CpiState, config: Mapping[str, Any] | None) -> tuple[str | None, str]:
    """The cluster id as CPI reads it, with its source: the file, or else the environment, usually from a Secret."""
    if config and config["clusterid"]:
        return str(config["clusterid"]), "config"
    variables: Sequence[Object] = (observed.deployment.container().get("env") or ()) if observed.deployment else ()
    variable = next((item for item in variables if item.get("name") == "CLUSTER_ID"), {})
    if variable.get("value"):
        return str(variable["value"]), "environment"
    reference = (variable.get("valueFrom") or {}).get("secretKeyRef") or {}
    name, key = reference.get("name", CLUSTER_ID_SECRET[0]), reference.get("key", CLUSTER_ID_SECRET[1])
    secret = cluster.get(f"/api/v1/namespaces/{observed.target.namespace}/secrets/{name}")
    found = (decoded(((secret or {}).get("data") or {}).get(key)) or "").strip()
    return (found, "secret") if found else (None, "none")


def list_services(cluster: Reads) -> list[Object]:
    """Services of type LoadBalancer in all namespaces, because CPI watches all of them."""
    found = cluster.list(SERVICES_PATH)
    return [raw for raw in found if (raw.get("spec") or {}).get("type") == "LoadBalancer"]
