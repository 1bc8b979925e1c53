# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A URL in a message shows no user info, no query and no fragment, however it is written."""

from __future__ import annotations

import string
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._cpi.file.config import read_config
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import (
    PrintableUrl,
    hides,
    printable_url,
    with_printable_urls,
)
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.settings import base_url
from hypothesis import example, given
from hypothesis import strategies as st

HOST = "vcd.example.com"
# A password of any characters, with a part that occurs nowhere else, so that a leak would be noticed.
MARK = "zQ9zQ9"
PASSWORDS = st.tuples(st.text("@:/?#;%\\\\ [].&=+\t" + string.ascii_letters + "äß", max_size=5)).map(
    lambda one: f"{MARK}{one[0]}{MARK}"
)
HOSTS = st.sampled_from([HOST, f"{HOST}:8443", "192.0.2.1", "[2001:db8::1]:443", "münchen.example"])
SCHEMES = st.sampled_from(["https://", "HTTPS://", "http://", "", "//", "socks5h://"])
FORMS = st.sampled_from(
    [
        "{scheme}user:{password}@{host}",
        "{scheme}user:{quoted}@{host}/path",
        "{scheme}{password}@{host}",
        "{scheme}user:{password}%40{host}",
        "{scheme}user%3A{quoted}%40{host}",
        "{scheme}{host}/?password={password}",
        "{scheme}{host}/login?next={quoted}#x",
        "{scheme}{host}/login#access_token={password}",
        "{scheme}{host}/x;jsessionid={password}",
        "{scheme}user:{quoted}x",
        "{scheme}a@b:{password}@c@{host}",
        "{scheme}user:{password}\\\\@{host}",
        " {scheme}user:{password}@{host} ",
    ]
)


@given(FORMS, SCHEMES, PASSWORDS, HOSTS)
@example("{scheme}user:{password}@{host}", "https://", f"{MARK}?x", HOST)
@example("{scheme}user:{password}@{host}", "https://", f"{MARK}/a:{MARK}", HOST)
def test_no_part_of_a_password_is_shown(form: str, scheme: str, password: str, host: str) -> None:
    url = form.format(scheme=scheme, password=password, quoted=quote(password, safe=""), host=host)
    printable = printable_url(url)
    assert MARK not in printable
    assert MARK not in PrintableUrl("str")(url)
    assert hides(url)
    assert printable_url(printable) == printable  # the remaining URL is refused later
    for given_url in (url, printable):
        with pytest.raises(CollectionError) as refused:
            base_url(given_url)
        assert refused.value.message.startswith("url: ")
        assert MARK not in f"{refused.value.message} {refused.value.details}"
        assert "https://HOST" in refused.value.message or "options user and password" in refused.value.message


@given(SCHEMES, HOSTS, st.sampled_from(["", "/", "/api", "/tenant/acme", "/ä b"]))
def test_a_url_without_secrets_is_shown_as_it_is(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}{host}{path}"
    assert printable_url(url) == f"{scheme.lower()}{host}{path}"
    assert PrintableUrl("str")(url) == url


@given(st.text(max_size=60))
def test_any_text_has_a_printable_form(text: str) -> None:
    printable = printable_url(text)
    assert "@" not in printable.replace("(hidden)@", "")
    assert "?" not in printable.replace("?(hidden)", "")
    assert "#" not in printable
    assert printable_url(printable) == printable


@pytest.mark.parametrize(
    ("url", "printable"),
    [
        ("https://kube:secret@vcd.example.com/api", "https://(hidden)@vcd.example.com/api"),
        ("https://user:PASSWORD?x@host", "https://(hidden)"),
        ("https://sso.example.com/login?token=x#y", "https://sso.example.com/login?(hidden)"),
        ("https://vcd.example.com:secret", "https://(hidden)"),
        ("user:secret@host", "(hidden)@host"),
        ("/tenant/acme/login?x", "/tenant/acme/login?(hidden)"),
        ("", ""),
    ],
)
def test_only_harmless_parts_of_a_url_are_shown(url: str, printable: str) -> None:
    assert printable_url(url) == printable


def test_urls_in_a_text_are_shown_without_secrets() -> None:
    text = "Failed to parse: 'https://kube:secret@k8s.example.com/x', see https://k8s.example.com/docs (http://a/?b=c)"
    assert with_printable_urls(text) == (
        "Failed to parse: 'https://(hidden)@k8s.example.com/x', see https://k8s.example.com/docs (http://a/?(hidden)"
    )


def test_a_host_in_cpis_file_is_shown_without_its_password() -> None:
    text = (
        "vcd:\n  host: kube:secret-1@vcd.example.com\n  org: acme\n  vdc: v\nloadbalancer:\n  network: n\nvAppName: a\n"
    )
    problems: Any = str(read_config(text).problems)
    assert "(hidden)@vcd.example.com" in problems
    assert "secret-1" not in problems
