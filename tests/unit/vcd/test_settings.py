# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options are checked before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, inverse_env_fallback
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import base_url, settings_from
from hypothesis import given
from hypothesis import strategies as st

GIVEN = {"url": "https://vcd.example.com", "org": "acme", "user": "kube", "password": "secret-1"}


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("https://vcd.example.com", "https://vcd.example.com"),
        ("https://vcd.example.com/", "https://vcd.example.com"),
        ("https://vcd.example.com/api", "https://vcd.example.com"),
        ("https://vcd.example.com/api/", "https://vcd.example.com"),
        ("HTTPS://vcd.example.com:8443/cloudapi", "https://vcd.example.com:8443"),
        ("https://[2001:db8::1]:443", "https://[2001:db8::1]:443"),
        (" https://vcd.example.com\n", "https://vcd.example.com"),
    ],
)
def test_a_url_is_reduced_to_its_host(given: str, base: str) -> None:
    assert base_url(given) == base


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "url: not given"),
        ("", "url: not given"),
        ("vcd.example.com", "does not start with https://"),
        ("http://vcd.example.com", "would send the password unencrypted"),
        ("https://", "has no host name"),
        ("https:///api", "has no host name"),
        ("https://vcd.example.com/tenant/acme", "has a path, query or fragment"),
        ("https://vcd.example.com/?a=b", "has a path, query or fragment"),
        ("https://vcd.example.com:port", "is not a URL"),
        ("https://[2001:db8::1", "is not a URL"),
        ("https://vcd example.com", "has no host name"),
    ],
)
def test_a_bad_url_is_rejected_with_a_remedy(given: str | None, says: str) -> None:
    with pytest.raises(CollectionError) as refused:
        base_url(given)
    assert says in refused.value.message
    assert "https://HOST" in refused.value.message


def test_a_password_in_the_url_is_rejected_and_not_shown() -> None:
    with pytest.raises(CollectionError) as refused:
        base_url("https://kube:hidden-1@vcd.example.com")
    assert "hidden-1" not in refused.value.message
    assert "password" in refused.value.message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": None}, r"give password \(VCD_PASSWORD\), as option"),
        (
            {"password": None},
            r"in place of user and password, api_token \(VCD_API_TOKEN\) or token \(VCD_T",
        ),
        ({"user": None}, r"give user \(VCD_USER\), as option"),
        ({"user": "a:b"}, "contains ':'"),
        ({"org": None}, r"give org \(VCD_ORG\), as option"),
        ({"password": None, "api_token": "abc", "org": None}, r"give org \(VCD_ORG\), as option"),
        ({"api_token": "abc"}, "api_token and password: give only one"),
        ({"token": "abc", "api_token": "def", "password": None}, "token and api_token: give only one"),
        ({"token": "a b", "password": None}, "token: contains spaces"),
        ({"ca_path": "/no/such.pem"}, "no such file"),
        ({"timeout": 0}, "timeout: 0"),
    ],
)
def test_bad_combinations_are_rejected(change: dict[str, Any], says: str) -> None:
    with pytest.raises(CollectionError, match=says):
        settings_from({**GIVEN, **change}, {})


ENOUGH = [{"password", "user", "org"}, {"api_token", "org"}, {"token"}]


@given(st.sets(st.sampled_from(["url", "org", "user", "password", "api_token", "token"])), st.sampled_from([None, ""]))
def test_everything_missing_is_named_in_one_line_with_its_variable(present: set[str], nothing: str | None) -> None:
    """For any selection of options: complete, too many secrets, or one line that names everything missing."""
    params = dict.fromkeys(("url", "org", "user", "password", "api_token", "token"), nothing)
    params |= {name: {**GIVEN, "api_token": "abc", "token": "def"}[name] for name in present}
    secrets = present & {"password", "api_token", "token"}
    complete = "url" in present and any(needed <= present for needed in ENOUGH)
    if complete and len(secrets) < 2:
        settings_from(params, {})
        return
    with pytest.raises(CollectionError) as refused:
        settings_from(params, {})
    missing = refused.value.details.get("missing", [])
    assert bool(missing) is not complete or len(secrets) > 1
    assert not present & set(missing)
    assert [name for name in missing if f"{name} (VCD_{name.upper()})" not in refused.value.message] == []
    assert complete or len(secrets) > 1 or any(needed <= {*present, *missing} for needed in ENOUGH)


def test_a_secret_in_the_task_overrides_the_environment() -> None:
    environment = {"VCD_TOKEN": "from-environment", "VCD_PASSWORD": "secret-1"}
    found = settings_from({**GIVEN, "token": "from-environment", "password": "of-the-task"}, environment)
    assert (found.password, found.token) == ("of-the-task", "")


def test_of_several_secrets_in_the_environment_the_token_is_used() -> None:
    environment = {"VCD_TOKEN": "one", "VCD_API_TOKEN": "two", "VCD_PASSWORD": "secret-1"}
    found = settings_from({**GIVEN, "token": "one", "api_token": "two"}, environment)
    assert (found.token, found.api_token, found.password) == ("one", "", "")


def test_the_newline_after_a_token_is_removed() -> None:
    assert settings_from({**GIVEN, "password": None, "token": "abc\n"}, {}).token == "abc"


def test_certificates_are_verified_by_default(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("x")
    assert settings_from(GIVEN, {}).verify is True
    assert settings_from({**GIVEN, "validate_certs": False, "ca_path": str(ca)}, {}).verify is False
    assert settings_from({**GIVEN, "ca_path": str(ca)}, {}).verify == str(ca)


def test_repr_shows_no_secret() -> None:
    for secret in ("password", "api_token", "token"):
        found = settings_from({"url": GIVEN["url"], "org": "a", "user": "u", secret: "hidden-1"}, {})
        assert "hidden-1" not in repr(found) + found.who


@pytest.mark.parametrize("org", ["System", "system", "SYSTEM"])
def test_system_is_the_organization_of_the_provider(org: str) -> None:
    assert settings_from({**GIVEN, "org": org}, {}).provider


@pytest.mark.parametrize(("value", "checked"), [("true", False), ("1", False), ("false", True), ("0", True)])
def test_the_variable_of_the_terraform_provider_is_inverted(
    value: str, checked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VCD_ALLOW_UNVERIFIED_SSL", value)
    assert inverse_env_fallback("VCD_ALLOW_UNVERIFIED_SSL") is checked


def test_secrets_are_no_log() -> None:
    hidden = {name for name, option in CONNECTION.options.items() if option.get("no_log")}
    assert hidden == {"password", "api_token", "token"}
