# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS: turns a request into a Call, and a Reply into an answer.

The order is route, version, session, body, faults, right, delay, handler, journal. Faults come before rights, so that a
rule can also disturb a request that would be refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import time
import traceback
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree.ElementTree import Element

from aiohttp import web

from vcdsim import api_versions, errors, xmldoc
from vcdsim.calls import LOGGED_IN, OPEN, Call, Reply
from vcdsim.contract import Contract
from vcdsim.control import CONTROL, Control
from vcdsim.errors import ApiError, TokenRefused
from vcdsim.faults import Rule, is_write
from vcdsim.journal import Journal
from vcdsim.operations import NOT_BUILT, OPERATIONS, only_in_cloud_director
from vcdsim.request_log import entry
from vcdsim.router import Router
from vcdsim.simulated_vcd import SimulatedVcd
from vcdsim.timeline import gateway_of

_JSON = "application/json"
_PLAIN_ID = re.compile(r"^[A-Za-z0-9-]+$")
_OPEN_VERSION: api_versions.Version = (0, 0)


_SNAPSHOTS = 100  # the newest are kept: each holds a whole VCD
_HOLD_SECONDS = 0.01  # interval for checking whether the client of a held request has disconnected


class _ResetRequested(Exception):
    """A fault rule asks to reset the connection."""


class _ClientGone(Exception):
    """The client disconnected while its request was held."""


