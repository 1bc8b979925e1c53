# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: one aiohttp handler answers requests, streams watches, writes the journal and applies faults."""

from __future__ import annotations

import asyncio
import contextlib
import json
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from kube_double import control, discovery, errors, tables
from kube_double.access import Access, Attributes, User
from kube_double.cluster import Cluster
from kube_double.errors import ApiError, Json
from kube_double.faults import Fault, Faults
from kube_double.journal import Journal
from kube_double.lists import Watch
from kube_double.paths import Target, flag, parse
from kube_double.requests import MAX_BODY, Answer, Request, Requests

_JSON = "application/json"
_BOOKMARK_SECONDS = 30.0


_HOLD_SECONDS = 0.01  # interval for checking whether the client of a held request has disconnected


class _Dropped(Exception):
    """A fault cuts the connection without an answer."""


class Server:
    """The fake API server of one cluster."""

    def __init__(self, cluster: Cluster, access: Access) -> None:
        self.cluster = cluster
        self.access = access
        self.faults = Faults()
        self.journal = Journal(cluster.clock)
        self._requests = Requests(cluster, access)
        self._watchers: set[asyncio.Event] = set()
        self._timer: asyncio.TimerHandle | None = None
        cluster.store.listeners.append(self._wake)

    def application(self) -> web.Application:
        app = web.Application(client_max_size=8 * MAX_BODY)
        app.router.add_route("*", "/_double/{command:.*}", self._control)
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    # -- one request ---------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        entry = self.journal.begin(request.method, request.path_qs)
        try:
            response = await self._respond(request, entry)
        except ApiError as refused:
            response = web.json_response(refused.status, status=refused.code, headers=refused.headers)
        except _Dropped:
            entry["code"] = 0
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        except Exception as bug:  # noqa: BLE001 - like the API server: a Status for the client, the traceback for the log
            traceback.print_exc()
            response = web.json_response(errors.internal_error(str(bug)).status, status=500)
        entry["code"] = response.status
        return response

    async def _respond(self, request: web.Request, entry: Json) -> web.StreamResponse:
        user = self._user(request)
        entry["user"] = user.name
        fault = self.faults.find(request.method, request.path_qs, user.name)
        await self._spoil_before(fault, request)
        try:
            response = await self._dispatch(request, user, entry)
            self.cluster.settle()
            self._set_timer()
        finally:  # a refusal is held as well
            if fault and fault.action == "hold_after":
                await _hold(fault, request)
        if fault and fault.action == "reset_after":
            raise _Dropped
        return response

    def _user(self, request: web.Request) -> User:
        user = self.access.authenticate(request.headers.get("Authorization"))
        for header in request.headers:
            if header.lower().startswith(("impersonate-uid", "impersonate-extra-")):
                raise errors.not_implemented(f"the header {header}")
        name, groups = request.headers.get("Impersonate-User", ""), request.headers.getall("Impersonate-Group", [])
        return self.access.impersonate(user, name, groups) if name or groups else user

    @staticmethod
    async def _spoil_before(fault: Fault | None, request: web.Request) -> None:
        if fault is None:
            return
        if fault.action == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.action == "hold_before":
            await _hold(fault, request)
        elif fault.action == "reset_before":
            raise _Dropped
        elif fault.action == "status":
            raise fault.error()

    async def _dispatch(self, request: web.Request, user: User, entry: Json) -> web.StreamResponse:
        body = await request.read()
        self.cluster.settle()
        path = request.path
        if path in discovery.HEALTH_PATHS or (found := discovery.document(path)) is not None:
            self.access.require(user, Attributes(request.method.lower(), path=path))
            if request.method != "GET":
                raise errors.method_not_allowed()
            return web.Response(text="ok") if path in discovery.HEALTH_PATHS else web.json_response(found)
        target = parse(path)
        self.journal.describe(entry, target, request.content_type, body)
        wanted = _wanted(request.headers.get("Accept", ""))
        if request.method == "GET" and flag(request.query, "watch"):
            return await self._watch(request, user, target, wanted == "table")
        kind, agent = request.headers.get("Content-Type", ""), request.headers.get("User-Agent", "")
        asked = Request(request.method, target, request.query, kind, body, user, agent)
        return self._render(self._requests.answer(asked), target, wanted == "table", request)

    def _render(self, answer: Answer, target: Target, as_table: bool, request: web.Request) -> web.Response:
        body = answer.body
        if as_table and request.method == "GET" and not target.subresource:
            items = answer.items if answer.items is not None else [body]
            meta = body["metadata"] if answer.items is not None else {
                "resourceVersion": body["metadata"]["resourceVersion"]
            }  # fmt: skip
            body = tables.table(target.resource, items, meta, self.cluster.clock, _include(request))
        response = web.json_response(body, status=answer.code)
        for text in answer.warnings:
            response.headers.add("Warning", f"299 - {json.dumps(text)}")
        return response

    # -- watches -------------------------------------------------------------------------------------------------

    async def _watch(self, request: web.Request, user: User, target: Target, as_table: bool) -> web.StreamResponse:
        self._requests.authorize(user, "watch", target, request.query)
        watch = Watch(self.cluster.store, target, request.query)
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        await response.prepare(request)
        deadline = asyncio.get_running_loop().time() + (watch.timeout or 1800)
        async with self._watching() as changed:
            try:
                await self._send(response, list(watch.begin()), target, as_table, request)
                while (left := deadline - asyncio.get_running_loop().time()) > 0:
                    events = list(watch.take())
                    await self._send(response, events, target, as_table, request)
                    if any(event["type"] == "ERROR" for event in events):
                        break
                    await self._pause(changed, left)
                    if watch.bookmarks and not changed.is_set():
                        await self._send(response, [watch.bookmark()], target, as_table, request)
                    changed.clear()
            except ConnectionResetError:
                pass
        return response

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[asyncio.Event]:
        changed = asyncio.Event()
        self._watchers.add(changed)
        self._set_timer()
        try:
            yield changed
        finally:
            self._watchers.discard(changed)

    @staticmethod
    async def _pause(changed: asyncio.Event, left: float) -> None:
        try:
            await asyncio.wait_for(changed.wait(), min(left, _BOOKMARK_SECONDS))
        except TimeoutError:
            return

    async def _send(
        self, response: web.StreamResponse, events: list[Json], target: Target, as_table: bool, request: web.Request
    ) -> None:
        for event in events:
            item = event["object"]
            if as_table and event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                meta = {"resourceVersion": item["metadata"]["resourceVersion"]}
                item = tables.table(target.resource, [item], meta, self.cluster.clock, _include(request))
            line = json.dumps({"type": event["type"], "object": item}, separators=(",", ":"))
            await response.write(line.encode() + b"\n")

    def _wake(self) -> None:
        for changed in self._watchers:
            changed.set()

    def _set_timer(self) -> None:
        """Set a timer for the next alarm. Open watches need their events in time, not at the next request."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.cluster.clock.next_alarm()
        if self._watchers and due is not None:
            wait = max(0.0, due - self.cluster.clock.real())
            self._timer = asyncio.get_running_loop().call_later(wait, self._on_timer)

    def _on_timer(self) -> None:
        self.cluster.settle()
        self._set_timer()

    # -- control -------------------------------------------------------------------------------------------------

    async def _control(self, request: web.Request) -> web.Response:
        self.cluster.settle()
        body = await request.read()
        try:
            given: Any = json.loads(body) if body else None
            answer = control.run(self, request.method, request.match_info["command"], request.query, given)
        except ApiError as refused:
            return web.json_response(refused.status, status=refused.code)
        except ValueError as why:
            return web.json_response(errors.bad_request(str(why)).status, status=400)
        self._set_timer()
        return web.json_response(answer)


async def _hold(fault: Fault, request: web.Request) -> None:
    """Wait until the faults are replaced. If the client disconnects meanwhile, the request ends here."""
    fault.held += 1
    try:
        while not (fault.released.is_set() or _is_gone(request)):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(fault.released.wait(), _HOLD_SECONDS)
    finally:
        fault.held -= 1
    if _is_gone(request):
        raise _Dropped


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _include(request: web.Request) -> str:
    return request.query.get("includeObject", "Metadata")


def _wanted(accept: str) -> str:
    """``table`` or ``json``, by the first supported media type of ``Accept``. Raises 406 without one."""
    for part in (item.strip() for item in accept.split(",")):
        kind, *options = (piece.strip() for piece in part.split(";"))
        if kind == _JSON and "as=Table" in options:
            return "table"
        if kind in ("", "*/*", "application/*", _JSON) and not any(piece.startswith("as=") for piece in options):
            return "json"
    raise errors.not_acceptable([_JSON])
