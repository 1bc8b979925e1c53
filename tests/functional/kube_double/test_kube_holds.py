# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that are held before or after their effect, so that a test can kill the client exactly there."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import pytest

CONFIG = "/api/v1/namespaces/kube-system/configmaps/config"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"


def begin(kube: Any) -> http.client.HTTPSConnection:
    """Send a change of the ConfigMap's labels without waiting for the answer."""
    host, port = kube.url.removeprefix("https://").rsplit(":", 1)
    context = ssl.create_default_context(cafile=kube.ca)
    client = http.client.HTTPSConnection(host, int(port), context=context, timeout=600)
    headers = {"Authorization": f"Bearer {kube._token}", "Content-Type": "application/merge-patch+json"}
    client.request("PATCH", CONFIG, json.dumps({"metadata": {"labels": {"mark": "held"}}}), headers)
    return client


def mark(kube: Any) -> str:
    return str((kube.get("ConfigMap", "kube-system", "config")["metadata"].get("labels") or {}).get("mark", ""))


def wait_until_held(kube: Any) -> None:
    kube.wait_for(lambda: [one for one in kube.faults() if one["used"] == 1 and one["held"] == 1], "a held request")


@pytest.mark.parametrize(("when", "meanwhile"), [("before", ""), ("after", "held")])
def test_a_held_request_is_answered_after_its_release(kube: Any, when: str, meanwhile: str) -> None:
    kube.faults([{"writes": True, "action": f"hold_{when}"}])
    client = begin(kube)
    wait_until_held(kube)
    assert mark(kube) == meanwhile
    kube.faults([])
    with client.getresponse() as answer:
        assert answer.status == 200
    client.close()
    assert mark(kube) == "held"


@pytest.mark.parametrize(("when", "left"), [("before", ""), ("after", "held")])
def test_a_held_request_ends_with_its_client(kube: Any, when: str, left: str) -> None:
    kube.faults([{"writes": True, "action": f"hold_{when}"}])
    client = begin(kube)
    wait_until_held(kube)
    client.close()
    kube.wait_for(lambda: not kube.faults()[0]["held"], "the end of the held request")
    kube.faults([])
    assert mark(kube) == left
    assert [entry["code"] for entry in kube.journal() if entry["method"] == "PATCH"] == [0]


def test_a_refusal_is_held_as_well(kube: Any) -> None:
    kube.delete("ConfigMap", "kube-system", "config")
    kube.faults([{"writes": True, "action": "hold_after"}])
    client = begin(kube)
    wait_until_held(kube)
    kube.faults([])
    with client.getresponse() as answer:
        assert answer.status == 404
    client.close()


def test_reviews_and_dry_runs_are_not_writes(kube: Any, refused: Any) -> None:
    kube.faults([{"writes": True, "times": 9, "action": "status", "code": 503}])
    body = {"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "spec": {"namespace": "x"}}
    kube.request("POST", REVIEW, body)
    labels = {"metadata": {"labels": {"mark": "dry"}}}
    kube.request("PATCH", f"{CONFIG}?dryRun=All", labels, "application/merge-patch+json")
    assert refused(kube.request, "PATCH", CONFIG, labels, "application/merge-patch+json")["code"] == 503
    assert refused(kube.request, "DELETE", CONFIG)["code"] == 503
    assert [(rule["seen"], rule["used"]) for rule in kube.faults()] == [(2, 2)]
