# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions, log-in, tokens, and their expiry."""

from __future__ import annotations

import base64

import pytest
from simulator_bench import Api
from vcdsim import errors
from vcdsim.sessions import Sessions
from vcdsim.store import Record, Store
from vcdsim.testing import Simulator

API_TOKEN = "acme-api-token-0000000000000001"
FORM = {"grant_type": "refresh_token", "refresh_token": API_TOKEN}
VERSIONS = "{http://www.vmware.com/vcloud/versions}"


def test_versions_need_no_log_in_and_name_the_requested_host(sim: Simulator) -> None:
    answer = Api(sim).ask("GET", "/api/versions", headers={"Host": "vcd.example.com:1234"})
    assert answer.status_code == 200
    assert "https://vcd.example.com:1234/cloudapi/1.0.0/sessions<" in answer.text
    found = Api(sim).xml("/api/versions").findall(f"{VERSIONS}VersionInfo/{VERSIONS}Version")
    assert [one.text for one in found] == ["36.3", "37.0", "37.1", "37.2", "38.0", "39.0"]


def test_a_password_opens_a_session(sim: Simulator) -> None:
    answer = Api(sim).log_in("kube@acme", "kube-secret-1")
    assert answer.status_code == 200
    assert answer.json()["user"]["name"] == "kube"
    assert answer.headers["X-VMWARE-VCLOUD-TOKEN-TYPE"] == "Bearer"
    token = answer.headers["X-VMWARE-VCLOUD-ACCESS-TOKEN"]
    assert len(token) > 32
    assert token.count(".") == 2


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("kube@acme", "wrong"),
        ("kube@acme", ""),
        ("stranger@acme", "kube-secret-1"),
        ("kube@nowhere", "kube-secret-1"),
        ("kube", "kube-secret-1"),
        ("administrator@System", "wrong"),
        ("kube@system", "kube-secret-1"),
    ],
)
def test_a_wrong_password_or_user_is_refused(sim: Simulator, user: str, password: str) -> None:
    assert Api(sim).log_in(user, password).status_code == 401


def test_provider_and_tenant_have_separate_log_ins(sim: Simulator) -> None:
    api, accept = Api(sim), {"Accept": "application/*;version=37.2"}
    doors = {
        "/sessions": ("administrator@System", "system-secret-1"),
        "/sessions/provider": ("kube@acme", "kube-secret-1"),
    }
    for door, who in doors.items():
        assert api.http.post(f"{sim.url}/cloudapi/1.0.0{door}", auth=who, headers=accept).status_code == 401
    assert api.log_in("administrator@system", "system-secret-1").status_code == 200


