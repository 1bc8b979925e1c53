# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One run at a time on a cluster: the lease in the backup ConfigMap.

The first write of a change takes the lease, and the last one releases it: both write the journal there anyway, and only
if its version is still the one that was read. So the lease needs no additional right and hardly an additional request,
and there is no second object, such as a Lease of coordination.k8s.io, that would have to agree with the journal. A
failed run releases its lease; a killed run cannot, and leaves a change in progress with a lease that expires. Its times
are those of the API server's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.journal import (
    Journal,
    lease_of,
    with_lease,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.rollout.objects import (
    CpiNames,
    Object,
    config_maps,
    same_content,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import (
    RENEWAL,
    Hold,
    Standing,
    Starter,
    standing,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.client import KubernetesApi
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import KubernetesError
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Heartbeat

CONFLICT = 409
_TRIES = 5


class ClusterLease:
    """The lease of one run, while it changes CPI.

    ``take_over``: continue the change of a run that has ended without finishing it; ``option`` is the option's name.
    """

    def __init__(
        self,
        cluster: KubernetesApi,
        target: CpiNames,
        take_over: bool = False,
        starter: Starter | None = None,
        option: str = "take_over",
    ) -> None:
        self._starter = starter or Starter()
        self.holder = self._starter.run()
        self._cluster = cluster
        self._beside = cluster.beside()
        self._target = target
        self._path = f"{config_maps(target)}/{target.backup_name}"
        self._take_over = take_over
        self._option = option
        self._hold: Hold | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """In its body, renew the lease once it is taken. Release it at the end, even after an error."""
        try:
            with Heartbeat(RENEWAL, self._beat):
                yield
        except (Exception, KeyboardInterrupt):
            self.release()
            raise
        self.release()

    def refuse_another(self, journal: Journal | None) -> None:
        """Raise CollectionError if another run works on the cluster, or has ended but must not be taken over."""
        hold = journal.lease if journal is not None else None
        if hold is None:
            return
        now = self._cluster.now()
        found = standing(hold, self.holder, now)
        if found is Standing.LIVE:
            raise self._under_way(hold)
        if found is Standing.ENDED and not self._take_over:
            raise InvalidInput(
                self._option,
                False,
                f"the run of {hold.at(now)} has ended without finishing: set it to true to finish its change",
            )

    def _under_way(self, hold: Hold) -> CollectionError:
        return CollectionError(
            f"another run is under way on this cluster: {hold.at(self._cluster.now())}; wait until it has finished. It "
            f"renews its lease every minute: if it was killed, {self._option}: true is possible after "
            f"{hold.until_text}",
            lease=hold.text(),
        )

    def is_mine(self, journal: Journal | None) -> bool:
        """Whether a journal shows this run's lease."""
        return journal is not None and journal.lease is not None and journal.lease.holder.run == self.holder.run

    # the journal is written with the lease

    def store(self, journal: Journal, body: Object, *, keep: bool) -> Object:
        """Write the backup with this run's lease, or without a lease. Returns it as the API server stores it.

        Raises CollectionError when another run has written it since ``journal`` was read.
        """
        now = self._cluster.now()
        self._hold = (self._hold.renewed(now) if self._hold else Hold.begin(self.holder, now)) if keep else None
        body = with_lease(body, self._hold)
        if not journal.resource_version:
            return self._create(body)
        for _try in range(_TRIES):
            try:
                return self._cluster.replace(self._path, body, _same(body))
            except KubernetesError as error:
                # the heartbeat may have renewed the lease in the meantime
                found = self._cluster.get(self._path) if error.status == CONFLICT else None
                if found is None or not self._holds(found):
                    raise self._conflict(error, found) from error
                version = found["metadata"]["resourceVersion"]
                body = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
        raise CollectionError(f"{self._backup} keeps changing: run again")

    def _create(self, body: dict[str, Any]) -> Object:
        path = self._path.rpartition("/")[0]
        try:
            return self._cluster.create(path, body, _same(body))
        except KubernetesError as error:
            found = self._cluster.get(self._path) if error.status == CONFLICT else None
            raise self._conflict(error, found) from error

    def _conflict(self, error: KubernetesError, found: Object | None) -> CollectionError:
        self._hold = None
        if error.status != CONFLICT:
            return error
        other = lease_of(found)
        if other is not None and standing(other, self.holder, self._cluster.now()) is Standing.LIVE:
            return self._under_way(other)
        return CollectionError(
            f"{self._backup} was written by another run or user at the same moment: this run has stopped, run again"
        )

    @property
    def _backup(self) -> str:
        return f"ConfigMap {self._target.namespace}/{self._target.backup_name}"

    def _holds(self, backup: Object | None) -> bool:
        hold = lease_of(backup)
        return hold is not None and hold.holder.run == self.holder.run

    # while the run works

    def check(self, journal: Journal, body: Object) -> None:
        """Raise CollectionError unless this run holds the lease, and the process that started the run exists.

        A backup that was deleted in the meantime is written again from ``journal``, as ``body``: without it, a run that
        is interrupted from now on could not be finished.
        """
        if self._starter.is_gone():
            raise CollectionError("ansible-playbook, which started this run, has ended: run it again")
        found = self._cluster.get(self._path)
        if found is None:
            metadata = {name: value for name, value in body["metadata"].items() if name != "resourceVersion"}
            self.store(replace(journal, resource_version=""), {**body, "metadata": metadata}, keep=True)
        elif not self._holds(found):
            other = lease_of(found)
            who = (
                f"the run of {other.at(self._cluster.now())} has taken this change over"
                if other
                else f"the lease of this run is no longer in {self._backup}: another run or user has written it"
            )
            raise CollectionError(f"{who}: this run stops")

    def _beat(self) -> bool:
        """Renew the lease, if it was taken. A run that no process waits for any longer lets it expire."""
        if self._starter.is_gone():
            return False
        hold = self._hold
        with suppress(CollectionError):  # tried again in a minute; a run that lost its lease notices at its next check
            found = self._beside.get(self._path) if hold else None
            if hold and found and self._holds(found):
                body = with_lease(found, hold.renewed(self._beside.now()))
                self._beside.replace(self._path, body, _same(body))
        return True

    def release(self) -> None:
        """Release the lease, if this run has it, and keep the rest of the backup. Never raises CollectionError."""
        if self._hold is None:
            return
        self._hold = None
        for _try in range(_TRIES):
            try:
                found = self._cluster.get(self._path)
                if found is None or not self._holds(found):
                    return
                body = with_lease(found, None)
                self._cluster.replace(self._path, body, _same(body))
                return
            except CollectionError as error:
                # the run may be raising an error, which matters more: the lease expires by itself
                if not isinstance(error, KubernetesError) or error.status != CONFLICT:
                    return


def _same(wanted: Object) -> Callable[[Object], bool]:
    return lambda present: same_content(present, wanted)
