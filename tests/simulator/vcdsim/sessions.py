# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions: log-in with password or API token, access tokens, expiry. Times are seconds on the monotonic clock."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from vcdsim import errors
from vcdsim.store import Record, Store, uuid_of

SYSTEM_ORG = "System"


@dataclass(eq=False)
class Session:
    """One log-in. ``id`` is its URN."""

    id: str
    token: str
    user: Record
    org: Record
    rights: frozenset[str]
    is_provider: bool
    expires_at: float
    idle_until: float


@dataclass
class Sessions:
    """All sessions. ``lifetime`` and ``idle`` are in seconds."""

    store: Store
    lifetime: float
    idle: float
    _by_token: dict[str, Session] = field(default_factory=dict)

    def log_in(self, basic: str, *, provider: bool, now: float) -> Session:
        """Open a session for ``user@org:password`` in base64. Answers 401 otherwise."""
        try:
            login, _colon, password = base64.b64decode(basic, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as problem:
            raise errors.unauthorized() from problem
        name, _at, org_name = login.rpartition("@")
        user = self._find_user(org_name, name)
        known = str(user.facts["password"]) if user else ""
        if not secrets.compare_digest(known.encode(), password.encode()) or user is None:
            raise errors.unauthorized()
        return self._open(user, provider=provider, now=now)

    def log_in_with_api_token(self, value: str, org_name: str, *, provider: bool, now: float) -> Session:
        """Open a session for an API token. Answers ``invalid_grant`` if no user of that organisation has it."""
        for token in self.store.all("token"):
            user = self.store.get("user", token.facts["user"])
            if user is None or not secrets.compare_digest(str(token.facts["value"]).encode(), value.encode()):
                continue
            org = self.store.get("org", user.org or "")
            if org is None or (org.name.casefold() == SYSTEM_ORG.casefold()) != provider:
                break
            if not provider and org.name.casefold() != org_name.casefold():
                break
            return self._open(user, provider=provider, now=now)
        raise errors.TokenRefused("invalid_grant", "The provided refresh token is invalid or expired.")

    def _find_user(self, org_name: str, name: str) -> Record | None:
        for user in self.store.where("user", "name", name):
            org = self.store.get("org", user.org or "")
            if org is not None and org.name.casefold() == org_name.casefold():
                return user
        return None

    def _open(self, user: Record, *, provider: bool, now: float) -> Session:
        org = self.store.get("org", user.org or "")
        if org is None or (org.name == SYSTEM_ORG) != provider or not user.data.get("enabled", True):
            raise errors.unauthorized()
        identifier = self.store.mint("session", secrets.token_hex(16))
        session = Session(
            identifier,
            _new_token(user, org),
            user,
            org,
            frozenset(user.facts["rights"]),
            provider,
            now + self.lifetime,
            now + self.idle,
        )
        # expired sessions would pile up otherwise: CPI logs in before each operation and never logs out
        self._by_token = {token: old for token, old in self._by_token.items() if old.expires_at > now}
        self._by_token[session.token] = session
        return session

    def by_token(self, token: str, now: float) -> Session:
        """The session of an access token; its idle time starts again. Answers 401 if it is unknown, expired or idle."""
        session = self._by_token.get(token)
        if session is None:
            raise errors.unauthorized()
        if now >= session.expires_at or now >= session.idle_until:
            self.close(session)
            raise errors.unauthorized()
        session.idle_until = now + self.idle
        return session

    def close(self, session: Session) -> None:
        self._by_token.pop(session.token, None)

    def of_user(self, user: Record) -> list[Session]:
        return [session for session in self._by_token.values() if session.user is user]

    def kept(self) -> Callable[[], None]:
        """A function that restores the current sessions, with their current expiry."""
        known = dict(self._by_token)
        ends = [(session, session.expires_at, session.idle_until) for session in known.values()]

        def restore() -> None:
            self._by_token = dict(known)
            for session, expires_at, idle_until in ends:
                session.expires_at, session.idle_until = expires_at, idle_until

        return restore

    def expire_all(self) -> int:
        """End every session, as a restart of VCD does. Returns their number."""
        ended = len(self._by_token)
        self._by_token.clear()
        return ended


def _new_token(user: Record, org: Record) -> str:
    """A token with the form and length of a JWT; its signature is random.

    go-vcloud-director sends the Authorization header only for tokens longer than 32 characters.
    """
    head = {"alg": "RS256", "typ": "JWT"}
    claims = {"sub": user.name, "iss": f"{uuid_of(org.id)}@{uuid_of(org.id)}", "jti": secrets.token_hex(16)}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, claims)]
    return ".".join([*parts, secrets.token_urlsafe(256)])
