# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Who else writes CPI's objects and the Services, and how to pause it during a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.kubernetes_facts import WritingTool
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.cluster.state import ClusterState
from ansible_collections.vcd.kubernetes.plugins.module_utils._sharing.findings import Finding, pluralize, warning

_LISTED = 3
_PAUSED = '--type merge -p \'{"spec":{"paused":true}}\''
_PAUSE: Mapping[str, Callable[[str, str], str]] = {
    "Flux HelmRelease": lambda name, where: f"pause it: flux suspend helmrelease {name} -n {where}",
    "Flux Kustomization": lambda name, where: f"pause it: flux suspend kustomization {name} -n {where}",
    "Argo CD": lambda name, where: f"pause it: argocd app set {name} --sync-policy none",
    "Rancher Fleet": lambda name, where: (
        f"pause it in Rancher's cluster: kubectl patch gitrepo GITREPO -n fleet-default {_PAUSED}"
    ),
    "kapp-controller": lambda name, where: "pause it: kctrl app pause -a APP -n NAMESPACE",
    "Helm": lambda name, where: f"do not run helm upgrade {name} -n {where} during the change",
    "Cluster API": lambda name, where: f"pause it in the management cluster: kubectl patch cluster CLUSTER {_PAUSED}",
}


def check_owners(state: ClusterState) -> Iterator[Finding]:
    """A tool that applies CPI's objects or the Services reverts them, unless it is paused during a change."""
    if not state.changing:
        return
    for owner in state.cluster.owners:
        own = [name for name in owner.objects if not name.startswith("Service ")]
        services = [name for name in owner.objects if name.startswith("Service ")] if state.target.migrates else []
        if not own and not services:
            continue
        name = f"{owner.tool} {owner.name}".rstrip()
        source = "; let it hold the new scenario before it resumes" if own else ""
        message = f"{name} writes {_some([*own, *services])}, and may write its own version back during the change"
        yield warning("owners", f"{message}{source}", pause(owner))


def pause(owner: WritingTool) -> str:
    """How to pause an owner: the command. The person replaces words in capitals: the objects do not contain them."""
    how = _PAUSE.get(owner.tool)
    return how(owner.name or "NAME", owner.namespace or "NAMESPACE") if how else f"see the manual of {owner.tool}"


def _some(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {pluralize(more, 'other object')}" if more > 0 else "")
