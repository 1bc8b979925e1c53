# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server's defaults, and what it allocates (cluster IPs, node ports)."""

from __future__ import annotations

import base64
import hashlib

from kube_double import errors
from kube_double.errors import Json
from kube_double.resources import Resource, of_kind
from kube_double.store import Store

NODE_PORTS = range(30000, 32768)


def fill(resource: Resource, item: Json) -> None:
    """Fill in the defaults that depend only on the object."""
    kind = resource.kind
    if kind == "Secret":
        _secret(item)
    elif kind == "Pod":
        pod_spec(item.setdefault("spec", {}))
        item["spec"].setdefault("enableServiceLinks", True)
    elif kind in ("Deployment", "ReplicaSet"):
        _controller(kind, item)
    elif kind == "Service":
        _service(item.setdefault("spec", {}))
    elif kind == "Node":
        item.setdefault("spec", {})
        _node_status(item.setdefault("status", {}))
    elif kind == "Namespace":
        item.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        item.setdefault("status", {}).setdefault("phase", "Active")
        item["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = item["metadata"]["name"]


def _node_status(status: Json) -> None:
    """The status that the kubelet of a healthy node reports. Every new node gets it."""
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status"}
    status.setdefault("conditions", [ready])
    status["nodeInfo"] = _NODE_INFO | status.get("nodeInfo", {})


_NODE_INFO = {
    "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "containerd://2.0.0", "kernelVersion": "6.1.0",
    "kubeProxyVersion": "", "kubeletVersion": "v1.32.4", "machineID": "", "operatingSystem": "linux",
    "osImage": "kube_double", "systemUUID": "",
}  # fmt: skip


def _secret(item: Json) -> None:
    item.setdefault("type", "Opaque")
    for key, value in item.pop("stringData", {}).items():
        item.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _controller(kind: str, item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))
    if kind == "Deployment":
        strategy = spec.setdefault("strategy", {})
        if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
            rolling = strategy.setdefault("rollingUpdate", {})
            rolling.setdefault("maxSurge", "25%")
            rolling.setdefault("maxUnavailable", "25%")
        spec.setdefault("revisionHistoryLimit", 10)
        spec.setdefault("progressDeadlineSeconds", 600)


def pod_spec(spec: Json) -> None:
    """Fill in the defaults of a pod's specification, in a pod or a template."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _container(container, bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes") or []:
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if source in volume:
                volume[source].setdefault("defaultMode", 420)
        if set(volume) == {"name"}:
            volume["emptyDir"] = {}


def _container(container: Json, host_network: bool) -> None:
    image = container.get("image", "")
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if latest else "IfNotPresent")
    container.setdefault("resources", {})
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
        if host_network:
            port.setdefault("hostPort", port.get("containerPort"))
    for variable in container.get("env") or []:
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            reference.setdefault("apiVersion", "v1")


def _service(spec: Json) -> None:
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports") or []:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def inherit(item: Json, old: Json) -> None:
    """Keep the cluster IP if an update of a Service does not name it."""
    before = old["spec"].get("clusterIP")
    if before and not item["spec"].get("clusterIP") and item["spec"]["type"] != "ExternalName":
        item["spec"]["clusterIP"] = before


def allocate(store: Store, item: Json, old: Json | None) -> None:
    """Allocate the cluster IP and node ports of a Service. An update keeps them; a create takes new ones."""
    spec, before = item["spec"], (old or {}).get("spec") or {}
    if spec["type"] == "ExternalName":
        return
    if not spec.get("clusterIP"):
        spec["clusterIP"] = _cluster_ip(store)
    spec["clusterIPs"] = [spec["clusterIP"]]
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer") and spec.get("allocateLoadBalancerNodePorts", True):
        _node_ports(store, item, before)


def _others(store: Store, item: Json) -> list[Json]:
    mine = (item["metadata"]["namespace"], item["metadata"]["name"])
    services = store.items(of_kind("Service"))
    return [other for other in services if (other["metadata"]["namespace"], other["metadata"]["name"]) != mine]


def _cluster_ip(store: Store) -> str:
    used = {other["spec"].get("clusterIP") for other in store.items(of_kind("Service"))}
    return next(address for n in range(10, 65536) if (address := f"10.96.{n // 256}.{n % 256}") not in used)


def _node_ports(store: Store, item: Json, before: Json) -> None:
    used = {port.get("nodePort") for other in _others(store, item) for port in other["spec"].get("ports") or []}
    kept = {(port["port"], port["protocol"]): port.get("nodePort") for port in before.get("ports") or []}
    found = []
    for n, port in enumerate(item["spec"].get("ports") or []):
        field = f"spec.ports[{n}].nodePort"
        asked = port.get("nodePort") or kept.get((port["port"], port["protocol"]))
        if asked and asked not in NODE_PORTS:
            why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
            found.append(errors.invalid_value(field, asked, why))
        elif asked in used:
            found.append(errors.invalid_value(field, asked, "provided port is already allocated"))
        port["nodePort"] = asked or _free_port(f"{item['metadata']['uid']}/{port['port']}", used)
        used.add(port["nodePort"])
    if found:
        raise errors.invalid("", "Service", item["metadata"]["name"], found)


def _free_port(seed: str, used: set[int | None]) -> int:
    """A node port as scattered as the real allocator's, but always the same for the same object."""
    start = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4], "big")
    size = len(NODE_PORTS)
    return next(port for n in range(size) if (port := NODE_PORTS[(start + n) % size]) not in used)
