# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A session with Cloud Director: version, login, renewal, retries, logout."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any
from urllib.parse import quote

from ansible_collections.vcd.kubernetes.plugins.module_utils._bounds import LARGEST, SMALL
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import (
    InDoubt,
    Refused,
    Unreachable,
    VcdError,
    refusal,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.retry import (
    Backoff,
    RetryVerdict,
    judge,
    retry_after_seconds,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import Settings, is_token
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import (
    Answer,
    Authorize,
    Transport,
    basic,
    bearer,
    no_authorization,
    not_cloud_director,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.versions import (
    Version,
    choose,
    listed_versions,
    render,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._waiting import Clock, Deadline, ServerClock

LOGOUT_SECONDS = 10.0
_TOKENS = ("access_token", "refresh_token")
Send = Callable[["Call", Deadline], Answer]


@dataclass(frozen=True)
class Call:
    """One request.

    ``what`` completes "cannot ..." in messages. ``repeatable``: sending it twice does no harm. ``repeat_busy``: send it
    again when Cloud Director rejects it as busy (False while an earlier attempt may still be in progress). ``size`` is
    the largest size of its answer in bytes.
    """

    method: str
    path: str
    what: str
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    accept: str = "application/json"
    repeatable: bool = True
    repeat_busy: bool = True
    size: int = LARGEST


class Session:
    """A login to one Cloud Director. On entry it negotiates the API version and logs in; on exit it logs out.

    ::

        with Session(settings_from(module.params)) as session:
            call = Call("GET", "/cloudapi/1.0.0/vdcs", "list VDCs", params={"pageSize": "128"})
            answer = session.request(call, session.deadline(30.0))  # seconds
            vdcs = answer.json()["values"]

    It may be shared by threads: when the login expires, one thread renews it and the others use the new token.

    Raises Refused (status 400 or above), Unreachable (no answer) and VcdError (the login is rejected, the deadline has
    passed, or the answer is not Cloud Director's). InDoubt is for callers that write: see ``request``.
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, transport: Transport | None = None) -> None:
        self.settings = settings
        self.listed: list[Version] = []
        self.version: Version = (0, 0)
        self._clock = clock
        self._transport = transport or Transport(settings)
        self.opened: Answer | None = None  # the answer to the login, which describes the session
        self._token = ""
        self._api_token = settings.api_token
        self._own_login = False
        self._reached = False
        self._server_clock = ServerClock(clock)
        self._lock = threading.Lock()
        self._operation = threading.local()

    def __enter__(self) -> Session:
        try:
            self.listed = self._list_versions()
            self.version = choose(self.listed, self.settings.api_version)
            self._token = self._login(self.deadline())
            self._own_login = not self.settings.token
        except BaseException:
            self._transport.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._own_login:
                self._logout()
        finally:
            self._transport.close()

    def deadline(self, seconds: float | None = None) -> Deadline:
        """A deadline ``seconds`` from now; by default that of the running operation, or one after ``timeout``."""
        if seconds is not None:
            return Deadline(seconds, self._clock)
        running: Deadline | None = getattr(self._operation, "deadline", None)
        return running or Deadline(self.settings.timeout, self._clock)

    def now(self) -> datetime:
        """The time in UTC by Cloud Director's clock."""
        return self._server_clock.now()

    @contextmanager
    def operation(self) -> Iterator[Deadline]:
        """One deadline for a write with its retries, its task, and the reads that check whether it took effect."""
        # Kept per thread: threads share a session, but their operations have separate deadlines.
        self._operation.deadline = deadline = self.deadline()
        try:
            yield deadline
        finally:
            self._operation.deadline = None

    def request(self, call: Call, deadline: Deadline) -> Answer:
        """Send an authenticated request, and retry until the deadline where that is safe.

        Raises VcdError (Refused, Unreachable), or InDoubt when a request that must not be repeated got no answer.
        """
        return self._until_answered(call, deadline, self._send_with_login)

    def _list_versions(self) -> list[Version]:
        call = Call("GET", "/api/versions", "read the API versions", accept="*/*", size=SMALL)
        answer = self._until_answered(call, self.deadline(), self._send_bare)
        listed = listed_versions(answer.text)
        if not listed:
            raise not_cloud_director(answer)
        return listed

    def _login(self, deadline: Deadline) -> str:
        """An access token: the given one, or a new one obtained with the password or the API token."""
        if self.settings.token:
            return self.settings.token
        return self._login_by_token(deadline) if self.settings.api_token else self._login_by_password(deadline)

    def _login_by_password(self, deadline: Deadline) -> str:
        settings = self.settings
        path = "/cloudapi/1.0.0/sessions" + ("/provider" if settings.provider else "")
        call = Call("POST", path, f"log in {settings.who}", size=SMALL)
        authorize = basic(f"{settings.user}@{settings.org}", settings.password)
        try:
            answer = self._until_answered(call, deadline, lambda one, until: self._send(one, until, authorize))
        except Refused as error:
            if error.status != 401:
                raise
            remedy = "check user, password and org, and that the user is neither disabled nor locked"
            raise _unusable(
                "password", f"Cloud Director rejects the login of {settings.who}: {remedy}", error
            ) from None
        token = answer.headers.get("X-VMWARE-VCLOUD-ACCESS-TOKEN", "")
        if not is_token(token):
            raise not_cloud_director(answer, "its header has no token")
        SECRETS.add_issued(token)
        self.opened = answer
        return token

    def _login_by_token(self, deadline: Deadline) -> str:
        settings = self.settings
        path = "/oauth/provider/token" if settings.provider else f"/oauth/tenant/{quote(settings.org, safe='')}/token"
        form = {"grant_type": "refresh_token", "refresh_token": self._api_token}
        call = Call("POST", path, f"log in with {settings.who}", form=form, size=SMALL)
        try:
            answer = self._until_answered(call, deadline, self._send_bare)
        except Refused as error:
            if error.status not in (400, 401, 403, 404):
                raise
            remedy = "it is wrong, expired or revoked, or was created in another organization than org"
            text = f"Cloud Director rejects the API token for organization {settings.org!r}: {remedy}"
            raise _unusable("api_token", text, error) from None
        found = answer.json()
        token, refresh = (found.get(name) for name in _TOKENS) if isinstance(found, dict) else (None, None)
        if not is_token(token) or not (refresh in (None, "") or is_token(refresh)):
            raise not_cloud_director(answer, "it has no token")  # never the text of a refused token
        # The refresh token of a service account works once: the next renewal needs the one returned here.
        self._api_token = refresh or self._api_token
        SECRETS.add_issued(token, self._api_token)
        return str(token)

    def _renew(self, stale: str, deadline: Deadline) -> None:
        with self._lock:
            # Another thread may have renewed it while this one waited for the lock. A second login would use up an API
            # token that works only once, and leave a session that is never logged out.
            if self._token == stale:
                self._token = self._login(deadline)

    def _logout(self) -> None:
        """Best effort: a session that cannot be closed expires by itself, and must not hide an earlier error."""
        call = Call("DELETE", "/cloudapi/1.0.0/sessions/current", "log out", size=SMALL)
        try:
            self._send(call, self.deadline(LOGOUT_SECONDS), bearer(self._token))
        except CollectionError:
            return

    def _until_answered(self, call: Call, deadline: Deadline, send: Send) -> Answer:
        backoff = Backoff()
        while True:
            error = self._try(call, deadline, send)
            if isinstance(error, Answer):
                return error
            verdict = judge(error, repeatable=call.repeatable, reached_before=self._reached)
            # "Busy" may be caused by our own earlier attempt, so the caller has to check before it sends the request
            # again.
            if verdict is RetryVerdict.REPEAT and error.details.get("busy") and not call.repeat_busy:
                verdict = RetryVerdict.IN_DOUBT
            if verdict is RetryVerdict.GIVE_UP:
                raise error
            if deadline.expired():
                raise gave_up(error, call, deadline)
            if verdict is RetryVerdict.IN_DOUBT:
                raise InDoubt(error)
            retry_after = error.retry_after if isinstance(error, Refused) else None
            deadline.sleep(backoff.pause(retry_after_seconds(retry_after)))

    def _try(self, call: Call, deadline: Deadline, send: Send) -> Answer | VcdError:
        try:
            answer = send(call, deadline)
        except Unreachable as error:
            return error
        # From now on an unreachable server is an outage to wait out. Before, it is a wrong url: fail at once.
        self._reached = True
        self._server_clock.note(answer.headers.get("Date"))
        if answer.status < 400:
            return answer
        refused = refusal(_sentence(call), call.method, call.path, answer.status, answer.text)
        refused.retry_after = answer.headers.get("Retry-After")
        return refused

    def _send_with_login(self, call: Call, deadline: Deadline) -> Answer:
        """Send with the token; after a 401, log in again and send once more."""
        token = self._token
        answer = self._send(call, deadline, bearer(token))
        if answer.status == 401 and not self.settings.token:
            self._renew(token, deadline)
            answer = self._send(call, deadline, bearer(self._token))
        if answer.status == 401:
            option = "token" if self.settings.token else "api_token" if self.settings.api_token else "password"
            error = refusal(_sentence(call), call.method, call.path, answer.status, answer.text)
            raise _unusable(option, f"Cloud Director rejects {self.settings.who}: expired or revoked", error)
        return answer

    def _send_bare(self, call: Call, deadline: Deadline) -> Answer:
        return self._send(call, deadline, no_authorization)

    def _send(self, call: Call, deadline: Deadline, authorize: Authorize) -> Answer:
        # Name the negotiated version in every request, so that the server never falls back to another one.
        accept = f"{call.accept};version={render(self.version)}" if self.version != (0, 0) else call.accept
        return self._transport.send(
            call.method,
            call.path,
            authorize=authorize,
            headers={"Accept": accept, "User-Agent": "vcd.kubernetes"},
            params=call.params,
            json=call.json,
            form=call.form,
            seconds=deadline.left(),
            size=call.size,
        )


def _sentence(call: Call) -> str:
    return f"cannot {call.what}"


def _unusable(option: str, text: str, error: Refused) -> VcdError:
    """The error for a rejected credential: it names the option, never its value."""
    return VcdError(f"{option}: {text}", option=option, **error.details)


def gave_up(error: VcdError, call: Call, deadline: Deadline) -> VcdError:
    """The same error, with what was attempted and for how long."""
    text = error.message if error.message.startswith("cannot ") else f"{_sentence(call)}: {error.message}"
    return VcdError(f"{text} (tried for {deadline.seconds:g} s; option timeout)", **error.details)
