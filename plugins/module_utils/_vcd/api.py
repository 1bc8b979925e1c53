# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Reading and writing resources: lists to their last page, writes with their tasks. Knows no resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.vcd.kubernetes.plugins.module_utils._addresses import NETADDR_IMPORT_ERROR
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError, WaitTimeout
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import InDoubt, Refused, TaskFailed, VcdError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.pacing import PACE, Lengths, Watch, kind_of
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
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Deadline, wait_until

try:
    from requests.utils import parse_header_links
except ImportError:  # REQUESTS_ERROR says so
    parse_header_links = None  # type: ignore[assignment]

LIBRARIES = {"requests": REQUESTS_ERROR, "netaddr": NETADDR_IMPORT_ERROR}
OPENAPI = "/cloudapi/1.0.0/"
BAD_REQUEST = 400
Body = dict[str, Any]


@contextmanager
def connect(params: Mapping[str, Any]) -> Iterator[Api]:
    """A session by the connection options of a module; logged out at the end, whatever happened."""
    with Session(settings_from(params)) as session:
        yield Api(session)


def connect_after(
    check: Callable[[Mapping[str, Any]], object],
) -> Callable[[Mapping[str, Any]], AbstractContextManager[Api]]:
    """``connect`` that first lets ``check`` raise InvalidInput for what can be judged without a request."""

    def checked(params: Mapping[str, Any]) -> AbstractContextManager[Api]:
        check(params)
        return connect(params)

    return checked


