# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Every error that ends a run and leaves CPI stopped says so, with what starts CPI again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import read_journal
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    ConfigMap,
    CpiNames,
    Deployment,
    config_maps,
    deployment_path,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.plan import CpiState, replicas_of
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.rollout import REPLICAS
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, defect
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Holder, Standing, standing
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi
from ansible_collections.vcd.kubernetes.plugins.module_utils._stopped import READ, StoppedCpi

CPI_STOPPED = "cpi_stopped"
THIS_RUN = "the next run that finishes this change starts it"
ANY_RUN = "the next run that succeeds starts it"


@contextmanager
def stop_is_reported(cluster: KubernetesApi, target: CpiNames) -> Iterator[None]:
    """If an error in the body leaves CPI stopped, the error says so."""
    try:
        yield
    except Exception as error:  # after a defect, too, the error must mention a stopped CPI
        raise with_stopped_cpi(error, cluster, target) from error


def with_stopped_cpi(error: Exception, cluster: KubernetesApi, target: CpiNames, known: int = 0) -> CollectionError:
    """The error for the operator. It mentions CPI if that was running before and is stopped now. Never raises.

    ``known``: the number of replicas that CPI had when this run stopped it, 0 if the run did not. The details get
    `READ` if the Deployment can be read.
    """
    error = error if isinstance(error, CollectionError) else defect(error)
    if CPI_STOPPED in error.details:
        return error
    known = known or int(error.details.get(REPLICAS) or 0)
    error.details.pop(READ, None)  # an outdated value: the run has done more since it was read
    try:
        raw = cluster.get(deployment_path(target))
        if raw is not None:
            error.details[READ] = Deployment(raw).replicas
        backup = cluster.get(f"{config_maps(target)}/{target.backup_name}")
        present = cluster.get(f"{config_maps(target)}/{target.name}")
    except CollectionError as second:
        if not known:
            return error
        stopped = StoppedCpi(target.namespace, target.deployment, known)
        why = f" ({second.message})" if second.message not in error.message else ""
        return _with(error, f"{stopped.unread}{why}; {ANY_RUN}", stopped)
    if raw is None or Deployment(raw).replicas:
        return error
    try:
        journal, readable = read_journal(backup, target), True
    except CollectionError:
        journal, readable = None, False
    seen = CpiState(target, ConfigMap(present) if present else None, journal, Deployment(raw), ())
    replicas = replicas_of(seen) or known
    lease = journal.lease if journal else None
    other = lease if lease and standing(lease, Holder("", ""), cluster.now()) is Standing.LIVE else None
    if not replicas or (other and not known):
        return error  # CPI is not known to have run, or the run that stopped it is still at work
    stopped = StoppedCpi(target.namespace, target.deployment, replicas)
    if other:
        return _with(error, f"{stopped}; the run of {other} starts it", stopped)
    if journal is None or not journal.in_progress or not readable:
        # without its journal nothing shows whether Services are half migrated, so only a run may start CPI
        return _with(error, f"{stopped}; {ANY_RUN}", stopped)
    if journal.restore_point:
        return _with(error, f"{stopped}; {THIS_RUN}, and so does the playbook vcd.kubernetes.restore", stopped)
    command = f", and so does: {stopped.command}" if present else ""
    return _with(error, f"{stopped}; {THIS_RUN}{command}", stopped)


def _with(error: CollectionError, text: str, stopped: StoppedCpi) -> CollectionError:
    return CollectionError(f"{error.message.rstrip('.;')}; {text}", **{**error.details, CPI_STOPPED: stopped.replicas})
