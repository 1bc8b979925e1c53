# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""One run at a time on an edge gateway, across hosts and jobs: a marker object in Cloud Director is the lock.

Why an application port profile: its name is unique in the organization, so only one run can create it; its description
can name the holder; CPI's user may create and delete it; and no traffic depends on it. The alternatives:

- Metadata, or the description of an existing object: writing it is not a test-and-set. The last writer
  wins, and neither run notices.
- A NAT rule: several rules may have the same name, and each write to one makes the whole gateway busy.
- An IP set: its name is unique, too, but it needs a right (firewall) that CPI's user may not have.
- A defined entity: it has no unique name, and needs a type that a provider has to create first.
- A lease in Kubernetes: the clusters that share an edge gateway have no API server in common, and machines have none.

Which clock: a lock expires by Cloud Director's clock (the Date header), because the clocks of hosts may differ. For
descriptions that it cannot read, a waiting run also removes a lock that has not changed for its lifetime, measured by
the run's own monotonic clock. A run killed on this machine is recognized at once: see `_hold`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, InvalidInput
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import (
    LIFETIME,
    RENEWAL,
    Hold,
    Standing,
    Starter,
    parse,
    standing,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.app_port_profile.marker import Markers
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import Refused, TaskFailed
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Deadline, Heartbeat, Pace

POLLS = Pace(first=0.5, factor=1.5, longest=10.0)
SAY_AGAIN = 60.0
BAD_REQUEST = 400
_TITLE = "Lock of vcd.kubernetes, do not use:"


class EdgeLock:
    """The lock of one edge gateway, held within a ``with`` block.

    ``wait`` is the longest wait for it in seconds, from ``option``. ``say(text)`` reports progress. Raises
    CollectionError, with nothing written, when another run keeps the lock for longer.
    """

    def __init__(
        self,
        api: Api,
        gateway: Body,
        wait: float,
        say: Callable[[str], None] = lambda text: None,
        starter: Starter | None = None,
        clock: Clock | None = None,
        option: str = "lock_timeout",
    ) -> None:
        if wait < 0:
            raise InvalidInput(option, wait, "give seconds, 0 or more")
        self._option = option
        self._api = api
        self._edge = f"edge gateway {gateway['name']!r}"
        self._markers = Markers(api, gateway)
        # The run may cache what it reads, which the heartbeat must not: it has its own `Api` on the same session.
        self._beside = Markers(Api(api.session), gateway)
        self._wait = Deadline(wait, clock)
        self._say = say
        self._starter = starter or Starter()
        self._hold = Hold.begin(self._starter.run(), api.session.now())
        self._urn = ""
        self._lost = False
        self._renewed = 0.0
        self._seen: dict[str, tuple[str, float]] = {}
        self._said = ("", 0.0)
        self._others: list[Body] = []
        self._stack = ExitStack()

    def __enter__(self) -> EdgeLock:
        intervals = POLLS.intervals()
        while not self._take():
            if self._wait.expired():
                raise self._taken_by_another()
            self._wait.sleep(next(intervals))
        self._stack.callback(self._release)
        self._stack.enter_context(Heartbeat(RENEWAL, self._beat))
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def check(self) -> None:
        """Raise CollectionError unless this run still holds the lock, and the process that started it exists."""
        if self._starter.is_gone():
            raise CollectionError("ansible-playbook, which started this run, has ended: run it again")
        if not self._lost and self._now() - self._renewed > LIFETIME / 2:
            self._beat()
        if self._lost or self._now() - self._renewed > LIFETIME:
            raise CollectionError(f"the lock of {self._edge} was lost to another run: run again")

    def _now(self) -> float:
        return self._wait.clock.monotonic()

    # taking it

    def _take(self) -> bool:
        """Whether this run holds the lock now. Removes the lock of a run that has ended."""
        self._renewed = self._now()
        others = self._others = self._create()
        if not others and self._urn:
            return True
        if self._urn:
            # Cloud Director keeps names unique. Should it ever fail to, neither of two creators may go on.
            urn, self._urn = self._urn, ""
            self._markers.delete(urn)
        ended = [marker for marker in others if self._has_ended(marker)]
        for marker in ended:
            self._markers.delete(str(marker["id"]))
        for marker in others:
            if marker not in ended:
                self._report(marker)
        return self._take() if ended and len(ended) == len(others) else False

    def _create(self) -> list[Body]:
        """Try to create the marker. Returns the markers of other runs."""
        self._hold = replace(self._hold, since=self._api.session.now()).renewed(self._api.session.now())
        try:
            self._urn = self._markers.create(f"{_TITLE} {self._hold.text()}", self._is_mine)
        except (Refused, TaskFailed) as error:
            if isinstance(error, Refused) and error.status != BAD_REQUEST:
                raise
            others = [one for one in self._markers.list() if not self._is_mine(one)]
            if not others and not self._was_taken(error):
                raise
            return others
        return [one for one in self._markers.list() if one["id"] != self._urn]

    def _was_taken(self, error: CollectionError) -> bool:
        """Whether the name was taken when this run tried, even if the other run has released it since then."""
        return "already exists" in str(error.details.get("text") or error.message)

    def _is_mine(self, marker: Body) -> bool:
        found = parse(str(marker.get("description") or ""))
        return found is not None and found.holder.run == self._hold.holder.run

    def _has_ended(self, marker: Body) -> bool:
        description, urn, now = str(marker.get("description") or ""), str(marker["id"]), self._now()
        before, since = self._seen.get(urn, ("", now))
        if before != description:
            since = now
        self._seen[urn] = (description, since)
        hold = parse(description)
        if hold is not None and standing(hold, self._hold.holder, self._api.session.now()) is Standing.ENDED:
            who = hold.at(self._api.session.now())
            self._say(f"{self._edge} was locked by {who}, a run that has ended: its lock is removed")
            return True
        return now - since > LIFETIME

    def _report(self, marker: Body) -> None:
        holder, said_at = self._said
        if marker["id"] != holder or self._now() - said_at > SAY_AGAIN:
            self._said = (str(marker["id"]), self._now())
            self._say(f"waiting for {self._edge}: another run is under way there: {self._describe(marker)}")

    def _taken_by_another(self) -> CollectionError:
        holders = [self._describe(marker) for marker in self._others]
        who = f": {', '.join(holders)}" if holders else ""
        return CollectionError(
            f"{self._option}: another run is under way on {self._edge}{who}, and has not finished within "
            f"{self._wait.seconds:g} s: nothing was written; run again later, or give a longer {self._option}. A "
            "killed run loses its lock at the time given after until",
            lock=self._markers.name,
        )

    def _describe(self, marker: Body) -> str:
        hold = parse(str(marker.get("description") or ""))
        if hold is None:
            return f"an unknown one (application port profile {marker.get('name')!r})"
        return hold.at(self._api.session.now())

    # keeping it

    def _beat(self) -> bool:
        """Renew the lock. Returns whether to continue: a run that no process waits for lets its lock expire."""
        if self._starter.is_gone():
            return False
        try:
            marker = self._beside.read(self._urn)
            if marker is None or not self._is_mine(marker):
                self._lost = True
                return False
            renewed = self._now()
            self._beside.describe(marker, f"{_TITLE} {self._hold.renewed(self._api.session.now()).text()}")
            self._renewed = renewed
        except CollectionError:
            return True  # Cloud Director may answer the next heartbeat; `check` stops the run if it does not
        return True

    def _release(self) -> None:
        if self._lost:
            return
        try:
            self._markers.delete(self._urn)
        except CollectionError as error:
            # everything is written by now, or another error is being raised: let the lock expire by itself
            self._say(f"the lock of {self._edge} could not be removed, and expires by itself: {error.message}")
