# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates Deployments, ReplicaSets, Pods, Services and Scales."""

from __future__ import annotations

from typing import Any

from kube_double import names
from kube_double.copies import copied
from kube_double.errors import (
    FieldError,
    Json,
    duplicate,
    forbidden_field,
    invalid_value,
    not_supported,
    required,
)
from kube_double.resources import Resource
from kube_double.selectors import selector_matches

_FIXED_POD_FIELDS = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def content(resource: Resource, new: Json, old: Json | None) -> list[FieldError]:
    if resource.kind in ("Deployment", "ReplicaSet"):
        return _controller(resource.kind, new, old)
    if resource.kind == "Pod":
        return _pod_update(new, old) if old else pod_spec(new.get("spec"), "spec", ("Always", "OnFailure", "Never"))
    if resource.kind == "Service":
        return _service(new, old)
    return []


def not_negative(value: int | None, field: str) -> list[FieldError]:
    wrong = value is not None and value < 0
    return [invalid_value(field, value, "must be greater than or equal to 0")] if wrong else []


def _controller(kind: str, new: Json, old: Json | None) -> list[FieldError]:
    spec = new.get("spec") or {}
    found = not_negative(spec.get("replicas"), "spec.replicas")
    selector = spec.get("selector")
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if not selector:
        found.append(required("spec.selector"))
        if selector is not None:
            found.append(invalid_value("spec.selector", selector, f"empty selector is invalid for {kind.lower()}"))
    elif not selector_matches(selector, labels):
        why = "`selector` does not match template `labels`"
        found.append(invalid_value("spec.template.metadata.labels", labels, why))
    if old and old["spec"].get("selector") != selector:
        found.append(invalid_value("spec.selector", selector, "field is immutable"))
    found += pod_spec((spec.get("template") or {}).get("spec"), "spec.template.spec", ("Always",))
    return found + (_strategy(spec) if kind == "Deployment" else [])


def _strategy(spec: Json) -> list[FieldError]:
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") not in ("RollingUpdate", "Recreate"):
        return [not_supported("spec.strategy.type", strategy.get("type", ""), ["Recreate", "RollingUpdate"])]
    if strategy["type"] == "Recreate":
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden_field("spec.strategy.rollingUpdate", why)] if rolling is not None else []
    if all(str((rolling or {}).get(key)) in ("0", "0%") for key in ("maxSurge", "maxUnavailable")):
        field = "spec.strategy.rollingUpdate.maxUnavailable"
        return [invalid_value(field, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")] if rolling else []
    return []


def pod_spec(spec: Json | None, field: str, policies: tuple[str, ...]) -> list[FieldError]:
    """Validate a pod's specification, of a pod or of the template at ``field``."""
    spec = spec or {}
    found: list[FieldError] = []
    volumes = [volume.get("name", "") for volume in spec.get("volumes") or []]
    for n, name in enumerate(volumes):
        here = f"{field}.volumes[{n}].name"
        found += [required(here)] if not name else [invalid_value(here, name, why) for why in names.label(name)]
        if name in volumes[:n]:
            found.append(duplicate(here, name))
    containers = spec.get("containers") or []
    if not containers:
        found.append(required(f"{field}.containers"))
    seen: list[str] = []
    for kind in ("containers", "initContainers"):
        for n, container in enumerate(spec.get(kind) or []):
            found += _container(container, f"{field}.{kind}[{n}]", volumes, seen)
            seen.append(container.get("name", ""))
    if spec.get("restartPolicy") not in policies:
        found.append(not_supported(f"{field}.restartPolicy", spec.get("restartPolicy", ""), list(policies)))
    return found


def _container(container: Json, field: str, volumes: list[str], seen: list[str]) -> list[FieldError]:
    name = container.get("name", "")
    found = [invalid_value(f"{field}.name", name, why) for why in names.label(name)] if name else []
    if not name:
        found.append(required(f"{field}.name"))
    if name in seen:
        found.append(duplicate(f"{field}.name", name))
    if not container.get("image"):
        found.append(required(f"{field}.image"))
    paths: list[str] = []
    for n, mount in enumerate(container.get("volumeMounts") or []):
        here = f"{field}.volumeMounts[{n}]"
        if mount.get("name") not in volumes:
            found.append(FieldError("FieldValueNotFound", f"{here}.name", f'Not found: "{mount.get("name", "")}"'))
        if mount.get("mountPath") in paths:
            found.append(invalid_value(f"{here}.mountPath", mount["mountPath"], "must be unique"))
        paths.append(mount.get("mountPath", ""))
    return found


def _pod_update(new: Json, old: Json | None) -> list[FieldError]:
    def fixed(item: Json | None) -> Any:
        spec = copied((item or {}).get("spec") or {})
        for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
            container.pop("image", None)
        for key in ("activeDeadlineSeconds", "tolerations"):
            spec.pop(key, None)
        return spec

    return [] if fixed(new) == fixed(old) else [forbidden_field("spec", _FIXED_POD_FIELDS)]


def _port(value: object, field: str) -> list[FieldError]:
    if isinstance(value, int) and not 1 <= value <= 65535:
        return [invalid_value(field, value, "must be between 1 and 65535, inclusive")]
    return []


def _service(new: Json, old: Json | None) -> list[FieldError]:
    spec = new.get("spec") or {}
    found: list[FieldError] = []
    kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
    if spec.get("type") not in kinds:
        found.append(not_supported("spec.type", spec.get("type", ""), kinds))
    ports = spec.get("ports") or []
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        found.append(required("spec.ports"))
    for n, port in enumerate(ports):
        found += _service_port(port, f"spec.ports[{n}]", ports[:n], len(ports) > 1)
    if old:
        before, after = old["spec"].get("clusterIP"), spec.get("clusterIP")
        if before and after != before and spec.get("type") != "ExternalName":
            found.append(invalid_value("spec.clusterIPs[0]", after, "may not change once set"))
        found += _load_balancer_class(spec, old["spec"])
    return found


def _load_balancer_class(spec: Json, before: Json) -> list[FieldError]:
    if "LoadBalancer" == spec.get("type") == before.get("type"):
        was, now = before.get("loadBalancerClass"), spec.get("loadBalancerClass")
        if was != now:
            return [invalid_value("spec.loadBalancerClass", now, "may not change once set")]
    return []


def _service_port(port: Json, field: str, earlier: list[Json], named: bool) -> list[FieldError]:
    found = _port(port.get("port"), f"{field}.port") + _port(port.get("targetPort"), f"{field}.targetPort")
    if port.get("port") is None:
        found.append(required(f"{field}.port"))
    name = port.get("name", "")
    if named and not name:
        found.append(required(f"{field}.name"))
    elif name:
        found += [invalid_value(f"{field}.name", name, why) for why in names.label(name)]
        found += [duplicate(f"{field}.name", name)] if name in [item.get("name") for item in earlier] else []
    if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
        found.append(not_supported(f"{field}.protocol", port.get("protocol", ""), ["SCTP", "TCP", "UDP"]))
    if (port.get("port"), port.get("protocol")) in [(item.get("port"), item.get("protocol")) for item in earlier]:
        found.append(duplicate(field, {"port": port.get("port"), "protocol": port.get("protocol")}))
    return found