@pytest.mark.parametrize(
    "authorization", ["", "Basic", "Basic !!!", "Bearer x", "Basic " + base64.b64encode(b"\xff").decode()]
)
def test_a_malformed_log_in_is_refused(sim: Simulator, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    assert Api(sim).ask("POST", "/sessions", headers=headers).status_code == 401


def test_a_stale_token_does_not_prevent_a_new_log_in(sim: Simulator) -> None:
    answer = Api(sim).ask(
        "POST",
        "/sessions",
        headers={
            "Authorization": "Basic " + base64.b64encode(b"kube@acme:kube-secret-1").decode(),
            "X-VMWARE-VCLOUD-ACCESS-TOKEN": "stale",
            "Accept": "application/*;version=37.2, application/json;version=37.2",
        },
    )
    assert answer.status_code == 200


def test_either_token_header_is_accepted(sim: Simulator, api: Api) -> None:
    token = str(api.http.headers.pop("Authorization")).removeprefix("Bearer ")
    for headers in (
        {"Authorization": f"bearer {token}"},
        {"X-VMWARE-VCLOUD-ACCESS-TOKEN": token},
    ):
        assert api.ask("GET", "/sessions/current", headers=headers).status_code == 200
    assert api.ask("GET", "/sessions/current").status_code == 401


def test_log_out_ends_the_session(api: Api) -> None:
    assert api.ask("DELETE", "/sessions/current").status_code == 204
    answer = api.ask("GET", "/edgeGateways")
    assert answer.status_code == 401
    assert answer.json()["minorErrorCode"] == "UNAUTHORIZED"


def test_a_401_of_the_legacy_api_has_no_body(sim: Simulator, api: Api) -> None:
    sim.expire()
    answer = api.ask("GET", "/api/org")
    assert (answer.status_code, answer.content) == (401, b"")


def test_only_its_owner_sees_and_ends_a_session(sim: Simulator, api: Api, admin: Api) -> None:
    mine = api.values("/sessions")[0]["id"]
    assert api.get(f"/sessions/{mine}")["user"]["name"] == "kube"
    admin.refused("GET", f"/sessions/{mine}", None, "SESSION_VIEW", status=403)
    assert api.ask("DELETE", f"/sessions/{mine}").status_code == 204
    assert api.ask("GET", "/sessions").status_code == 401


def test_access_tokens_and_idle_sessions_expire() -> None:
    store = Store()
    org = store.add(Record("org", store.mint("org", "o"), {"name": "o"}))
    facts = {"password": "p", "rights": frozenset({"r"}), "role": "x"}
    store.add(Record("user", store.mint("user", "u"), {"name": "u"}, org.id, facts=facts))
    sessions = Sessions(store, lifetime=100, idle=30)
    session = sessions.log_in(base64.b64encode(b"u@o:p").decode(), provider=False, now=0)
    for now in (29, 58, 87):
        assert sessions.by_token(session.token, now) is session
    with pytest.raises(errors.ApiError, match="log in"):
        sessions.by_token(session.token, 100)
    other = sessions.log_in(base64.b64encode(b"u@o:p").decode(), provider=False, now=0)
    with pytest.raises(errors.ApiError, match="log in"):
        sessions.by_token(other.token, 30)


def test_an_api_token_opens_a_session(sim: Simulator) -> None:
    api = Api(sim)
    answer = api.ask("POST", "/oauth/tenant/acme/token", data=FORM)
    assert answer.status_code == 200
    body = answer.json()
    assert (body["token_type"], body["expires_in"], body["refresh_token"]) == ("Bearer", 3600, None)
    api.http.headers["Authorization"] = f"Bearer {body['access_token']}"
    assert api.get("/sessions/current")["user"]["name"] == "kube"


@pytest.mark.parametrize(
    ("path", "form", "error"),
    [
        ("/oauth/tenant/acme/token", {**FORM, "refresh_token": "unknown"}, "invalid_grant"),
        ("/oauth/tenant/other/token", FORM, "invalid_grant"),
        ("/oauth/provider/token", FORM, "invalid_grant"),
        ("/oauth/tenant/acme/token", {"grant_type": "password"}, "unsupported_grant_type"),
        ("/oauth/tenant/acme/token", {}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_api_token_is_refused(sim: Simulator, path: str, form: dict[str, str], error: str) -> None:
    answer = Api(sim).ask("POST", path, data=form or {"x": "y"})
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_token_exchange_needs_a_form(sim: Simulator) -> None:
    Api(sim).refused("POST", "/oauth/tenant/acme/token", FORM, "x-www-form-urlencoded", status=415)


def test_a_new_api_token_is_registered_used_listed_and_deleted(api: Api) -> None:
    client = api.ask("POST", "/oauth/tenant/acme/register", {"client_name": "ci"}).json()
    api.refused("POST", "/oauth/tenant/acme/register", {"client_name": "ci"}, "already exists")
    assertion = str(api.http.headers["Authorization"]).removeprefix("Bearer ")
    grant = {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": assertion,
        "client_id": client["client_id"],
    }
    made = api.ask("POST", "/oauth/tenant/acme/token", data=grant).json()["refresh_token"]
    assert api.ask("POST", "/oauth/tenant/acme/token", data={**FORM, "refresh_token": made}).status_code == 200
    wrong = {**grant, "client_id": "00000000-0000-0000-0000-000000000000"}
    assert api.ask("POST", "/oauth/tenant/acme/token", data=wrong).json()["error"] == "invalid_grant"
    token = api.named("/tokens", "ci")
    assert token["token"] is None
    assert api.ask("DELETE", f"/tokens/{token['id']}").status_code == 204
    assert api.ask("POST", "/oauth/tenant/acme/token", data={**FORM, "refresh_token": made}).status_code == 400


def test_tokens_of_others_cannot_be_touched(api: Api, admin: Api) -> None:
    token = api.values("/tokens")[0]["id"]
    admin.refused("DELETE", f"/tokens/{token}", None, "TOKEN_DELETE", status=403)
    api.refused("POST", "/oauth/tenant/other/register", {"client_name": "x"}, "TOKEN_REGISTER", status=403)
    account = {"client_name": "x", "software_id": "y"}
    api.refused("POST", "/oauth/tenant/acme/register", account, "service account", status=501)
