# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One context cut out of a large kubeconfig gives the same client that the library makes from the whole file."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes import kubeconfig
from ansible_collections.vcd.kubernetes.plugins.module_utils._kubernetes.kubeconfig import one_context
from kubernetes.client import Configuration
from kubernetes.config import load_kube_config, load_kube_config_from_dict
from kubernetes.config.config_exception import ConfigException


@pytest.fixture(autouse=True)
def the_library_parses_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library reads YAML without libyaml: 0.1 s for each of the files below, with the same result."""
    monkeypatch.setattr(yaml, "safe_load", lambda content: yaml.load(content, yaml.CSafeLoader))


PADDING = {"name": "other", "cluster": {"server": "https://other.test", "certificate-authority-data": "QUFB" * 20_000}}
ANSWERED = ("host", "api_key", "verify_ssl", "tls_server_name", "proxy", "username", "password")
FILES = ("ssl_ca_cert", "cert_file", "key_file")

CLUSTERS: dict[str, dict[str, Any]] = {
    "data": {"server": "https://a.test/", "certificate-authority-data": base64.b64encode(b"CA in it").decode()},
    "relative": {"server": "https://b.test:6443", "certificate-authority": "pki/ca.crt", "tls-server-name": "b"},
    "proxied": {"server": "https://c.test", "insecure-skip-tls-verify": True, "proxy-url": "http://proxy.test:3128"},
    "plain": {"server": "http://d.test:8080"},
}
USERS: dict[str, dict[str, Any]] = {
    "token": {"token": "a-token"},
    "token-file": {"tokenFile": "pki/token"},
    "certificate": {"client-certificate": "pki/client.crt", "client-key": "pki/client.key"},
    "certificate-data": {
        "client-certificate-data": base64.b64encode(b"certificate").decode(),
        "client-key-data": base64.b64encode(b"key").decode(),
    },
    "password": {"username": "kube", "password": "kube-secret-1"},
}
PAIRS = [(cluster, user) for cluster in CLUSTERS for user in [*USERS, None]]


def write(folder: Path, current: str | None = None, **users: dict[str, Any]) -> Path:
    """A large kubeconfig with a context for each pair of a cluster and a user."""
    everyone = USERS | users
    contexts = [
        {"name": f"{cluster}-{user}", "context": {"cluster": cluster} | ({"user": user} if user else {})}
        for cluster in CLUSTERS
        for user in [*everyone, None]
    ]
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [PADDING, *({"name": name, "cluster": cluster} for name, cluster in CLUSTERS.items())],
        "users": [{"name": name, "user": user} for name, user in everyone.items()],
        "contexts": contexts,
    }
    if current:
        content["current-context"] = current
    (folder / "pki").mkdir()
    for name in ("ca.crt", "client.crt", "client.key", "token"):
        (folder / "pki" / name).write_text(f"content of {name}")
    path = folder / "config"
    path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper))
    return path


def client_of(configuration: Configuration) -> dict[str, Any]:
    """What a client would use, with the content of each file."""
    found = {name: getattr(configuration, name) for name in ANSWERED}
    for name in FILES:
        path = getattr(configuration, name)
        found[name] = path and Path(path).read_text()
    return found


@pytest.mark.parametrize(("cluster", "user"), PAIRS)
@pytest.mark.parametrize("chosen", ["by name", "as the current one"])
def test_one_context_gives_the_client_of_the_whole_file(
    tmp_path: Path, cluster: str, user: str | None, chosen: str
) -> None:
    name = f"{cluster}-{user}"
    context = name if chosen == "by name" else None
    path = write(tmp_path, current="plain-token" if context else name)
    part = one_context(str(path), context)
    assert part is not None
    assert len(part["contexts"]) == len(part["clusters"]) == 1 >= len(part["users"])
    whole, cut = Configuration(), Configuration()
    load_kube_config(str(path), context=context, client_configuration=whole)
    load_kube_config_from_dict(part, context=context, client_configuration=cut)
    assert client_of(cut) == client_of(whole)


def test_the_home_folder_in_a_path_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    part = one_context("~/config", "relative-certificate")
    assert part is not None
    assert part["users"][0]["user"]["client-key"] == str(tmp_path / "pki" / "client.key")


@pytest.mark.parametrize(
    "user",
    [
        {"exec": {"command": "./login", "apiVersion": "client.authentication.k8s.io/v1"}},
        {"auth-provider": {"name": "oidc"}},
    ],
)
def test_a_user_with_a_program_or_a_state_is_left_to_the_library(tmp_path: Path, user: dict[str, Any]) -> None:
    path = write(tmp_path, special=user)
    assert one_context(str(path), "data-special") is None
    assert one_context(str(path), "data-token") is not None


@pytest.mark.parametrize(
    "content",
    ["", "[]", "contexts: 5", "{", "contexts:\n- {}\n", "\tx", "contexts: [{name: a, context: b}]", "a: &a [*a, *a]"],
)
def test_a_file_that_is_not_well_formed_is_left_to_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(kubeconfig, "LARGE_BYTES", 0)
    path = tmp_path / "config"
    path.write_text(content)
    assert one_context(str(path), "a") is None


def test_an_unknown_context_is_left_to_the_library(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert one_context(str(path), "none-such") is None
    assert one_context(str(path), None) is None  # and the file has no current one
    with pytest.raises(ConfigException, match="none-such"):
        load_kube_config(str(path), context="none-such", client_configuration=Configuration())


def test_a_missing_file_or_several_are_left_to_the_library(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert one_context(str(tmp_path / "none"), "data-token") is None
    assert one_context(f"{path}:{path}", "data-token") is None


def test_a_small_file_is_left_to_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path)
    monkeypatch.setattr(kubeconfig, "LARGE_BYTES", path.stat().st_size + 1)
    assert one_context(str(path), "data-token") is None
