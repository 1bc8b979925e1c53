# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The backup ConfigMap: the way back for people, and the journal by which a killed rollout is finished.

It lies beside CPI's ConfigMap, so that it is there for every operator and every machine, and holds no more than that
one did. It stays after the rollout. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._ccm.objects import ConfigMap, Object, Target, same_content
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput

STATE = "vcd.kubernetes/rollout"
REPLICAS = "vcd.kubernetes/replicas"
IN_PROGRESS = "in_progress"
FINISHED = "finished"
_LABELS = {"app.kubernetes.io/managed-by": "vcd.kubernetes"}
_ORIGINAL, _WANTED, _README = "original.json", "wanted.json", "README"


@dataclass(frozen=True)
class Journal:
    """What a rollout needs to be finished: the ConfigMap before and after, and how many replicas CPI had."""

    state: str
    original: Object
    wanted: Object
    replicas: int
    resource_version: str = ""

    @property
    def in_progress(self) -> bool:
        return self.state == IN_PROGRESS


def read_journal(backup: Object | None, target: Target) -> Journal | None:
    """The journal in a backup ConfigMap; raises InvalidInput when another ConfigMap has its name."""
    if backup is None:
        return None
    found = ConfigMap(backup)
    state = found.annotations.get(STATE)
    if state not in (IN_PROGRESS, FINISHED):
        raise InvalidInput(
            "backup_name", target.backup_name, "a ConfigMap of that name exists and is no backup; choose another name"
        )
    try:
        original, wanted = (_manifest(found.data, name) for name in (_ORIGINAL, _WANTED))
        return Journal(state, original, wanted, int(found.annotations[REPLICAS]), found.resource_version)
    except (KeyError, ValueError, TypeError) as error:
        raise CollectionError(
            f"ConfigMap {target.namespace}/{target.backup_name}: the backup is damaged ({type(error).__name__}): "
            "put CPI's ConfigMap right by hand, then delete the backup"
        ) from error


def _manifest(data: Mapping[str, str], name: str) -> dict[str, Any]:
    found = json.loads(data[name])
    if not isinstance(found, dict):
        raise TypeError(name)
    return found


def backup_manifest(journal: Journal, target: Target) -> dict[str, Any]:
    """The backup ConfigMap that stores a journal; ``resourceVersion`` is set when there is one to be replaced."""
    version = {"resourceVersion": journal.resource_version} if journal.resource_version else {}
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
    }


def _readme(target: Target) -> str:
    name = target.backup_name
    return (
        f"What {target} held before its last change ({_ORIGINAL}) and after it ({_WANTED}).\n"
        f"{STATE}: in_progress means that the change is half-done: run vcd.kubernetes.vcd_ccm_config again.\n"
        "The way back by hand: scale the Deployment to 0, wait until its pod is gone, then\n"
        f"kubectl -n {target.namespace} get configmap {name} -o go-template='{{{{index .data \"{_ORIGINAL}\"}}}}' | "
        "kubectl replace --force -f -\n"
        "and scale the Deployment back.\n"
    )


def original_to_keep(journal: Journal | None, present: ConfigMap | None, wanted: Object) -> Object:
    """Which content is the way back: an interrupted change goes back to where it began, a new one to what is there."""
    if journal is not None:
        if present is None:
            return journal.original
        reached = same_content(present.raw, journal.wanted)
        if reached and (journal.in_progress or same_content(present.raw, wanted)):
            return journal.original
    if present is None:
        raise ValueError("neither a ConfigMap nor a journal")
    return present.manifest()
