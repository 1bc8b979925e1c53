# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The backup ConfigMap: what an operator needs to go back, and the journal from which an interrupted rollout resumes.

It is stored in the cluster, next to CPI's ConfigMap, so that any machine can resume the run, and it stays there after
the rollout. Pure.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._bounds import OverLimit, unpack_gzip
from ansible_collections.vcd.kubernetes.plugins.module_utils._contract import FINISHED, IN_PROGRESS
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    ConfigMap,
    CpiNames,
    Object,
    same_content,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Hold, parse
from ansible_collections.vcd.kubernetes.plugins.module_utils._json import parse_json
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.layouts import object_differs
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import decimal

STATE = "vcd.kubernetes/rollout"
REPLICAS = "vcd.kubernetes/replicas"
LEASE = "vcd.kubernetes/lease"
_LABELS = {"app.kubernetes.io/managed-by": "vcd.kubernetes"}
_ORIGINAL, _WANTED, _README = "original.json", "wanted.json", "README"
_RESTORE_POINT = "restore-point.json.gz"
# the API server's limit for a ConfigMap: the total size of its values, with binary ones counted before base64 encoding
LARGEST = 1024 * 1024
# a restore point of 1,000 Services takes 10 MiB before it is packed
LARGEST_UNPACKED = 64 * 1024 * 1024


@dataclass(frozen=True)
class Journal:
    """What is needed to resume a rollout: the ConfigMap before and after it, and the number of CPI's replicas.

    ``restore_point`` is the caller's packed restore point (see ``pack``), or empty. ``lease`` is the lease of the run
    that works on the cluster, as it was read.
    """

    state: str
    original: Object
    wanted: Object
    replicas: int
    resource_version: str = ""
    restore_point: str = ""
    lease: Hold | None = field(default=None, compare=False)

    @property
    def in_progress(self) -> bool:
        return self.state == IN_PROGRESS


def read_journal(backup: Object | None, target: CpiNames) -> Journal | None:
    """The journal in a backup ConfigMap. Raises InvalidInput when a ConfigMap with that name is not a backup."""
    if backup is None:
        return None
    found = ConfigMap(backup)
    state = found.annotations.get(STATE)
    if state not in (IN_PROGRESS, FINISHED):
        raise InvalidInput(
            "backup_name", target.backup_name, "a ConfigMap with this name exists and is not a backup; choose another"
        )
    try:
        original, wanted = (_manifest(found.data, name) for name in (_ORIGINAL, _WANTED))
        point = (backup.get("binaryData") or {}).get(_RESTORE_POINT) or ""
        replicas, lease = decimal(found.annotations[REPLICAS]), lease_of(backup)
        if replicas is None:
            raise ValueError(REPLICAS)
        return Journal(state, original, wanted, replicas, found.resource_version, point, lease)
    except (KeyError, ValueError, TypeError) as error:
        raise CollectionError(
            f"ConfigMap {target.namespace}/{target.backup_name}: the backup is damaged ({type(error).__name__}): "
            "check CPI's ConfigMap, correct it if necessary, then delete the backup"
        ) from error


def lease_of(backup: Object | None) -> Hold | None:
    """The lease in a backup ConfigMap, or None."""
    return parse(ConfigMap(backup).annotations.get(LEASE, "")) if backup is not None else None


def with_lease(backup: Object, lease: Hold | None) -> dict[str, Any]:
    """A backup ConfigMap with this lease, or with none."""
    metadata = backup.get("metadata") or {}
    annotations = {name: text for name, text in (metadata.get("annotations") or {}).items() if name != LEASE}
    if lease is not None:
        annotations[LEASE] = lease.text()
    return {**backup, "metadata": {**metadata, "annotations": annotations}}


def _manifest(data: Mapping[str, str], name: str) -> dict[str, Any]:
    found = parse_json(data[name])
    if not isinstance(found, dict) or object_differs(found, "/api/v1/configmaps"):
        raise TypeError(name)
    return found


def pack(restore_point: Mapping[str, Any]) -> str:
    """A restore point in its stored form: JSON, gzip, base64. The same content always gives the same string."""
    content = json.dumps(restore_point, sort_keys=True, separators=(",", ":")).encode()
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def unpack(journal: Journal | None, target: CpiNames) -> dict[str, Any] | None:
    """The restore point in a journal, or None. Raises CollectionError when it cannot be read."""
    if journal is None or not journal.restore_point:
        return None
    try:
        content = base64.b64decode(journal.restore_point, validate=True)
        found = parse_json(unpack_gzip(content, LARGEST_UNPACKED).decode())
        if isinstance(found, dict):
            return found
    except (binascii.Error, OverLimit, ValueError):
        pass
    raise CollectionError(
        f"ConfigMap {target.namespace}/{target.backup_name}: the restore point in {_RESTORE_POINT} is damaged: "
        "remove that entry, and restore from the restore point on disk"
    )


def refuse_too_large(journal: Journal, target: CpiNames) -> None:
    """Raise InvalidInput when the backup with its restore point is too large for a ConfigMap."""
    texts = backup_manifest(journal, target)["data"].values()
    packed = len(base64.b64decode(journal.restore_point))
    size = packed + sum(len(text.encode()) for text in texts)
    if journal.restore_point and size > LARGEST:
        raise InvalidInput(
            "restore_point",
            f"{packed} bytes when packed",
            f"ConfigMap {target.namespace}/{target.backup_name} would hold {size} bytes, and Kubernetes allows "
            f"{LARGEST}; nothing was changed",
        )


def backup_manifest(journal: Journal, target: CpiNames) -> dict[str, Any]:
    """The backup ConfigMap for a journal, with ``resourceVersion`` if it replaces an existing one."""
    version = {"resourceVersion": journal.resource_version} if journal.resource_version else {}
    binary = {"binaryData": {_RESTORE_POINT: journal.restore_point}} if journal.restore_point else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": target.backup_name,
            "namespace": target.namespace,
            "labels": dict(_LABELS),
            "annotations": {STATE: journal.state, REPLICAS: str(journal.replicas)},
            **version,
        },
        "data": {
            _ORIGINAL: json.dumps(journal.original, indent=2, sort_keys=True),
            _WANTED: json.dumps(journal.wanted, indent=2, sort_keys=True),
            _README: _readme(target),
        },
        **binary,
    }


def _readme(target: CpiNames) -> str:
    name = target.backup_name
    return (
        f"The content of {target} before its last change ({_ORIGINAL}) and after it ({_WANTED}).\n"
        f"{STATE}: in_progress means that the change is incomplete: run vcd.kubernetes.vcd_ccm_config again.\n"
        "To go back manually: scale the Deployment to 0, wait until its pod is gone, then run\n"
        f"kubectl -n {target.namespace} get configmap {name} -o go-template='{{{{index .data \"{_ORIGINAL}\"}}}}' | "
        "kubectl replace --force -f -\n"
        "and scale the Deployment back.\n"
        f"{_RESTORE_POINT}, if present, describes the objects in Cloud Director before the change: the role uses it.\n"
    )


def original_to_keep(journal: Journal | None, present: ConfigMap | None, wanted: Object) -> Object:
    """The content to go back to: during a change the content from before it, otherwise the current one.

    A change in progress may get another goal, and each run that continues it finds what the previous run has written.
    None of that is the operator's content.
    """
    if journal is not None and (present is None or journal.in_progress):
        return journal.original
    if present is None:
        raise ValueError("neither a ConfigMap nor a journal")
    if journal is not None and same_content(present.raw, journal.wanted) and same_content(present.raw, wanted):
        return journal.original
    return present.manifest()