class Api:
    """What the resource packages use. Paths are relative to ``/cloudapi/1.0.0/``; ``what`` names an object in words."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lengths = Lengths()
        self._remembered: dict[str, Answer] | None = None
        self._refused: tuple[str, Body] | None = None

    @contextmanager
    def one_look(self) -> Iterator[None]:
        """While the body runs, what was read once is not asked for again. Nothing may be written meanwhile."""
        self._remembered = {}
        try:
            yield
        finally:
            self._remembered = None

    @property
    def looking(self) -> bool:
        """Whether ``one_look`` is under way."""
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
            raise RuntimeError("a write within one look: what was read before it would be taken for what is there")
        self._refused = None
        return self.session.operation()

    def require(self, version: Version, option: str) -> None:
        """Raise CollectionError unless the session speaks this API version or a newer one."""
        if self.session.version < version:
            ours = needed(self.session.version) if self.session.version >= (36, 0) else "an older one"
            raise CollectionError(
                f"{option}: needs {needed(version)} or newer; this session speaks {ours}", option=option
            )

    def about(self) -> dict[str, Any]:
        """The API of the server: the version spoken, those listed, and the release that they make it."""
        listed = self.session.listed
        return {
            "version": render(self.session.version),
            "versions": [render(version) for version in listed],
            "release": release_of(listed),
        }

    def get(self, path: str, what: str) -> Body:
        """One object. Raises Refused, 403 or 404 when it is not there."""
        refused, self._refused = self._refused, None
        if refused and refused[0] == path:
            return refused[1]  # read before an update of it that was refused just now, so that it is as it was
        call = Call("GET", OPENAPI + path, f"read {what}")
        return _object(self._read(call, self.session.deadline()))

    def get_or_none(self, path: str, what: str) -> Body | None:
        """One object, or None when Cloud Director says that it is not there (403 or 404, see missing_right)."""
        try:
            return self.get(path, what)
        except Refused as error:
            if error.status in (403, 404):
                return None
            raise

    def pages(self, path: str, what: str, *, query: str = "", page_size: int = 128) -> list[Body]:
        """All objects of a page list. A page past the end is a normal, empty one; so is one beyond ``resultTotal``."""
        found: dict[str, Body] = {}
        deadline, page, rows = self.session.deadline(), 1, 0
        while True:
            params = {"page": str(page), "pageSize": str(page_size), **({"filter": query} if query else {})}
            answer = self._read(Call("GET", OPENAPI + path, f"list {what}", params=params), deadline)
            body = _object(answer)
            values = body.get("values")
            if values is None:
                raise not_cloud_director(answer)
            rows += len(values)
            found.update((str(value.get("id") or f"{page}/{number}"), value) for number, value in enumerate(values))
            total = body.get("resultTotal")
            if not values or (total is not None and rows >= total):
                return list(found.values())
            page += 1

    def cursor(self, path: str, what: str, *, page_size: int = 128) -> list[Body]:
        """All objects of a cursor list: the next page is named only by the Link header with rel nextPage."""
        found: list[Body] = []
        deadline, params, seen = self.session.deadline(), {"pageSize": str(page_size)}, set()
        while True:
            answer = self._read(Call("GET", OPENAPI + path, f"list {what}", params=params), deadline)
            found.extend(_object(answer).get("values") or [])
            cursor = next_cursor(answer)
            if not cursor:
                return found
            if cursor in seen:
                raise VcdError(f"cannot list {what}: Cloud Director names the same next page twice", path=path)
            seen.add(cursor)
            params = {"pageSize": str(page_size), "cursor": cursor}

    def create(self, path: str, body: Body, what: str, find: Callable[[], str | None], *, named: bool = True) -> str:
        """Create an object and wait for its task; return its id.

        ``find()`` gives the id of the object if it is there by now: asked when the request got no answer, before it
        is sent again, and when the task does not name the object. Tasks name what they created, so that a write costs
        nothing but its request and the looks at its task; only those of NAT rules name the gateway, and cost a look
        at the rules (a request for each 128 of them), because no other way leads to the id. ``named`` False: who asks
        needs no id, and gets an empty one rather than that look.
        """
        with self._begin_write() as deadline:
            return self._create(path, body, what, find, deadline, named)

    def _create(
        self, path: str, body: Body, what: str, find: Callable[[], str | None], deadline: Deadline, named: bool
    ) -> str:
        backoff, doubt = Backoff(), False
        while True:
            call = Call("POST", OPENAPI + path, f"create {what}", json=body, repeatable=False, repeat_busy=not doubt)
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
                # a name that is taken: by the request that seemed lost?
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

    def update(self, path: str, what: str, current: Body, change: Callable[[Body], Body]) -> None:
        """Write ``change(current)`` and wait for the task. It is asked again with what is read anew."""
        with self._begin_write() as deadline:
            try:
                self._update(path, what, current, change, deadline)
            except Refused as error:
                if error.status == BAD_REQUEST:
                    self._refused = (path, current)
                raise

    def _update(self, path: str, what: str, current: Body, change: Callable[[Body], Body], deadline: Deadline) -> None:
        backoff = Backoff()
        while True:
            call = Call("PUT", OPENAPI + path, f"update {what}", json=change(current), repeatable=False)
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
            current = self.get(path, what)
            if change(current) == current:
                return

    def delete(self, path: str, what: str) -> bool:
        """Delete an object and wait for the task. False when it was gone already."""
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
                if error.status in (403, 404) and self.get_or_none(path, what) is None:
                    return False
                raise
            deadline.sleep(backoff.pause())
            if deadline.expired():
                raise gave_up(cause, call, deadline)

    def wait(self, path: str, what: str, seconds: float, done: Callable[[Body], bool], *shown: str) -> Body:
        """Read an object until ``done(body)``; the fields ``shown`` say in a timeout what was seen last.

        Raises VcdError at once when Cloud Director could not realize the object.
        """

        def look() -> Body:
            body = self.get(path, what)
            if body.get("status") == "REALIZATION_FAILED":
                raise VcdError(
                    f"Cloud Director could not realize {what}: {body.get('healthMessage') or 'no reason given'}"
                )
            return body

        return wait_until(
            look,
            done,
            what=f"{what} to be realized (option wait_timeout)",
            deadline=self.session.deadline(seconds),
            pace=PACE,
            describe=lambda body: ", ".join(f"{name} {body.get(name)}" for name in shown),
        )

    def _created(self, task: Task, path: str, find: Callable[[], str | None] | None, what: str) -> str:
        """The id of what a task created: in its result, or its owner. NAT rules' names the gateway, hence the look."""
        if task.made:
            return task.made
        unnamed = not task.owner or ":gateway:" in task.owner or task.owner in path
        if unnamed and find is None:
            return ""
        known = find() if unnamed and find is not None else task.owner
        if known is None:
            raise VcdError(f"cannot find {what} although task {task.id} created it: run again", task=task.id)
        return known

    def _finish(self, answer: Answer, call: Call, deadline: Deadline) -> Task:
        """Wait for the task that an answer names. An answer without one (200, 201, 204) means that it is done."""
        if answer.status != 202:
            owner = answer.json().get("id", "") if answer.text.strip().startswith("{") else ""
            return Task(owner=owner)
        path = task_path(answer.headers.get("Location", ""))
        if path is None:
            raise not_cloud_director(answer)
        what, kind = f"cannot {call.what}", kind_of(call.method, call.path)
        watch = Watch(self._lengths.of(kind), deadline.clock)

        def look() -> Task:
            watch.looking()
            return self._task(path, what, deadline)

        deadline.sleep(watch.before_first())

        try:
            task = wait_until(
                look,
                lambda task: task.over,
                what=f"task {path.rpartition('/')[2]} to {call.what}",
                deadline=deadline,
                pace=watch,
                describe=lambda task: f"{task.status} {task.operation}".strip(),
            )
        except WaitTimeout as error:
            raise WaitTimeout(
                f"{error.message}; it may still end (option timeout)", task=path.rpartition("/")[2]
            ) from None
        task.check(what)
        self._lengths.learn(kind, watch.seen())
        return task

    def _task(self, path: str, what: str, deadline: Deadline) -> Task:
        call = Call("GET", path, "read a task", accept="application/*+xml")
        try:
            answer = self.session.request(call, deadline)
        except Refused as error:
            if error.status not in (403, 404):
                raise
            task = path.rpartition("/")[2]
            raise VcdError(
                f"{what}: task {task} has vanished, so that nobody knows how it ended: run again", task=task
            ) from None
        found = parse_task(answer.text)
        if found is None:
            raise not_cloud_director(answer)
        return found


def _object(answer: Answer) -> Body:
    """The JSON object that an answer holds."""
    found = answer.json()
    if not isinstance(found, dict):
        raise not_cloud_director(answer)
    return found


def next_cursor(answer: Answer) -> str | None:
    """The cursor of the Link header whose relation is nextPage (relations may stand together, separated by blanks)."""
    for link in parse_header_links(answer.headers.get("Link", "")):
        if "nextPage" in str(link.get("rel", "")).split():
            found = parse_qs(urlsplit(str(link.get("url", ""))).query).get("cursor")
            return found[0] if found else None
    return None
