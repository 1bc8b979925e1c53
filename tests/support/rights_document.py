# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules in docs/rights-kubernetes.md, so that the tests use what operators copy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "rights-kubernetes.md"


def published(kind: str) -> list[dict[str, Any]]:
    """The rules of the Role or the ClusterRole in the document."""
    blocks = re.findall(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.S)
    found = [yaml.safe_load(block) for block in blocks]
    rules: list[dict[str, Any]] = next(item["rules"] for item in found if item["kind"] == kind)
    return rules


def of_namespace(rules: list[dict[str, Any]], namespace: str = "kube-system") -> list[dict[str, Any]]:
    """Rules in the format of the Kubernetes double, limited to a namespace like a Role."""
    return [{**rule, "verbs": [*rule["verbs"]], "namespace": namespace} for rule in rules]
