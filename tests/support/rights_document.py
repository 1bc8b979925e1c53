# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifests in docs/rights-kubernetes.md, because the tests must use what operators copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "rights-kubernetes.md"
SERVER, CA, TOKEN = "SERVER", "CA", "TOKEN"  # the operator's values


def manifest(kind: str) -> dict[str, Any]:
    """The only manifest of this kind in the document."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    found = [item for block in blocks for item in yaml.safe_load_all(block) if item["kind"] == kind]
    (one,) = found
    return dict(one)


def published(kind: str) -> list[dict[str, Any]]:
    """The rules of the Role or the ClusterRole in the document."""
    rules: list[dict[str, Any]] = manifest(kind)["rules"]
    return rules


def kubeconfig(server: str, ca: str, token: str) -> str:
    """The kubeconfig in the document, filled in. ``ca`` is in base64, as the document says."""
    given = {SERVER: server, CA: ca, TOKEN: token}
    text = yaml.safe_dump(manifest("Config"))
    return re.sub(rf"\b(?:{SERVER}|{CA}|{TOKEN})\b", lambda found: given[found[0]], text)


def of_namespace(rules: list[dict[str, Any]], namespace: str = "kube-system") -> list[dict[str, Any]]:
    """Rules in the format of the Kubernetes double, limited to a namespace like a Role."""
    return [{**rule, "verbs": [*rule["verbs"]], "namespace": namespace} for rule in rules]
