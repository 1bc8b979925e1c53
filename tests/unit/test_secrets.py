# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A secret is masked in every form in which a server may echo it, even if a message is cut."""

from __future__ import annotations

import base64
import html
import json
import re
import string
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import as_text
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.errors import from_api
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.options import RawButHidden
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import MASK, SECRETS, SHORTEST_ISSUED
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.errors import refusal
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import settings_from
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.transport import basic
from hypothesis import example, given
from hypothesis import strategies as st

# Two marks that occur nowhere else, with any characters between and around them.
MARKS = ("zQ7zQ", "qX8qX")
TRICKY = st.text(string.printable + "äß€中🔑", max_size=6)
PASSWORDS = st.tuples(TRICKY, TRICKY).map(lambda one: f"{one[0]}{MARKS[0]}{one[1]}{MARKS[1]}")
FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "quote": lambda one: quote(one, safe=""),
    "quote, slashes kept": quote,
    "quote, lower case": lambda one: re.sub(
        "%..", lambda hexadecimal: hexadecimal.group().lower(), quote(one, safe="")
    ),
    "form": quote_plus,
    "JSON": json.dumps,
    "JSON in UTF-8": lambda one: json.dumps(one, ensure_ascii=False),
    "HTML": html.escape,
    "Python": repr,
    "base64": lambda one: base64.b64encode(one.encode()).decode(),
    "Latin-1": lambda one: one.encode().decode("latin-1"),
    "one line": lambda one: " ".join(one.split()),
}


@pytest.fixture(autouse=True)
def plain() -> None:
    """The words of messages are not checked here: they contain passwords of any text, even with ``{}``."""


@pytest.fixture(autouse=True)
def none_known() -> Iterator[None]:
    """Each test only knows its own secrets."""
    SECRETS.clear()
    yield
    SECRETS.clear()


@given(PASSWORDS, st.sampled_from(sorted(FORMS)), TRICKY, TRICKY)
def test_every_form_is_masked(password: str, form: str, before: str, after: str) -> None:
    SECRETS.clear()
    SECRETS.add(password)
    echoed = FORMS[form](password)
    masked = SECRETS.mask(f"{before} {echoed} {after}")
    assert not [mark for mark in MARKS if mark in masked]
    assert form != "base64" or echoed not in masked
    assert SECRETS.mask_data({echoed: [echoed, (1, None)]}) == {SECRETS.mask(echoed): [SECRETS.mask(echoed), [1, None]]}


@given(st.lists(PASSWORDS, min_size=1, max_size=3), st.integers(0, 1200), st.sampled_from(sorted(FORMS)))
@example(["zQ7zQ\x0cqX8qX"], 0, "Python")
@example(["zQ7zQ{}qX8qX"], 0, "plain")
def test_a_secret_that_is_cut_is_masked_first(passwords: list[str], length: int, form: str) -> None:
    SECRETS.clear()
    SECRETS.add(*passwords)
    body = "x" * length + FORMS[form](passwords[0])
    for message in (refusal("cannot read", "GET", "/x", 400, body).message, as_text(body)):
        assert not [mark for mark in MARKS if mark in SECRETS.mask(message)]
        # not even the first mark of a secret whose rest was cut off
        assert MARKS[0] not in SECRETS.mask(message)


@given(st.text(string.ascii_letters + string.digits + "-_.~+/", min_size=20, max_size=3000), st.integers(0, 990))
def test_the_value_of_an_authorization_header_is_masked_whoever_it_belongs_to(token: str, length: int) -> None:
    SECRETS.clear()
    for scheme in ("Bearer", "bearer", "Basic"):
        for body in (
            f"{scheme} {token}",
            json.dumps({"message": f"{'x ' * (length // 2)}Authorization: {scheme} {token}"}),
        ):
            error = refusal("cannot read", "GET", "/x", 400, body)
            assert token[:12] not in error.message
            assert token[:12] not in str(error.details)
            answer = type("ApiException", (), {"status": 400, "body": "", "reason": f"{scheme} {token}"})()
            assert token[:12] not in from_api(answer, "GET", "/x", "https://k").message


@pytest.mark.parametrize(
    "text",
    [
        "grant_type=refresh_token&refresh_token={}",
        '{{"access_token": "{}"',
        "refresh_token%3D{}",
        r"\"access_token\":\"{}",
    ],
)
def test_a_token_of_a_login_is_masked_even_if_the_server_cut_it(text: str) -> None:
    for token in ("abcd-1234-efgh", "abcd%2F1234-efgh"):
        assert token[:4] not in SECRETS.one_line(text.format(token))


def test_ordinary_words_are_not_an_authorization_header() -> None:
    error = refusal("cannot read", "GET", "/x", 401, "Basic authentication is off, the bearer token is missing")
    assert error.message.endswith("401: Basic authentication is off, the bearer token is missing")


def test_a_rule_is_still_recognised_where_a_password_is_an_ordinary_word() -> None:
    SECRETS.add("busy")
    error = refusal("cannot write", "POST", "/x", 400, '{"minorErrorCode": "BUSY_ENTITY", "message": "it is busy"}')
    assert error.details["busy"] is True
    assert SECRETS.mask(error.message).endswith(f"it is {MASK}")


def test_derived_and_issued_secrets_are_masked() -> None:
    settings_from({"url": "https://vcd.example.com", "token": "token-with-newline\n"}, {})
    basic("kube@acme", "kube-secret-1")
    SECRETS.add_issued("issued-token-1", "x" * (SHORTEST_ISSUED - 1), None)
    value = base64.b64encode(b"kube@acme:kube-secret-1").decode()
    assert SECRETS.mask(f"token-with-newline {value} issued-token-1 xxxxxxx") == f"{MASK} {MASK} {MASK} xxxxxxx"


def test_the_secrets_of_a_kubeconfig_given_as_data_are_known() -> None:
    user = {"token": "t-secret", "client-key-data": "k-secret", "auth-provider": {"config": {"id-token": "i-secret"}}}
    RawButHidden("raw")({"users": [{"name": "default", "user": user}], "current-context": "default"})
    assert SECRETS.mask("t-secret k-secret i-secret default") == f"{MASK} {MASK} {MASK} default"


@pytest.mark.parametrize("nothing", ["", " ", None, 5])
def test_only_text_can_be_a_secret(nothing: object) -> None:
    SECRETS.add(nothing)
    assert SECRETS.mask("a 5 b") == "a 5 b"


@given(st.text(max_size=100))
def test_without_secrets_nothing_changes(text: str) -> None:
    SECRETS.clear()
    assert SECRETS.mask(text) == text
