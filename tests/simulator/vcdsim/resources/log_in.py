# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, sessions, API tokens and the OAuth service."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

from vcdsim import api_versions, errors, xmldoc
from vcdsim.bodies import Body, many, text
from vcdsim.calls import LOGGED_IN, OPEN, Call, Operation, Reply
from vcdsim.resources.common import UNSORTED, listing, page_reply
from vcdsim.rights import TOKEN_OWN
from vcdsim.sessions import Session
from vcdsim.store import Record

SESSIONS = "/cloudapi/1.0.0/sessions"
TOKENS = "/cloudapi/1.0.0/tokens"
FORM = "application/x-www-form-urlencoded"
_REFRESH = "refresh_token"
_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

CLIENT = Body(
    "OAuth client",
    {
        "client_name": text(low=1),
        "grant_types": many(text()),
        "scope": text(),
        "software_id": text(),
        "software_version": text(),
        "client_uri": text(),
    },
    "client_name",
)


def get_versions(call: Call) -> Reply:
    # A release offers its own version and those of about two years before. Clients use LoginUrl unchanged, so it has to
    # name the host and port that the client used.
    root = xmldoc.document("SupportedVersions", xmldoc.VERSIONS)
    newest = max(call.vcd.settings.versions)
    for version in call.vcd.settings.versions:
        info = xmldoc.child(root, "VersionInfo", deprecated=version[0] < newest[0] - 1)
        xmldoc.child(info, "Version", api_versions.text(version))
        xmldoc.child(info, "LoginUrl", f"{call.base}{SESSIONS}")
        xmldoc.child(info, "ProviderLoginUrl", f"{call.base}{SESSIONS}/provider")
    return Reply(200, root)


def show_session(call: Call, session: Session) -> dict[str, Any]:
    role = session.user.facts["role"]
    body = {
        "id": session.id,
        "site": {"name": "vcdsim", "id": call.store.mint("site", "vcdsim")},
        "user": {"name": session.user.name, "id": session.user.id},
        "org": {"name": session.org.name, "id": session.org.id},
        "location": call.store.mint("location", "vcdsim").rsplit(":", 1)[-1] + "@vcdsim",
        "roles": [role],
        "roleRefs": [{"name": role, "id": call.store.mint("role", role)}],
        "sessionIdleTimeoutMinutes": int(call.vcd.settings.idle_seconds // 60),
    }
    if call.version < (37, 1):
        del body["site"]
    return body


def _log_in(call: Call, *, provider: bool) -> Reply:
    # Only Basic counts here: when the SDK logs in again, it also sends its expired token.
    kind, _space, value = call.headers.get("Authorization", "").partition(" ")
    if kind.casefold() != "basic":
        raise errors.unauthorized()
    session = call.vcd.sessions.log_in(value.strip(), provider=provider, now=call.vcd.clock())
    call.session_or_none = session
    headers = {"X-VMWARE-VCLOUD-ACCESS-TOKEN": session.token, "X-VMWARE-VCLOUD-TOKEN-TYPE": "Bearer"}
    return Reply(200, show_session(call, session), headers)


def log_in_tenant(call: Call) -> Reply:
    return _log_in(call, provider=False)


def log_in_provider(call: Call) -> Reply:
    return _log_in(call, provider=True)


def list_sessions(call: Call) -> Reply:
    own = call.vcd.sessions.of_user(call.session.user)
    return page_reply(call, UNSORTED, own, lambda one: show_session(call, one))


def get_current(call: Call) -> Reply:
    return Reply(200, show_session(call, call.session))


def log_out(call: Call) -> Reply:
    call.vcd.sessions.close(call.session)
    return Reply(204)


def _own_session(call: Call) -> Session:
    for session in call.vcd.sessions.of_user(call.session.user):
        if session.id == call.params["id"]:
            return session
    raise errors.forbidden("Base", call.operation.name, call.params["id"])


def get_session(call: Call) -> Reply:
    return Reply(200, show_session(call, _own_session(call)))


def delete_session(call: Call) -> Reply:
    call.vcd.sessions.close(_own_session(call))
    return Reply(204)


def _token_body(call: Call, session: Session, refresh: str | None) -> dict[str, Any]:
    return {
        "access_token": session.token,
        "token_type": "Bearer",
        "expires_in": int(call.vcd.settings.token_seconds),
        "refresh_token": refresh,
    }


def _form(call: Call) -> dict[str, str]:
    content_type = call.headers.get("Content-Type", "").split(";")[0].strip()
    if content_type != FORM:
        raise errors.unsupported_media(content_type, FORM)
    return {name: values[-1] for name, values in parse_qs(call.raw.decode("utf-8", "replace")).items()}


def _token(call: Call, *, provider: bool) -> Reply:
    # CPI tries the provider's path first, whatever its organisation. If it accepted a tenant's token, CPI would act as
    # a system administrator and send other queries.
    form, org = _form(call), call.params.get("org", "")
    sessions, now = call.vcd.sessions, call.vcd.clock()
    if form.get("grant_type") == _REFRESH:
        session = sessions.log_in_with_api_token(form.get("refresh_token", ""), org, provider=provider, now=now)
        call.session_or_none = session
        return Reply(200, _token_body(call, session, None))
    if form.get("grant_type") != _BEARER:
        raise errors.TokenRefused("unsupported_grant_type", "The grant type is not supported here.")
    return _new_api_token(call, form, provider=provider)


def _new_api_token(call: Call, form: dict[str, str], *, provider: bool) -> Reply:
    """Issue an API token to a client that the owner of the assertion has registered."""
    session = call.vcd.sessions.by_token(form.get("assertion", ""), call.vcd.clock())
    client = next((one for one in call.store.all("token") if one.facts["client_id"] == form.get("client_id")), None)
    if client is None or client.facts["user"] != session.user.id or session.is_provider != provider:
        raise errors.TokenRefused("invalid_grant", "The client is not known.")
    client.facts["value"] = client.facts["value"] or call.store.mint("natRule").replace("-", "")
    call.session_or_none, call.touched = session, client.id
    return Reply(200, _token_body(call, session, client.facts["value"]))


def token_tenant(call: Call) -> Reply:
    return _token(call, provider=False)


def token_provider(call: Call) -> Reply:
    return _token(call, provider=True)


def _register(call: Call, *, provider: bool) -> Reply:
    if call.session.is_provider != provider or (
        not provider and call.params["org"].casefold() != call.session.org.name.casefold()
    ):
        raise errors.forbidden(TOKEN_OWN, call.operation.name, call.session.user.id)
    sent = CLIENT.read(call.body, call.version)
    if "software_id" in sent:
        raise errors.not_built("POST", "/oauth/tenant/{org}/register for a service account")
    own = call.store.where("token", "user", call.session.user.id)
    if any(one.name == sent["client_name"] for one in own):
        raise errors.bad_request(f"An API token named {sent['client_name']} already exists.")
    client_id = call.store.mint("natRule")
    token = Record("token", call.store.mint("token"), {"name": sent["client_name"]}, call.session.org.id)
    token.facts |= {"user": call.session.user.id, "client_id": client_id, "value": ""}
    call.store.add(token)
    call.touched = token.id
    answer = {"client_id": client_id, "client_name": token.name, "grant_types": [_REFRESH, _BEARER]}
    return Reply(200, answer)


def register_tenant(call: Call) -> Reply:
    return _register(call, provider=False)


def register_provider(call: Call) -> Reply:
    return _register(call, provider=True)


TOKEN_LIST = listing(
    {
        "owner.id": lambda record: record.facts["user"],
        "owner.name": lambda record: record.facts.get("user_name"),
        "type": lambda record: "REFRESH",
        "org.id": lambda record: record.org,
    }
)


def show_token(call: Call, token: Record) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "token": None,
        "expirationTimeUtc": time.strftime(
            "%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(4102444800)
        ),  # 2100: tokens never expire here
        "owner": call.store.ref(token.facts["user"]),
        "org": call.store.ref(token.org),
        "type": "REFRESH",
    }


