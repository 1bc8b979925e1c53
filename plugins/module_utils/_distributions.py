# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The distributions of CPI: how to recognise each, where it is, and what it supports beyond the published CPI. Pure.

Sources: VMware's manifests; the Helm chart of Giant Swarm (cloud-provider-cloud-director-app); Orange's fork (branch
main-orange); Deckhouse's module 030-cloud-provider-vcd with its patches of CPI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import InvalidInput

_KEY = re.compile(r"[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)*")


@dataclass(frozen=True)
class Distribution:
    """One distribution. It is recognised by its ``image``, its ``namespace`` or its ``labels``.

    ``deployment``: the name of CPI's Deployment in ``namespace``, if these differ from VMware's. ``keys``: keys of
    CPI's file that only this CPI knows. ``ip_annotation``: the annotation of a Service that takes precedence over its
    spec.loadBalancerIP. ``annotations``: others that change what this CPI creates. ``writer``: what writes CPI's file
    and reverts all other changes to it; empty if the operator writes it.
    """

    name: str
    image: re.Pattern[str] | None = None
    namespace: str = ""
    deployment: str = ""
    labels: Mapping[str, str] | None = None
    keys: tuple[str, ...] = ()
    ip_annotation: str = ""
    annotations: tuple[str, ...] = ()
    writer: str = ""


PUBLISHED = Distribution("VMware")
DECKHOUSE = Distribution(
    "Deckhouse",
    image=re.compile(r"deckhouse", re.IGNORECASE),
    namespace="d8-cloud-provider-vcd",
    deployment="cloud-controller-manager",
    labels={"module": "cloud-provider-vcd"},
    ip_annotation="vcd.cpi.flant.com/load-balancer-ip",
    writer="Deckhouse's module cloud-provider-vcd",
)
GIANT_SWARM = Distribution("Giant Swarm", image=re.compile(r"giantswarm|:v?\d[\w.]*-gs\b", re.IGNORECASE))
ORANGE = Distribution(
    "Orange",
    image=re.compile(r"orange|cloudavenue", re.IGNORECASE),
    keys=("loadbalancer.transparentMode",),
    annotations=(
        "service.beta.kubernetes.io/vcd-loadbalancer-transparent-mode",
        "service.beta.kubernetes.io/vcloud-loadbalancer-network-name",
    ),
)
DISTRIBUTIONS = (DECKHOUSE, GIANT_SWARM, ORANGE)
# The annotations of a Service that are read in addition to those of the published CPI
ANNOTATIONS = tuple(name for one in DISTRIBUTIONS for name in (one.ip_annotation, *one.annotations) if name)


def recognise(image: str | None, namespace: str, labels: Mapping[str, str]) -> Distribution:
    """The distribution of a Deployment of CPI; PUBLISHED if no other one is recognised."""
    for one in DISTRIBUTIONS:
        by_image = one.image is not None and one.image.search(image or "")
        by_labels = one.labels and all(labels.get(name) == value for name, value in one.labels.items())
        if by_image or by_labels or (one.namespace and one.namespace == namespace):
            return one
    return PUBLISHED


def named(name: str) -> Distribution:
    """The distribution with this name; PUBLISHED for any other name."""
    return next((one for one in DISTRIBUTIONS if one.name == name), PUBLISHED)


def knowing(key: str) -> list[str]:
    """The names of the distributions whose CPI knows this key of the file."""
    return [one.name for one in DISTRIBUTIONS if key in one.keys]


def check_keys(option: str, keys: Iterable[object]) -> tuple[str, ...]:
    """Keys that an operator allows, with dots between the sections. Raises InvalidInput."""
    found = []
    for key in keys:
        if key in ("", None):
            continue
        if not isinstance(key, str) or not _KEY.fullmatch(key.strip()):
            raise InvalidInput(option, key, "is not a key of CPI's file: write loadbalancer.key, or key at the top")
        found.append(key.strip())
    return tuple(found)
