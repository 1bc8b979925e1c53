# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of a second run on a cluster, whenever it meets the first one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout import manage as managing
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import LEASE
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Hold, Holder
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi, connect
from kube_double.testing import KubeDouble
from rollout_helpers import BACKUP, DEFAULTS, EXTERNAL, INTERNAL, NAMESPACE, Killed, kill_at, run, run_and_die, writes

ELSEWHERE = Holder("another", "alice@awx-1", "77", "elsewhere", "4711.5", "carol")
WHO = r"alice@awx-1 \(started by carol, job 77, process 4711\) since 20\S+Z \(\d+ s ago\), until 20\S+Z "
UNDER_WAY = rf"another run is under way on this cluster: {WHO}\(in \d+ s\); wait until it has finished\. "
TAKE_OVER = r".*take_over: true is possible after 20\S+Z"


def begun_elsewhere(kube: KubeDouble, age: float = 60) -> None:
    """Another run stores its backup, and takes the lease."""
    assert run_and_die(kube, 1, False, **EXTERNAL)
    give_lease_away(kube, age)


def give_lease_away(kube: KubeDouble, age: float = 60) -> None:
    """Give the lease to another run."""
    begun = datetime.now(timezone.utc) - timedelta(seconds=age)
    annotations = {LEASE: Hold.begin(ELSEWHERE, begun).text()}
    path = kube.path("ConfigMap", NAMESPACE, BACKUP)
    kube.request("PATCH", path, {"metadata": {"annotations": annotations}}, "application/merge-patch+json")


def message(kube: KubeDouble, before: Callable[[str, str], None] = lambda method, path: None, **options: object) -> str:
    """The message of a run that must fail. ``before`` is called before each of its requests."""
    with connect({"kubeconfig": kube.kubeconfig}) as real:
        send = real._send

        def sending(method: str, path: str, *more: object, **rest: object) -> dict[str, object]:
            before(method, path)
            return send(method, path, *more, **rest)

        with pytest.raises(CollectionError) as caught:
            managing.manage(KubernetesApi(sending), {**DEFAULTS, **INTERNAL, **options}, False)
    return caught.value.message


def test_a_run_that_finds_another_one_is_refused(fresh: KubeDouble) -> None:
    begun_elsewhere(fresh)
    start = len(writes(fresh))
    for take_over in (False, True):
        assert re.match(UNDER_WAY + TAKE_OVER, message(fresh, take_over=take_over))
    assert writes(fresh)[start:] == []


@pytest.mark.parametrize("write", ["POST", "PUT"])
def test_of_two_runs_that_begin_at_the_same_moment_the_second_is_refused(fresh: KubeDouble, write: str) -> None:
    """Both have found no lease, and the other run writes first."""
    if write == "PUT":  # a backup of an earlier change exists
        run(fresh, **EXTERNAL)
        run(fresh, scenario="distinct_internal", one_arm=INTERNAL["one_arm"])
    done: list[str] = []

    def before(method: str, path: str) -> None:
        if method == write and path.rpartition("/")[2] in ("configmaps", BACKUP) and not done:
            done.append(path)
            begun_elsewhere(fresh)

    text = message(fresh, before)
    assert done
    assert re.match(UNDER_WAY + TAKE_OVER, text), text
    assert "409" not in text


def test_a_run_that_has_lost_its_lease_stops(fresh: KubeDouble) -> None:
    """Another run has taken over: the run's last write is refused, and the message names the new owner."""
    done: list[str] = []

    def before(method: str, path: str) -> None:
        if method == "DELETE" and not done:
            done.append(path)
            give_lease_away(fresh)

    text = message(fresh, before)
    assert re.search(UNDER_WAY + TAKE_OVER, text), text


def test_the_end_of_a_killed_run_is_reported(fresh: KubeDouble) -> None:
    begun_elsewhere(fresh, age=1000)
    ended = rf"take_over: false: the run of {WHO}\(\d+ s ago\) has ended without finishing: set it to true to finish"
    text = message(fresh, take_over=False)
    assert re.match(ended, text), text
    with connect({"kubeconfig": fresh.kubeconfig}) as cluster, pytest.raises(Killed):
        managing.manage(kill_at(cluster, 2, False), {**DEFAULTS, **EXTERNAL}, False)
    # the run's own process is known to have ended, although the lease has not expired
    text = message(fresh, take_over=False)
    assert re.search(r"until 20\S+Z \(in \d+ s\) has ended without finishing: set it to true", text), text
    assert "CPI is stopped: " in text


def test_another_object_that_appears_at_the_same_moment_is_reported(fresh: KubeDouble) -> None:
    def before(method: str, path: str) -> None:
        if method == "POST" and path.endswith("configmaps") and not fresh.get("ConfigMap", NAMESPACE, BACKUP):
            fresh.load(
                [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": BACKUP, "namespace": NAMESPACE}}]
            )

    text = message(fresh, before)
    assert text.startswith(f"ConfigMap {NAMESPACE}/{BACKUP} was written by another run or user at the same moment")