class VcdServer:
    """Answers the requests to one simulated VCD. ``build`` builds that VCD from the estate."""

    def __init__(self, build: Callable[[], SimulatedVcd], journal: Journal, contract: Contract | None = None) -> None:
        self.build = build
        self.contract = contract
        self.vcd = build()
        self.vcd.timeline.clear()
        self.journal = journal
        self._snapshots: dict[int, tuple[SimulatedVcd, Callable[[], None]]] = {}
        self.router = Router(OPERATIONS, NOT_BUILT)
        self.control = Control(self)

    def reset(self) -> None:
        """Return to the estate. Fault rules, tasks, sessions and the journal in memory are cleared."""
        self.vcd.faults.drop()
        self.vcd = self.build()
        self.vcd.timeline.clear()
        self.journal.clear()

    def snapshot(self) -> int:
        """Store the state and return the number of the snapshot. Only the newest snapshots are kept."""
        number = max(self._snapshots, default=0) + 1
        self._snapshots[number] = (self.vcd, self.vcd.kept())
        self._snapshots.pop(number - _SNAPSHOTS, None)
        return number

    def restore(self, number: int) -> None:
        """Return to a snapshot and clear journal and timeline. ValueError if the number is unknown."""
        if number not in self._snapshots:
            raise ValueError(f"there is no snapshot {number}")
        self.vcd.faults.drop()
        self.vcd, put_back = self._snapshots[number]
        put_back()
        self.journal.clear()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = unquote(request.rel_url.raw_path)
        if path.startswith(CONTROL):
            return await self.control.handle(request, path)
        started = time.perf_counter()
        request_id = _request_id(request.headers.get("X-VMWARE-VCLOUD-CLIENT-REQUEST-ID", ""))
        call: Call | None = None
        status: int | str = "reset"
        code: str | None = None
        try:
            call, reply = await self._answer(request, path)
            response = _render(reply, request_id)
            status = response.status
        except _ResetRequested:
            _reset_connection(request)
            response = web.Response(status=500)
        except _ClientGone:
            status = "gone"
            response = web.Response(status=500)
        except web.HTTPException:
            raise
        except (ApiError, TokenRefused) as refusal:
            response = _refuse(refusal, path, request_id)
            status, code = response.status, getattr(refusal, "code", None)
        except Exception as bug:  # noqa: BLE001 - a bug in the simulator must answer 500 and show its traceback
            traceback.print_exception(bug)
            response = _refuse(ApiError(500, "INTERNAL_SERVER_ERROR", "The simulator failed."), path, request_id)
            status = response.status
        call = call or request.get("call")
        milliseconds = (time.perf_counter() - started) * 1000
        if self.contract and call and isinstance(status, int) and not call.fault:
            self._check_contract(call, response)
        self.journal.write(entry(request.method, path, call, status, code, milliseconds))
        if call and call.number:
            call.vcd.tasks.settle(call.vcd.clock())
            call.vcd.timeline.answered(
                call.number, name=call.name, gateway=call.gateway, status=status, code=code, task=call.task
            )
        return response

    def _check_contract(self, call: Call, response: web.Response) -> None:
        """Check the exchange against the vendor's description."""
        raw = response.body
        answer = json.loads(raw) if isinstance(raw, bytes) and response.content_type == _JSON else None
        if self.contract:
            self.contract.check(call.operation, call.version, call.body, response.status, answer)

    async def _answer(self, request: web.BaseRequest, path: str) -> tuple[Call, Reply]:
        vcd = self.vcd
        vcd.tasks.settle(vcd.clock())
        operation, params = self.router.find(request.method, path)
        raw_query = request.rel_url.raw_query_string
        call = Call(
            vcd=vcd,
            operation=operation,
            path=path.rstrip("/") or "/",
            params=params,
            query=_query(raw_query),
            headers=request.headers,
            version=_OPEN_VERSION,
            base=f"https://{request.headers.get('Host', '')}",
            raw_query=raw_query,
        )
        request["call"] = call
        if operation.since != "0.0" or (operation.legacy and operation.right != OPEN):
            call.version = api_versions.negotiate(request.headers.getall("Accept", []), vcd.settings.versions)
        self._authenticate(call, request)
        call.raw = await request.read()
        _read_body(call, request)
        if is_write(request.method, call.path):
            _announce(call)
        await self._disturb(call, request)
        self._authorise(call)
        if vcd.settings.request_seconds:
            await asyncio.sleep(vcd.settings.request_seconds)
        vcd.tasks.settle(vcd.clock())
        before = vcd.store.looked
        try:
            reply = operation.handler(call)
        finally:  # hold refusals as well
            call.looked = vcd.store.looked - before
            if call.fault and call.fault.spec.get("hold") == "after":
                await _held(call.fault, request)
        if call.fault and call.fault.spec.get("reset") == "after":
            raise _ResetRequested
        return call, reply

    def _authenticate(self, call: Call, request: web.BaseRequest) -> None:
        if call.operation.right == OPEN:
            return
        kind, _space, token = request.headers.get("Authorization", "").partition(" ")
        if kind.casefold() != "bearer" or not token:
            token = request.headers.get("X-VMWARE-VCLOUD-ACCESS-TOKEN", "")
        call.session_or_none = call.vcd.sessions.by_token(token.strip(), call.vcd.clock())

    def _authorise(self, call: Call) -> None:
        operation = call.operation
        other_product = call.version >= api_versions.OTHER_PRODUCT_SINCE and only_in_cloud_director(operation.path)
        if other_product and call.vcd.assume("gateways-in-api-40", "missing"):
            raise errors.not_found(call.path)
        if api_versions.parse(operation.since) > call.version and call.version != _OPEN_VERSION:
            raise errors.too_old(operation.since)
        if operation.right in (OPEN, LOGGED_IN):
            return
        if not call.may(operation.right):
            target = next(iter(call.params.values()), call.path)
            raise errors.forbidden(operation.right, operation.name, target)
        call.check_context()

    async def _disturb(self, call: Call, request: web.BaseRequest) -> None:
        """Apply the first fault rule that matches."""
        if not call.vcd.faults:
            return
        session = call.session_or_none
        user = session.user.name if session else ""
        rule = call.vcd.faults.match(request.method, call.path, call.operation.path, _name_of(call), user)
        if rule is None:
            return
        call.fault, spec = rule, rule.spec
        if spec.get("delay"):
            await asyncio.sleep(spec["delay"])
        if spec.get("hold") == "before":
            await _held(rule, request)
        if spec.get("reset") == "before":
            raise _ResetRequested
        if spec.get("expire_session") and session is not None:
            call.vcd.sessions.close(session)
            raise errors.unauthorized()
        if "status" in spec:
            headers = {"Retry-After": str(spec["retry_after"])} if "retry_after" in spec else {}
            raise ApiError(spec["status"], rule.code, rule.message, headers)


