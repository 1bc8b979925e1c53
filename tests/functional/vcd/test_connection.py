# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections and logins, successful or failed with one clear line, against a real TLS server."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from in_process import Modules, run_module
from vcdsim.testing import Simulator

INFO = "vcd_edge_gateway_info"


@contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A TCP server on a free local port that calls a function for each connection."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            behave(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()


def plain_http(connection: socket.socket) -> None:
    """Answer without TLS."""
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def test_login_with_password_api_token_or_token(vcd: Modules) -> None:
    assert vcd.done(INFO)["edge_gateways"][0]["name"] == "acme-edge"
    token = vcd.as_user(user=None, password=None, api_token="acme-api-token-0000000000000001\n")
    assert token.done(INFO)["edge_gateways"][0]["name"] == "acme-edge"
    answer = requests.post(
        f"{vcd.simulator.url}/cloudapi/1.0.0/sessions",
        auth=("kube@acme", "kube-secret-1"),
        headers={"Accept": "application/*;version=37.2"},
        verify=vcd.simulator.ca,
        timeout=600,
    )
    ready = answer.headers["X-VMWARE-VCLOUD-ACCESS-TOKEN"]
    given = vcd.as_user(user=None, password=None, org=None, token=ready)
    assert given.done(INFO)["edge_gateways"][0]["name"] == "acme-edge"
    assert given.done(INFO)["edge_gateways"], "a given token must not be logged out"


def test_a_provider_logs_in_at_the_provider_path(vcd: Modules) -> None:
    vcd.as_user(org="system", user="administrator", password="system-secret-1").done(INFO)
    paths = [entry["path"] for entry in vcd.simulator.journal()]
    assert "/cloudapi/1.0.0/sessions/provider" in paths


def test_each_run_logs_out_of_its_session(vcd: Modules) -> None:
    vcd.done(INFO)
    vcd.refused("vcd_pool", name="p", edge_gateway="nowhere")
    operations = [entry["operation"] for entry in vcd.simulator.journal()]
    assert operations.count("SESSION_CREATE") == operations.count("SESSION_DELETE") == 2


def test_options_come_from_the_terraform_providers_environment(vcd: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "VCD_URL": f"{vcd.simulator.url}/api",
        "VCD_ORG": "acme",
        "VCD_USER": "kube",
        "VCD_PASSWORD": "kube-secret-1",
        "VCD_ALLOW_UNVERIFIED_SSL": "true",
    }.items():
        monkeypatch.setenv(name, value)
    assert not run_module(INFO, {}).get("failed")
    monkeypatch.setenv("VCD_ALLOW_UNVERIFIED_SSL", "false")
    assert "is not trusted" in run_module(INFO, {})["msg"]
    monkeypatch.setenv("VCD_CA_PATH", vcd.simulator.ca)
    assert not run_module(INFO, {}).get("failed")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong-1"}, "password: Cloud Director rejects the login of user 'kube' of organization 'acme'"),
        ({"user": "stranger"}, "password: Cloud Director rejects the login of user 'stranger'"),
        ({"org": "nowhere"}, "of organization 'nowhere'"),
        ({"password": None, "api_token": "wrong"}, "api_token: Cloud Director rejects the API token"),
        ({"password": None, "token": "x" * 40}, "token: Cloud Director rejects the given token: expired"),
        ({"ca_path": None}, "set ca_path to the PEM file of the CA that issued it, or set validate_certs to false"),
        ({"api_version": "36.0"}, "api_version: '36.0': the server lists 37.0, 37.1, 37.2: give one of these"),
        ({"password": None}, "is incomplete: give password (VCD_PASSWORD), as option or in the environment"),
    ],
)
def test_a_failed_login_gives_one_clear_line(vcd: Modules, change: dict[str, Any], says: str) -> None:
    assert says in vcd.as_user(**change).refused(INFO)


def test_an_untrusted_certificate_names_ca_path_and_validate_certs(vcd: Modules) -> None:
    message = vcd.as_user(ca_path=None).refused(INFO)
    assert "ca_path" in message
    assert "validate_certs" in message
    vcd.as_user(ca_path=None, validate_certs=False).done(INFO)


