# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reads and writes resources: lists to the last page, writes until their tasks end. Independent of resource types."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any
from xml.etree.ElementTree import Element

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._bounds import SMALL
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._reader import ID, differs
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import InDoubt, Refused, TaskFailed, VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.pacing import (
    PACE,
    TaskDurations,
    TaskPolling,
    kind_of,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.paging import check_end, next_cursor
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.retry import Backoff
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.session import Call, Session, gave_up
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import settings_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.tasks import Task, parse_task, task_path
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import (
    REQUESTS_ERROR,
    Answer,
    not_cloud_director,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import (
    Version,
    needed,
    release_of,
    render,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.xmldoc import local, parse
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_fields import differs_from_api, page_differs
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd_rights import Granted
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, wait_until

LIBRARIES = {"requests": REQUESTS_ERROR, "netaddr": NETADDR_IMPORT_ERROR}
OPENAPI = "/cloudapi/1.0.0/"
BAD_REQUEST = 400
Body = dict[str, Any]


def check_libraries() -> None:
    """Raise CollectionError for a missing library. For plugins on the controller, where no `_runner` checks this."""
    for name, error in LIBRARIES.items():
        if error is not None:
            raise CollectionError(f"requires the Python library {name}: install it for {sys.executable}", library=name)


@contextmanager
def connect(params: Mapping[str, Any]) -> Iterator[Api]:
    """Log in with the connection options of a module; log out at the end, also after an error."""
    with Session(settings_from(params)) as session:
        yield Api(session)


def connect_after(
    check: Callable[[Mapping[str, Any]], object],
) -> Callable[[Mapping[str, Any]], AbstractContextManager[Api]]:
    """``connect``, but ``check`` runs first and may raise InvalidInput before any request is sent."""

    def checked(params: Mapping[str, Any]) -> AbstractContextManager[Api]:
        check(params)
        return connect(params)

    return checked


class Api:
    """Requests to Cloud Director's OpenAPI, for the resource packages.

    Paths are relative to ``/cloudapi/1.0.0/``. ``what`` is the object's name for messages::

        with connect(module.params) as api:
            gateway = api.get("edgeGateways/" + urn, "edge gateway 'acme-edge'")
            rows = api.pages("edgeGateways", "edge gateways", query="name==acme-edge")
            pool_id = api.create("loadBalancer/pools", body, "pool 'web'", find=lambda: find_id(api, gateway, "web"))
            path = "loadBalancer/pools/" + pool_id
            api.update(path, "pool 'web'", api.get(path, "pool 'web'"), lambda body: {**body, "enabled": False})
            api.delete(path, "pool 'web'")

    ``create``, ``update`` and ``delete`` return once the task has ended. One write with its retries and its task may
    take the seconds of the option ``timeout``.

    Raises Refused (status 400 or above), Unreachable (no answer), TaskFailed (the task ended in an error), VcdError
    (retries used up the timeout, or the answer is not Cloud Director's) or WaitTimeout (the task is still running).
    All are CollectionError.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._durations = TaskDurations()
        self._remembered: dict[str, Answer] | None = None
        self._lists: dict[str, list[Body]] | None = None
        self._refused: tuple[str, Body] | None = None
        self.granted: Granted | None = None  # the result of `rights.granted_to`, once it was read

    @contextmanager
    def one_look(self, *, whole_lists: bool = False) -> Iterator[None]:
        """Within this context nothing is read twice, and nothing may be written.

        ``whole_lists``: for a caller that looks up many names. Lists are read without a filter for one name (see
        ``narrowed``), so that a single list answers all look-ups.
        """
        self._remembered, self._lists = {}, {} if whole_lists else None
        try:
            yield
        finally:
            self._remembered, self._lists = None, None

    def narrowed(self, query: str) -> str:
        """A filter for one name, or none where whole lists are read. Callers always compare the names again."""
        return query if self._lists is None else ""

    @property
    def reads_whole_lists(self) -> bool:
        """Whether ``one_look`` with ``whole_lists`` is active."""
        return self._lists is not None

    @property
    def looking(self) -> bool:
        """Whether ``one_look`` is active."""
        return self._remembered is not None

    def _read(self, call: Call, deadline: Deadline) -> Answer:
        if self._remembered is None:
            return self.session.request(call, deadline)
        key = f"{call.path}?{sorted(call.params.items())}"
        if key not in self._remembered:
            self._remembered[key] = self.session.request(call, deadline)
        return self._remembered[key]

    def _begin_write(self) -> AbstractContextManager[Deadline]:
        if self._remembered is not None:
            raise RuntimeError("a write within one_look: what was read before it would pass for the current state")
        self._refused = None
        return self.session.operation()

    def require(self, version: Version, option: str) -> None:
        """Raise CollectionError unless the session uses this API version or a newer one."""
        if self.session.version < version:
            ours = needed(self.session.version) if self.session.version >= (36, 0) else "an older one"
            raise CollectionError(
                f"{option}: requires {needed(version)} or newer; this session uses {ours}", option=option
            )

    def about(self) -> dict[str, Any]:
        """The API version in use, the versions that the server lists, and the release of the highest one."""
        listed = self.session.listed
        return {
            "version": render(self.session.version),
            "versions": [render(version) for version in listed],
            "release": release_of(listed),
        }

    def get(self, path: str, what: str) -> Body:
        """One object. Raises Refused with status 403 or 404 when it does not exist."""
        refused, self._refused = self._refused, None
        if refused and refused[0] == path:
            return refused[1]  # read for an update that was refused just now, so it has not changed
        answer = self._read(Call("GET", OPENAPI + path, f"read {what}"), self.session.deadline())
        return _object(answer, lambda body: differs_from_api(body, path))

    def document(self, path: str, what: str, root: str, **params: str) -> Element:
        """A document of the legacy API with this name of the root element. ``path`` begins with ``/api/``."""
        call = Call("GET", path, f"read {what}", params=params, accept="application/*+xml")
        answer = self._read(call, self.session.deadline())
        found = parse(answer.text)
        if found is None or local(found) != root:
            raise not_cloud_director(answer, f"it is not a document {root}")
        return found

    def own_session(self) -> Body:
        """The session of this log-in. If the answer to the log-in already names the roles, no request is sent.

        Source: both are a Session in the vendor's description of the API.
        """
        path, opened = "sessions/current", self.session.opened
        if opened is not None:
            with suppress(VcdError):
                found = _object(opened, lambda body: differs_from_api(body, path))
                if found.get("roleRefs"):
                    return found
        return self.get(path, "the session")

    def get_or_none(self, path: str, what: str) -> Body | None:
        """One object, or None when it does not exist.

        Cloud Director answers 403 as well as 404 for an object that does not exist, so both count.
        """
        try:
            return self.get(path, what)
        except Refused as error:
            if error.status in (403, 404):
                return None
            raise

    def pages(self, path: str, what: str, *, query: str = "", page_size: int = 128) -> list[Body]:
        """All objects of a paged list. ``query`` is a FIQL filter."""
        return self._list(f"{path}?{query}&{page_size}", lambda: self._pages(path, what, query, page_size))

    def _list(self, key: str, read: Callable[[], list[Body]]) -> list[Body]:
        if self._lists is None:
            return read()
        if key not in self._lists:
            self._lists[key] = read()
        return list(self._lists[key])

    def _pages(self, path: str, what: str, query: str, page_size: int) -> list[Body]:
        # by id: an object that moves to the next page while the list is read must not be counted twice
        found: dict[str, Body] = {}
        deadline, page, rows = self.session.deadline(), 1, 0
        while True:
            params = {"page": str(page), "pageSize": str(page_size), **({"filter": query} if query else {})}
            answer = self._read(Call("GET", OPENAPI + path, f"list {what}", params=params), deadline)
            body = _object(answer, lambda body: page_differs(body, path))
            values = body["values"]
            rows += len(values)
            found.update((str(value.get("id") or f"{page}/{number}"), value) for number, value in enumerate(values))
            # A page past the end is empty, not an error, so a list without resultTotal ends as well.
            total = body.get("resultTotal")
            if not values or (total is not None and rows >= total):
                return list(found.values())
            check_end(what, page, len(found), deadline)
            page += 1

    def cursor(self, path: str, what: str, *, page_size: int = 128) -> list[Body]:
        """All objects of a cursor list, where only the Link header with rel nextPage leads to the next page."""
        return self._list(f"{path}&{page_size}", lambda: self._cursor(path, what, page_size))

    def _cursor(self, path: str, what: str, page_size: int) -> list[Body]:
        found: list[Body] = []
        deadline, params, seen = self.session.deadline(), {"pageSize": str(page_size)}, set()
        while True:
            answer = self._read(Call("GET", OPENAPI + path, f"list {what}", params=params), deadline)
            found.extend(_object(answer, lambda body: page_differs(body, path))["values"])
            cursor = next_cursor(answer)
            if not cursor:
                return found
            if cursor in seen:
                raise VcdError(f"cannot list {what}: Cloud Director returned the same cursor twice", path=path)
            seen.add(cursor)
            check_end(what, len(seen), len(found), deadline)
            params = {"pageSize": str(page_size), "cursor": cursor}

    def create(
        self,
        path: str,
        body: Body,
        what: str,
        find: Callable[[], str | None],
        *,
        named: bool = True,
        unique: bool = True,
    ) -> str:
        """Create an object and wait for its task; return its id.

        ``find()`` returns the id of the object if it exists by now. It is called when the request got no answer, before
        the request is sent again, and when the task does not name the object. Most tasks name the object that they
        created. Tasks of NAT rules name the edge gateway instead, so the id has to be looked up in the list of rules
        (one request for every 128 rules). With ``named=False`` the caller does not need the id: that lookup is skipped
        and the result is empty.

        ``unique=False``: Cloud Director accepts a second object with the same name. Then "busy" makes the outcome
        doubtful, too: it may be the task of a killed run that is creating this very object.
        """
        with self._begin_write() as deadline:
            return self._create(path, body, what, find, deadline, named, unique)

    def _create(
        self,
        path: str,
        body: Body,
        what: str,
        find: Callable[[], str | None],
        deadline: Deadline,
        named: bool,
        unique: bool,
    ) -> str:
        backoff, doubt, cannot = Backoff(), False, f"create {what}"
        while True:
            repeat_busy = unique and not doubt
            call = Call("POST", OPENAPI + path, cannot, json=body, repeatable=False, repeat_busy=repeat_busy)
            try:
                task = self._finish(self.session.request(call, deadline), call, deadline)
                return self._created(task, path, find if named else None, what)
            except InDoubt as error:
                cause = error.cause
            except TaskFailed as error:
                if not error.busy:
                    raise
                cause = error
            except Refused:
                # An earlier attempt got no answer. If the name is now taken, that attempt may have created the object.
                known = find() if doubt else None
                if known is None:
                    raise
                return known
            doubt = True
            deadline.sleep(backoff.pause())
            known = find()
            if known is not None:
                return known
            if deadline.expired():
                raise gave_up(cause, call, deadline)

    def update(
        self,
        path: str,
        what: str,
        current: Body,
        change: Callable[[Body], Body],
        *,
        shared: bool = False,
    ) -> None:
        """Write ``change(current)`` and wait for the task.

        When the outcome is unclear, the object is read again, and ``change`` is applied to that body. ``shared``: it is
        a list of several objects that other clients write, too. So it is read again after waiting for another operation
        as well, and a refusal does not show that it is unchanged.
        """
        with self._begin_write() as deadline:
            try:
                self._update(path, what, current, change, deadline, repeat_busy=not shared)
            except Refused as error:
                if error.status == BAD_REQUEST and not shared:
                    self._refused = (path, current)
                raise

    def _update(
        self,
        path: str,
        what: str,
        current: Body,
        change: Callable[[Body], Body],
        deadline: Deadline,
        *,
        repeat_busy: bool,
    ) -> None:
        backoff, cannot = Backoff(), f"update {what}"
        while True:
            body = change(current)
            call = Call("PUT", OPENAPI + path, cannot, json=body, repeatable=False, repeat_busy=repeat_busy)
            try:
                self._finish(self.session.request(call, deadline), call, deadline)
                return
            except InDoubt as error:
                cause = error.cause
            except TaskFailed as error:
                if not error.busy:
                    raise
                cause = error
            deadline.sleep(backoff.pause())
            if deadline.expired():
                raise gave_up(cause, call, deadline)
            # Never repeat the old body: it would overwrite what others have changed since. If the body that was just
            # read already contains the change, the lost request has succeeded.
            current = self.get(path, what)
            if change(current) == current:
                return

    def delete(self, path: str, what: str) -> bool:
        """Delete an object and wait for the task. Returns False when it was already gone."""
        with self._begin_write() as deadline:
            return self._delete(path, what, deadline)

    def _delete(self, path: str, what: str, deadline: Deadline) -> bool:
        backoff = Backoff()
        while True:
            call = Call("DELETE", OPENAPI + path, f"delete {what}", repeatable=False)
            try:
                self._finish(self.session.request(call, deadline), call, deadline)
                return True
            except InDoubt as error:
                cause = error.cause
            except TaskFailed as error:
                if not error.busy:
                    raise
                cause = error
            except Refused as error:
                # 403 can mean a missing right or a missing object; only reading the object shows which.
                if error.status in (403, 404) and self.get_or_none(path, what) is None:
                    return False
                raise
            deadline.sleep(backoff.pause())
            if deadline.expired():
                raise gave_up(cause, call, deadline)

    def wait(self, path: str, what: str, seconds: float, done: Callable[[Body], bool], *reported: str) -> Body:
        """Read an object until ``done(body)``, for at most ``seconds``; the timeout message lists ``reported`` fields.

        Raises VcdError as soon as Cloud Director reports REALIZATION_FAILED, and WaitTimeout.
        """

        def look() -> Body:
            body = self.get(path, what)
            if body.get("status") == "REALIZATION_FAILED":
                why = SECRETS.one_line(str(body.get("healthMessage") or "no reason given"))
                raise VcdError(f"Cloud Director could not realize {what}: {why}")
            return body

        return wait_until(
            look,
            done,
            what=f"{what} to be realized (option wait_timeout)",
            deadline=self.session.deadline(seconds),
            pace=PACE,
            describe=lambda body: ", ".join(f"{name} {body.get(name)}" for name in reported),
        )

    def _created(self, task: Task, path: str, find: Callable[[], str | None] | None, what: str) -> str:
        """The id of the object that a task created: from its result or its owner, or else from ``find``."""
        if task.made:
            return task.made
        unnamed = not task.owner or ":gateway:" in task.owner or task.owner in path
        if unnamed and find is None:
            return ""
        known = find() if unnamed and find is not None else task.owner
        if known is None:
            raise VcdError(f"task {task.id} created {what}, but it cannot be found: run again", task=task.id)
        return known

    def _finish(self, answer: Answer, call: Call, deadline: Deadline) -> Task:
        """Wait for the task that an answer names. Any status but 202 means that the write is already complete."""
        if answer.status != 202:
            has_body = answer.text.strip().startswith("{")
            made = _object(answer, lambda body: differs(body, {"id": ID})) if has_body else {}
            return Task(owner=made.get("id") or "")
        path = task_path(answer.headers.get("Location", ""))
        if path is None:
            raise not_cloud_director(answer)
        what, kind = f"cannot {call.what}", kind_of(call.method, call.path)
        polling = TaskPolling(self._durations.of(kind), deadline.clock)

        def look() -> Task:
            polling.poll_starts()
            return self._task(path, what, deadline)

        deadline.sleep(polling.first_pause())

        try:
            task = wait_until(
                look,
                lambda task: task.over,
                what=f"task {path.rpartition('/')[2]} to {call.what}",
                deadline=deadline,
                pace=polling,
                describe=lambda task: f"{task.status} {task.operation}".strip(),
            )
        except WaitTimeout as error:
            raise WaitTimeout(
                f"{error.message}; it may still complete (option timeout)", task=path.rpartition("/")[2]
            ) from None
        task.check(what)
        self._durations.learn(kind, polling.end_range())
        return task

    def _task(self, path: str, what: str, deadline: Deadline) -> Task:
        call = Call("GET", path, "read a task", accept="application/*+xml", size=SMALL)
        try:
            answer = self.session.request(call, deadline)
        except Refused as error:
            if error.status not in (403, 404):
                raise
            task = path.rpartition("/")[2]
            raise VcdError(
                f"{what}: task {task} no longer exists, so its outcome is unknown: run again", task=task
            ) from None
        found = parse_task(answer.text)
        if found is None:
            raise not_cloud_director(answer)
        return found


def _object(answer: Answer, differs: Callable[[Body], str]) -> Body:
    """The JSON object in an answer. ``differs`` says how it differs from the documentation, or returns empty text."""
    found = answer.json()
    why = differs(found) if isinstance(found, dict) else "it is not an object"
    if why:
        raise not_cloud_director(answer, why)
    return dict(found)
