# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates: which one a rotation keeps, what it moves, and keys that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.vcd.kubernetes.plugins.module_utils._errors import CollectionError
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate.resource import (
    POOL,
    SERVICE,
    chain_of,
    from_options,
    is_staged_for,
    moved,
    staging_name,
    to_replace,
)
from certificates import make_pair
from hypothesis import given
from hypothesis import strategies as st

OLD, NEW = "urn:vcloud:certificateLibraryItem:1", {"id": "urn:vcloud:certificateLibraryItem:2", "name": "new"}
CHAINS = {letter: f"-----BEGIN CERTIFICATE-----\n{letter}\n-----END CERTIFICATE-----\n" for letter in "abc"}
ROWS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)


@given(ROWS, st.sampled_from("abc"))
def test_a_certificate_with_the_chain_stays_and_all_others_are_removed(letters: list[str], wanted: str) -> None:
    current, *staged = [{"id": str(number), "certificate": CHAINS[one]} for number, one in enumerate(letters)]
    kept, gone = to_replace(current, staged, CHAINS[wanted])
    assert (kept is not None) == (wanted in letters)
    assert kept is None or kept["certificate"] == CHAINS[wanted]
    assert len(gone) + (kept is not None) == len(letters)
    assert kept not in gone


@given(st.text(), st.text())
def test_the_name_of_a_staged_certificate_is_recognised(name: str, other: str) -> None:
    alias = staging_name(name, CHAINS["a"])
    assert is_staged_for(alias, name)
    assert not is_staged_for(name, name)
    assert is_staged_for(alias, other) == (name == other)
    assert staging_name(name, CHAINS["b"]) != alias


def test_only_the_certificates_in_a_text_count() -> None:
    assert chain_of(f"subject=x\r\n{CHAINS['a']}\n\n{CHAINS['b']}") == chain_of(f"{CHAINS['a']}{CHAINS['b']}")
    assert chain_of(CHAINS["a"].replace("\n", "\r\n")) == chain_of(CHAINS["a"])
    assert chain_of(f"{CHAINS['a']}{CHAINS['b']}") != chain_of(f"{CHAINS['b']}{CHAINS['a']}")
    assert chain_of(None) == ()


def test_only_the_reference_to_the_old_certificate_is_moved() -> None:
    service: dict[str, Any] = {"name": "web", "certificateRef": {"id": OLD, "name": "old"}, "servicePorts": [1]}
    assert moved(SERVICE, service, OLD, NEW) == {**service, "certificateRef": NEW}
    assert moved(SERVICE, {"certificateRef": None}, OLD, NEW) == {"certificateRef": None}
    other = {"certificateRef": {"id": "x"}}
    assert moved(SERVICE, other, OLD, NEW) == other
    refs = [{"id": "x"}, {"id": OLD}, {"id": "y"}]
    assert moved(POOL, {"caCertificateRefs": refs}, OLD, NEW)["caCertificateRefs"] == [{"id": "x"}, NEW, {"id": "y"}]
    assert moved(POOL, {"caCertificateRefs": [{"id": OLD}, NEW]}, OLD, NEW)["caCertificateRefs"] == [NEW]


PEM, KEY = make_pair("a")
_OTHER, OTHER_KEY = make_pair("b")
_CLOSED, CLOSED_KEY = make_pair("c", "phrase-zQ9")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"certificate": "x"}, "certificate: 'x': is not one or more certificates in PEM form"),
        ({"certificate": CHAINS["a"]}, "is not one or more certificates in PEM form"),
        ({"name": " "}, "name: ' ': give a name"),
        ({"name": "x" * 129}, "has 129 characters"),
        ({"private_key": KEY}, "private_key: is written with a certificate only"),
        ({"private_key_passphrase": "x"}, "private_key_passphrase: is written with a certificate only"),
        ({"certificate": PEM, "private_key": "zQ9"}, "private_key: is not a key in PEM form"),
        ({"certificate": PEM, "private_key": OTHER_KEY}, "private_key: does not belong to the first certificate"),
        ({"certificate": PEM, "private_key": CLOSED_KEY}, "give its passphrase as private_key_passphrase"),
        ({"certificate": PEM, "private_key": KEY, "private_key_passphrase": "x"}, "omit private_key_passphrase"),
        (
            {"certificate": _CLOSED, "private_key": CLOSED_KEY, "private_key_passphrase": "x"},
            "check the text, and private_key_passphrase",
        ),
        (
            {"certificate": PEM, "private_key": "-----BEGIN PRIVATE KEY-----\nzQ9\n-----END PRIVATE KEY-----"},
            "cannot be opened",
        ),
    ],
)
def test_invalid_options_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(CollectionError) as error:
        from_options({"name": "web", **options})
    assert text in error.value.message
    assert "zQ9" not in error.value.message
    assert "\n" not in error.value.message


def test_matching_keys_are_accepted() -> None:
    assert from_options({"name": "web", "certificate": PEM, "private_key": KEY}) == {"name": "web"}
    with_phrase = {"certificate": _CLOSED, "private_key": CLOSED_KEY, "private_key_passphrase": "phrase-zQ9"}
    assert from_options({"description": "", **with_phrase}) == {"description": ""}