def _own_tokens(call: Call) -> list[Record]:
    return call.store.where("token", "user", call.session.user.id)


def list_tokens(call: Call) -> Reply:
    own = _own_tokens(call)
    for token in own:
        token.facts["user_name"] = call.session.user.name
    return page_reply(call, TOKEN_LIST, own, lambda one: show_token(call, one))


def _own_token(call: Call) -> Record:
    token = call.require("token", call.params["id"])
    if token not in _own_tokens(call):
        raise errors.forbidden("Base", call.operation.name, token.id)
    return token


def get_token(call: Call) -> Reply:
    return Reply(200, show_token(call, _own_token(call)))


def delete_token(call: Call) -> Reply:
    call.store.remove(_own_token(call))
    return Reply(204)


_WRONG = "a wrong password, a user of the other kind of organisation"
OPERATIONS = (
    Operation("GET", "/api/versions", "0.0", OPEN, get_versions, "VERSIONS_VIEW"),
    Operation("POST", SESSIONS, "33.0", OPEN, log_in_tenant, "SESSION_CREATE", refuses=_WRONG),
    Operation("POST", SESSIONS + "/provider", "33.0", OPEN, log_in_provider, "SESSION_CREATE", refuses=_WRONG),
    Operation("GET", SESSIONS, "33.0", LOGGED_IN, list_sessions, "SESSION_VIEW"),
    Operation("GET", SESSIONS + "/current", "34.0", LOGGED_IN, get_current, "SESSION_VIEW"),
    Operation("DELETE", SESSIONS + "/current", "36.0", LOGGED_IN, log_out, "SESSION_DELETE"),
    Operation("GET", SESSIONS + "/{id}", "33.0", LOGGED_IN, get_session, "SESSION_VIEW"),
    Operation("DELETE", SESSIONS + "/{id}", "33.0", LOGGED_IN, delete_session, "SESSION_DELETE"),
    Operation(
        "POST",
        "/oauth/tenant/{org}/token",
        "0.0",
        OPEN,
        token_tenant,
        "TOKEN_EXCHANGE",
        refuses="an unknown API token (invalid_grant: assumed form)",
    ),
    Operation(
        "POST",
        "/oauth/provider/token",
        "0.0",
        OPEN,
        token_provider,
        "TOKEN_EXCHANGE",
        refuses="a tenant's API token",
    ),
    Operation(
        "POST",
        "/oauth/tenant/{org}/register",
        "0.0",
        TOKEN_OWN,
        register_tenant,
        "TOKEN_REGISTER",
        refuses="a duplicate name",
    ),
    Operation(
        "POST",
        "/oauth/provider/register",
        "0.0",
        TOKEN_OWN,
        register_provider,
        "TOKEN_REGISTER",
        refuses="a duplicate name",
    ),
    Operation("GET", TOKENS, "33.0", TOKEN_OWN, list_tokens, "TOKEN_VIEW"),
    Operation("GET", TOKENS + "/{id}", "33.0", TOKEN_OWN, get_token, "TOKEN_VIEW"),
    Operation("DELETE", TOKENS + "/{id}", "33.0", TOKEN_OWN, delete_token, "TOKEN_DELETE"),
)
