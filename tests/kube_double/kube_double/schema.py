# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decodes objects as the API server does: refuses wrong types, drops and reports unknown fields."""

from __future__ import annotations

import base64
import binascii
import json
import pathlib
import re
from typing import Any

from kube_double import errors
from kube_double.errors import Json

TYPES: dict[str, dict[str, str]] = json.loads(
    (pathlib.Path(__file__).parent / "schema.json").read_text(encoding="utf-8")
)["types"]

# Lists that a strategic merge patch merges by a key (the API's patchMergeKey). It replaces all other lists.
MERGE_KEYS: dict[tuple[str, str], str] = {
    ("PodSpec", "containers"): "name", ("PodSpec", "initContainers"): "name",
    ("PodSpec", "ephemeralContainers"): "name", ("PodSpec", "volumes"): "name",
    ("PodSpec", "imagePullSecrets"): "name", ("PodSpec", "hostAliases"): "ip",
    ("PodSpec", "topologySpreadConstraints"): "topologyKey", ("PodSpec", "schedulingGates"): "name",
    ("PodSpec", "resourceClaims"): "name",
    ("Container", "env"): "name", ("Container", "ports"): "containerPort",
    ("Container", "volumeMounts"): "mountPath", ("Container", "volumeDevices"): "devicePath",
    ("ServiceSpec", "ports"): "port", ("ServiceAccount", "secrets"): "name",
    ("ObjectMeta", "ownerReferences"): "uid",
    ("PodStatus", "conditions"): "type", ("PodStatus", "podIPs"): "ip", ("PodStatus", "hostIPs"): "ip",
    ("NodeStatus", "conditions"): "type", ("NodeStatus", "addresses"): "type",
    ("DeploymentStatus", "conditions"): "type", ("ReplicaSetStatus", "conditions"): "type",
    ("NamespaceStatus", "conditions"): "type", ("ServiceStatus", "conditions"): "type",
}  # fmt: skip
# Lists of plain values that it merges as sets.
MERGED_SETS = {("ObjectMeta", "finalizers"), ("NodeSpec", "podCIDRs")}

_LONG = {
    "activeDeadlineSeconds", "deletionGracePeriodSeconds", "fsGroup", "generation", "gracePeriodSeconds",
    "observedGeneration", "runAsGroup", "runAsUser", "terminationGracePeriodSeconds", "tolerationSeconds",
}  # fmt: skip


class Decoder:
    """Decodes one object. ``unknown`` lists the dropped fields by path, in the order of the body."""

    def __init__(self) -> None:
        self.unknown: list[str] = []

    def decode(self, kind: str, content: Json) -> Json:
        """``content`` as the type ``kind``. Raises ``ValueError`` with the decoder's text for a wrong type."""
        return self._struct(kind, content, "")

    def _struct(self, kind: str, content: Json, path: str) -> Json:
        fields = TYPES[kind]
        decoded: Json = {}
        for key, value in content.items():
            here = f"{path}.{key}" if path else key
            if key not in fields:
                self.unknown.append(here)
            elif value is not None:
                found = self._value(fields[key], value, here, f"{kind}.{here}")
                if found not in ([], {}) or fields[key][0] not in "[{":
                    decoded[key] = found
        return decoded

    def _value(self, wanted: str, value: Any, path: str, field: str) -> Any:
        if wanted == "any":
            return value
        if wanted[0] == "[":
            self._require(isinstance(value, list), value, field, f"[]{wanted[1:-1]}")
            return [self._value(wanted[1:-1], item, f"{path}[{n}]", field) for n, item in enumerate(value)]
        if wanted[0] == "{":
            self._require(isinstance(value, dict), value, field, f"map[string]{wanted[1:-1]}")
            return {key: self._entry(wanted[1:-1], item, f"{path}.{key}", field) for key, item in value.items()}
        if wanted in TYPES:
            self._require(isinstance(value, dict), value, field, wanted)
            return self._struct(wanted, value, path)
        return self._scalar(wanted, value, field)

    def _entry(self, wanted: str, value: Any, path: str, field: str) -> Any:
        if value is None and wanted in ("string", "bytes"):
            return ""
        return self._value(wanted, value, path, field)

    def _scalar(self, wanted: str, value: Any, field: str) -> Any:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if wanted == "int":
            whole = number and float(value).is_integer()
            self._require(whole, value, field, "int64" if field.rpartition(".")[2] in _LONG else "int32")
            return int(value)
        if wanted == "bool":
            self._require(isinstance(value, bool), value, field, "bool")
        elif wanted == "quantity":
            self._require(number or isinstance(value, str), value, field, "resource.Quantity")
            return str(value)
        elif wanted == "int-or-string":
            self._require(number or isinstance(value, str), value, field, "intstr.IntOrString")
        elif wanted == "number":
            self._require(number, value, field, "float64")
        else:
            self._require(isinstance(value, str), value, field, "[]uint8" if wanted == "bytes" else "string")
            if wanted == "bytes":
                _require_base64(value)
        return value

    @staticmethod
    def _require(fits: bool, value: Any, field: str, wanted: str) -> None:
        if not fits:
            found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
            raise ValueError(f"json: cannot unmarshal {found} into Go struct field {field} of type {wanted}")


def _require_base64(value: str) -> None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as why:
        wrong = re.search(r"[^A-Za-z0-9+/=]", value)
        at = wrong.start() if wrong else len(value) - len(value) % 4
        raise ValueError(f"illegal base64 data at input byte {at}") from why


def read(kind: str, api_version: str, content: Json, validation: str) -> tuple[Json, list[str]]:
    """Decode a request's object.

    ``validation`` is the request's ``fieldValidation`` (Ignore, Warn, Strict). Returns the object and the warnings;
    raises a 400 as the API server does for a wrong type, and for an unknown field when strict.
    """
    decoder = Decoder()
    version = api_version.rpartition("/")[2]
    prefix = f'{kind} in version "{version}" cannot be handled as a {kind}'
    try:
        decoded = decoder.decode(kind, content)
    except ValueError as why:
        raise errors.bad_request(f"{prefix}: {why}") from why
    reported = [f'unknown field "{path}"' for path in decoder.unknown]
    if reported and validation == "Strict":
        raise errors.bad_request(f"{prefix}: strict decoding error: {', '.join(reported)}")
    return decoded, reported if validation != "Ignore" else []