def test_requests_ca_bundle_does_not_override_the_options(
    vcd: Modules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(Path(requests.certs.where()).read_text())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    vcd.done(INFO)
    vcd.as_user(ca_path=None, validate_certs=False).done(INFO)


def test_a_ca_path_that_is_not_a_certificate_is_reported(vcd: Modules, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("nonsense")
    assert "check url and ca_path" in vcd.as_user(ca_path=str(broken)).refused(INFO)


def test_netrc_is_never_used(vcd: Modules, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login kube@acme password wrong-1\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    vcd.done(INFO)
    assert {entry["user"] for entry in vcd.simulator.journal() if entry["operation"] != "VERSIONS_VIEW"} == {"kube"}


def test_a_failing_proxy_is_reported_without_its_password(vcd: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with server(refuse) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:proxy-secret@127.0.0.1:{port}")
        message = vcd.refused(INFO)
        assert "proxy" in message
        assert "proxy-secret" not in message
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        vcd.done(INFO)


def test_a_refused_connection_is_reported(vcd: Modules) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{free.getsockname()[1]}"
        assert f"url: {url}: connection refused: check host and port" in vcd.as_user(url=url).refused(INFO)


def test_an_unknown_host_name_is_reported(vcd: Modules) -> None:
    assert "the host name cannot be resolved" in vcd.as_user(url="https://no-such-host.invalid").refused(INFO)


def test_a_port_without_tls_is_reported(vcd: Modules) -> None:
    with server(plain_http) as port:
        assert "the TLS handshake with this address and port failed" in vcd.as_user(
            url=f"https://127.0.0.1:{port}"
        ).refused(INFO)


@contextmanager
def tls_server(folder: Path, name: str, answer: bytes) -> Iterator[tuple[str, str]]:
    """The url and CA file of a server with a certificate for ``name`` that sends the same answer to every request."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))

    def behave(connection: socket.socket) -> None:
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(answer)

    with server(behave) as port:
        yield f"https://127.0.0.1:{port}", str(folder / "ca.pem")


def test_a_certificate_for_another_name_is_reported(vcd: Modules, tmp_path: Path) -> None:
    with tls_server(tmp_path, "other.example.com", b"") as (url, ca):
        message = vcd.as_user(url=url, ca_path=ca).refused(INFO)
        assert "use the host name that the certificate was issued for" in message


def test_a_redirect_is_reported_and_not_followed(vcd: Modules, tmp_path: Path) -> None:
    target = f"Location: {vcd.simulator.url}/api/versions".encode()
    answer = b"HTTP/1.1 302 Found\r\n" + target + b"\r\nContent-Length: 0\r\n\r\n"
    with tls_server(tmp_path, "127.0.0.1", answer) as (url, ca):
        message = vcd.as_user(url=url, ca_path=ca).refused(INFO)
        assert f"with a redirect to '{vcd.simulator.url}/api/versions'" in message
        assert "set url to the address of Cloud Director itself" in message
    assert vcd.simulator.journal() == []


def test_an_html_page_is_reported_as_not_cloud_director(vcd: Modules, tmp_path: Path) -> None:
    page = b"<html>welcome</html>"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page)
    with tls_server(tmp_path, "127.0.0.1", answer) as (url, ca):
        message = vcd.as_user(url=url, ca_path=ca).refused(INFO)
        assert "the answer to GET /api/versions (200, text/html) is not from Cloud Director" in message
        assert "check that url is the address of Cloud Director itself" in message


def test_a_missing_right_is_named(vcd: Modules) -> None:
    viewer = vcd.as_user(user="viewer", password="viewer-secret-1")
    message = viewer.refused("vcd_pool", name="p")
    assert "user 'viewer' (role 'View Only') lacks the right" in message
    assert "'Organization vDC Gateway: Configure Load Balancer', needed to create pools" in message
    assert viewer.refused("vcd_pool", name="p", check=True) == message
    rule = {"name": "n", "type": "DNAT", "external_addresses": "203.0.113.20", "internal_addresses": "10.10.0.11"}
    assert "'Organization vDC Gateway: Configure NAT'" in viewer.refused("vcd_nat_rule", **rule)


def test_an_expired_session_is_renewed(vcd: Modules) -> None:
    vcd.simulator.faults([{"method": "POST", "route": "*/loadBalancer/pools", "expire_session": True, "times": 1}])
    assert vcd.done("vcd_pool", name="p")["pool"]["status"] == "REALIZED"
    operations = [entry["operation"] for entry in vcd.simulator.journal()]
    assert operations.count("SESSION_CREATE") == 2


def test_two_edge_gateways_with_the_same_name_are_reported() -> None:
    with Simulator(estate="two-tenants") as simulator:
        vcd = Modules(simulator)
        message = vcd.refused("vcd_pool", name="p")
        assert "2 edge gateways" in message
        assert "acme-vdc-2" in message
        assert "set vdc to the VDC or VDC group that owns it" in message
        one = vcd.done("vcd_pool", name="p", vdc="acme-vdc-2")["pool"]
        assert one["edge_gateway"]["id"] in message
        assert vcd.done("vcd_pool", name="p", edge_gateway=one["edge_gateway"]["id"])["changed"] is False
        assert vcd.done("vcd_pool", name="p", vdc="acme-vdc")["changed"] is True
        hint = vcd.refused("vcd_pool", name="p", vdc="nowhere")
        assert "no edge gateway with this name in the VDC or VDC group 'nowhere'" in hint
        assert "one in 'acme-vdc'" in hint
        stranger = vcd.refused("vcd_pool", name="p", edge_gateway="globex-edge", vdc=None)
        assert "no edge gateway with this name visible to user 'kube'" in stranger
