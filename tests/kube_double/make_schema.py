# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write ``kube_double/schema.json``: the fields of each object, from the models of the official Python client.

Run it with the ``kubernetes`` package installed, after adding a root type or to follow a newer API:
``python make_schema.py``. The server itself reads only the JSON, so it starts without that package.
"""

from __future__ import annotations

import datetime
import json
import pathlib
import types
import typing
from typing import Any

import kubernetes
from kubernetes.client import models
from pydantic import BaseModel

ROOTS = [
    "V1ConfigMap", "V1Secret", "V1Service", "V1Node", "V1Namespace", "V1Pod", "V1ServiceAccount", "CoreV1Event",
    "V1Deployment", "V1ReplicaSet", "V1Role", "V1RoleBinding", "V1ClusterRole", "V1ClusterRoleBinding", "V1Lease",
    "V1Scale", "V1SelfSubjectAccessReview", "V1SelfSubjectRulesReview", "V1SelfSubjectReview", "V1DeleteOptions",
]  # fmt: skip
# The models declare these as strings, but JSON may hold a number as well.
QUANTITIES = {
    ("ResourceRequirements", "limits"), ("ResourceRequirements", "requests"), ("VolumeResourceRequirements", "limits"),
    ("VolumeResourceRequirements", "requests"), ("NodeStatus", "capacity"), ("NodeStatus", "allocatable"),
    ("EmptyDirVolumeSource", "sizeLimit"), ("PodSpec", "overhead"), ("ResourceFieldSelector", "divisor"),
    ("ContainerStatus", "allocatedResources"),
}  # fmt: skip
SCALARS = {str: "string", bool: "bool", int: "int", float: "number", datetime.datetime: "time", bytes: "bytes"}


def type_name(model: type[BaseModel]) -> str:
    """``V1DeploymentSpec`` is ``DeploymentSpec`` in the API server's texts."""
    name = model.__name__
    for prefix in ("CoreV1", "AuthenticationV1", "RbacV1", "V1"):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def expression(annotation: Any, found: list[type[BaseModel]]) -> str:
    """One of: a scalar's name, a type's name, ``[T]`` for a list, ``{T}`` for a map, ``any``."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return expression(arguments[0], found)
    if origin in (typing.Union, types.UnionType):
        names = {expression(argument, found) for argument in arguments if argument is not types.NoneType}
        if names == {"int", "string"}:
            return "int-or-string"
        return "bytes" if "bytes" in names else names.pop()
    if origin is list:
        return f"[{expression(arguments[0], found)}]"
    if origin is dict:
        return f"{{{expression(arguments[1], found)}}}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found.append(annotation)
        return type_name(annotation)
    return SCALARS.get(annotation, "any")


def collect() -> dict[str, dict[str, str]]:
    """Every type that is reachable from the roots, with its fields under their JSON names."""
    waiting: list[type[BaseModel]] = [getattr(models, name) for name in ROOTS]
    collected: dict[str, dict[str, str]] = {}
    while waiting:
        model = waiting.pop()
        name = type_name(model)
        if name in collected:
            continue
        fields = {}
        for attribute, field in model.model_fields.items():
            key = field.serialization_alias or attribute
            wanted = expression(field.annotation, waiting)
            fields[key] = wanted.replace("string", "quantity") if (name, key) in QUANTITIES else wanted
        collected[name] = dict(sorted(fields.items()))
    return dict(sorted(collected.items()))


def main() -> None:
    target = pathlib.Path(__file__).parent / "kube_double" / "schema.json"
    content = {"source": f"kubernetes (Python client) {kubernetes.__version__}", "types": collect()}
    target.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
