# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request on its way through the simulator, its answer, and the operations that turn one into the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.etree.ElementTree import Element

from vcdsim import errors
from vcdsim.api_versions import Version
from vcdsim.faults import Rule
from vcdsim.rights import PROVIDER
from vcdsim.sessions import Session
from vcdsim.simulated_vcd import SimulatedVcd
from vcdsim.store import Record, Store
from vcdsim.tasks import Task, wall_clock

OPEN = ""  # the right of an operation that needs no session
LOGGED_IN = "*"  # the right of an operation that needs only a session


@dataclass
class Reply:
    """An answer: JSON for a dict or a list, XML for an element, text for a string, nothing for None."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Call:
    """One request after routing. ``params`` are the decoded variables of its path.

    ``touched`` (the object) and ``task`` go into the journal. A write also has the ``name`` of its object, the URN of
    its edge ``gateway``, and a ``number`` that counts writes. ``looked`` is how many objects its handler looked at.
    """

    vcd: SimulatedVcd
    operation: Operation
    path: str
    params: dict[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    version: Version
    base: str
    raw: bytes = b""
    raw_query: str = ""
    session_or_none: Session | None = None
    fault: Rule | None = None
    touched: str | None = None
    task: str | None = None
    name: str | None = None
    gateway: str | None = None
    number: int = 0
    looked: int = 0
    body_or_none: Any = None

    @property
    def store(self) -> Store:
        return self.vcd.store

    @property
    def session(self) -> Session:
        """The caller's session. Only operations that need a session may read it."""
        if self.session_or_none is None:
            raise errors.unauthorized()
        return self.session_or_none

    @property
    def body(self) -> Any:
        return self.body_or_none

    def may(self, right: str) -> bool:
        return right in self.session.rights

    @property
    def tenant_context(self) -> str | None:
        """The URN of the organisation that the caller names as its tenant context; None without one.

        A tenant may name only its own organisation. A system administrator acts for a tenant with it.
        """
        named = self.headers.get("X-VMWARE-VCLOUD-TENANT-CONTEXT", "")
        return f"urn:vcloud:org:{named.rsplit(':', 1)[-1]}" if named else None

    @property
    def acting_org(self) -> str:
        """The URN of the organisation that the caller acts for: the default owner of new objects."""
        return self.tenant_context or self.session.org.id

    def check_context(self) -> None:
        """Answers 403 if the tenant context is not an organisation, or not the tenant's own."""
        context = self.tenant_context
        if context is None:
            return
        known = self.store.get("org", context) if self.session.is_provider else None
        if known is None and context != self.session.org.id:
            raise errors.forbidden("Base", self.operation.name, context)

    def sees(self, record: Record) -> bool:
        """Whether the object belongs to the caller's organisation or is shared with all.

        A provider sees every object, and in a tenant context those of that tenant and its own (assumed).
        """
        if record.shared:
            return True
        if not self.session.is_provider:
            return record.org == self.session.org.id
        return self.tenant_context is None or record.org in (None, self.tenant_context, self.session.org.id)

    def owned(self, kind: str) -> list[Record]:
        """The objects of the organisation that the caller acts for: System for a provider without context."""
        return [record for record in self.store.all(kind) if record.org == self.acting_org]

    def visible(self, kind: str) -> list[Record]:
        return [record for record in self.store.all(kind) if self.sees(record)]

    def require(self, kind: str, identifier: str) -> Record:
        """The addressed object. Answers 403 if it is missing or not the caller's, 400 if the identifier is malformed.

        VCD does not reveal whether an object of another tenant exists, so both cases get the same answer.
        """
        from vcdsim.store import is_identifier

        if not is_identifier(kind, identifier):
            raise errors.bad_urn()
        record = self.store.get(kind, identifier)
        if record is None or not self.sees(record):
            raise errors.forbidden("Base", self.operation.name, identifier)
        self.touched = record.id
        return record

    def refer(self, field_name: str, kind: str, identifier: str) -> Record:
        """The object that a body refers to. Answers 400 if it is missing or not the caller's (assumed)."""
        record = self.store.get(kind, identifier)
        if record is None or not self.sees(record):
            raise errors.bad_field(field_name, f"there is no such {kind}")
        return record

    def submit(
        self,
        owner: Record,
        *,
        locks: tuple[str, ...] = (),
        now: Callable[[], object] | None = None,
        done: Callable[[], object] | None = None,
        undo: Callable[[], object] | None = None,
        result: Callable[[], str] | None = None,
        details: str = "",
    ) -> Reply:
        """Start a task for this operation and answer 202 with its address.

        Busy entities are refused before anything happens. ``now`` takes effect at once, ``done`` when the task
        succeeds, ``undo`` when it fails. ``result`` is the text that a successful task returns, ``details`` a
        text that it has from the start.
        """
        tasks, fault = self.vcd.tasks, self.fault
        tasks.check_free(locks)
        what = fault.spec.get("task") if fault else None
        seconds = float("inf") if what == "never" else self.vcd.settings.task_seconds
        begins_at = self.vcd.clock()
        task = Task(
            id=self.store.mint("task"),
            operation=f"{self.operation.name.replace('_', ' ').capitalize()} {owner.name}".strip(),
            operation_name=self.operation.name,
            owner_id=owner.id,
            owner_name=owner.name,
            org=self.session.org.id if not self.session.is_provider else owner.org,
            user=self.session.user.id,
            user_name=self.session.user.name,
            started=wall_clock(),
            begins_at=begins_at,
            ends_at=begins_at + seconds,
            locks=locks,
            done=done,
            undo=undo,
            result=result,
            details=details,
            fails_with=(fault.code, fault.message) if fault and what == "error" else None,
        )
        # The effect stands in the timeline before the task's start: a reader of the timeline must never find a running
        # task whose effect is missing.
        if now:
            with tasks.timeline.caused_by(task, begins_at):
                now()
        tasks.start(task, vanishes=what == "vanish")
        self.touched, self.task = self.touched or owner.id, task.id
        return Reply(202, None, {"Location": f"{self.base}/api/task/{task.uuid}"})


Handler = Callable[[Call], Reply]
Basis = Literal["documented", "assumed"]


@dataclass(frozen=True)
class Operation:
    """One row of the table of operations.

    ``since``: first API version. ``right``: one of ``rights``, OPEN or LOGGED_IN. ``name``: VCD's operation name, as
    tasks and refusals show it. ``basis``: whether the vendor documents the behaviour or it is assumed here.
    ``refuses``: what it refuses besides malformed bodies, for REFERENCE.md.
    """

    method: str
    path: str
    since: str
    right: str
    handler: Handler
    name: str
    basis: Basis = "documented"
    refuses: str = ""

    @property
    def legacy(self) -> bool:
        return self.path.startswith("/api/")

    @property
    def provider_only(self) -> bool:
        return self.right == PROVIDER


Xml = Element