async def _held(rule: Rule, request: web.BaseRequest) -> None:
    """Wait until the rules are replaced. If the client disconnects meanwhile, the request ends here.

    Tests kill a client at this point to see what a run that dies before or after a write leaves behind. So "before"
    must not write after the client is gone, although a real server would not notice.
    """
    rule.held += 1
    try:
        while not (rule.released.is_set() or _is_gone(request)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(rule.released.wait(), _HOLD_SECONDS)
    finally:
        rule.held -= 1
    if _is_gone(request):
        raise _ClientGone
    if rule.dropped:
        raise _ResetRequested


def _is_gone(request: web.BaseRequest) -> bool:
    return request.transport is None or request.transport.is_closing()


def _query(raw: str) -> dict[str, str]:
    """The query string, decoded once. With ``filterEncoded=true`` the values of a filter stay encoded.

    Clients differ: some encode the whole filter twice, some encode only the values and leave the operators plain. In
    the second case, decoding the whole query would destroy the structure of the filter.
    """
    query = dict(parse_qsl(raw, keep_blank_values=True))
    if query.get("filterEncoded") == "true" and "filter" in query:
        undecoded = next(part[7:] for part in raw.split("&") if part.startswith("filter="))
        if "%3d%3d" not in undecoded.casefold():
            query["filter"] = undecoded
    return query


def _read_body(call: Call, request: web.BaseRequest) -> None:
    if request.method not in ("POST", "PUT") or (call.path.startswith("/oauth/") and call.path.endswith("/token")):
        return
    if not call.raw:
        return
    content_type = request.content_type
    if call.operation.legacy:
        if not content_type.endswith("xml"):
            raise errors.unsupported_media(content_type, "application/*+xml")
        call.body_or_none = xmldoc.parse(call.raw)
        return
    if content_type != _JSON:
        raise errors.unsupported_media(content_type, _JSON)
    try:
        call.body_or_none = json.loads(call.raw)
    except (ValueError, RecursionError) as problem:
        raise errors.bad_request("The body is not JSON.") from problem


def _name_of(call: Call) -> str:
    """The name in the body of a request, or the name of the object that the path addresses."""
    body = call.body_or_none
    if isinstance(body, Element):
        return body.get("name", "")
    if isinstance(body, dict) and isinstance(body.get("name") or body.get("alias"), str):
        return str(body.get("name") or body.get("alias"))
    identifiers = list(call.params.values())
    record = call.vcd.store.find(identifiers[-1]) if identifiers else None
    return record.name if record else ""


def _announce(call: Call) -> None:
    """Record a write in the timeline before a fault or a refusal can end it."""
    identifiers = list(call.params.values())
    record = call.store.find(identifiers[-1]) if identifiers else None
    body: Any = call.body_or_none
    named = record.label if record and call.operation.method != "POST" else ""
    call.name = named or _name_of(call)
    reference = body.get("gatewayRef") if isinstance(body, dict) else None
    asked = reference.get("id") if isinstance(reference, dict) else None
    call.gateway = call.params.get("gatewayId") or asked or (gateway_of(record) if record else None)
    call.number = call.vcd.timeline.asked(
        method=call.operation.method,
        path=call.path,
        name=call.name,
        gateway=call.gateway,
        user=call.session_or_none.user.name if call.session_or_none else None,
    )


def _request_id(sent: str) -> str:
    made = str(uuid.uuid4())
    return f"{sent[:128]}-{made}" if sent and _PLAIN_ID.match(sent) else made


def _render(reply: Reply, request_id: str) -> web.Response:
    headers = {"X-VMWARE-VCLOUD-REQUEST-ID": request_id, **reply.headers}
    if isinstance(reply.body, Element):
        kind = reply.body.get("type") or "application/*+xml"
        headers["Content-Type"] = kind if "*" not in kind else "application/xml"
        return web.Response(status=reply.status, body=xmldoc.render(reply.body), headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    headers["Content-Type"] = _JSON
    return web.Response(status=reply.status, body=json.dumps(reply.body).encode(), headers=headers)


def _refuse(refusal: ApiError | TokenRefused, path: str, request_id: str) -> web.Response:
    if isinstance(refusal, TokenRefused):
        return _render(Reply(400, {"error": refusal.error, "error_description": refusal.description}), request_id)
    message = f"[ {request_id} ] {refusal.message}"
    if not path.startswith("/api/"):
        body: Any = {"minorErrorCode": refusal.code, "message": message, "stackTrace": None}
        return _render(Reply(refusal.status, body, refusal.headers), request_id)
    if refusal.status == 401:
        return _render(Reply(401, None, refusal.headers), request_id)
    return _render(
        Reply(refusal.status, xmldoc.error(refusal.status, refusal.code, message), refusal.headers), request_id
    )


def _reset_connection(request: web.BaseRequest) -> None:
    """Reset the connection (RST): with a linger time of 0 the kernel sends no orderly FIN, and no answer."""
    transport = request.transport
    if transport is None:
        return
    connection: Any = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
