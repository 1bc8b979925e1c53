# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs etcd, kube-apiserver and kube-controller-manager on loopback, with RBAC and their own certificates."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from control_plane.api import Api, ApiError
from control_plane.certificates import Authority, Identity, write_kubeconfig
from control_plane.places import Failed
from control_plane.program import FRUGAL, Program, free_ports
from control_plane.programs import find

START_SECONDS = 600.0  # limit for a busy machine; it usually takes about 5 s
ATTEMPTS = 3  # attempts: another program may take a free port before ours opens it


class ControlPlane:
    """A running control plane: ``url``, ``ca``, ``kubeconfig`` (of an administrator) and ``api``."""

    def __init__(self) -> None:
        self._programs = [find(name) for name in ("etcd", "kube-apiserver", "kube-controller-manager")]
        self._folder = Path(tempfile.mkdtemp(prefix="control-plane-"))
        self._running: list[Program] = []
        self.logs = self._folder / "logs"

    def __enter__(self) -> ControlPlane:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the three programs. Failed with the end of a log if one does not come up."""
        self._authority = Authority(self._folder / "certificates")
        self.ca = self._authority.certificate
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._start_once()
            except Failed as error:
                self._stop_programs()
                if attempt == ATTEMPTS or "address already in use" not in str(error):
                    raise
            else:
                return

    def stop(self) -> None:
        """Stop the programs and remove their files."""
        self._stop_programs()
        shutil.rmtree(self._folder, ignore_errors=True)

    def token_kubeconfig(self, target: Path, token: str) -> Path:
        """Write a kubeconfig for a bearer token."""
        return write_kubeconfig(target, self.url, self.ca, token=token)

    def service_account_token(self, namespace: str, name: str, seconds: int = 3600) -> str:
        """A service account token from the API server."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        return str(self.api.call("POST", path, {"spec": {"expirationSeconds": seconds}})["status"]["token"])

    def _start_once(self) -> None:
        etcd_port, peer_port, api_port, manager_port = free_ports(4)
        self.url = f"https://127.0.0.1:{api_port}"
        signing_key = self._authority.signing_key()
        self._start_etcd(etcd_port, peer_port)
        self._start_api(api_port, etcd_port, signing_key)
        self._start_manager(manager_port, signing_key)

    def _start_etcd(self, port: int, peer_port: int) -> None:
        server = self._authority.server("etcd")
        url, peer = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
        data = tempfile.mkdtemp(dir=self._folder, prefix="etcd-")
        self._run(
            self._programs[0],
            f"--data-dir={data}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            f"--cert-file={server.certificate}",
            f"--key-file={server.key}",
            f"--trusted-ca-file={self.ca}",
            "--client-cert-auth",
            "--unsafe-no-fsync",  # the data need not survive the test session
            "--log-level=warn",
        )

    def _start_api(self, port: int, etcd_port: int, signing_key: Path) -> None:
        server, etcd = self._authority.server("kube-apiserver"), self._authority.client("etcd-client")
        program = self._run(
            self._programs[1],
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",  # an EndpointSlice may not contain a loopback address
            f"--etcd-servers=https://127.0.0.1:{etcd_port}",
            f"--etcd-cafile={self.ca}",
            f"--etcd-certfile={etcd.certificate}",
            f"--etcd-keyfile={etcd.key}",
            f"--client-ca-file={self.ca}",
            f"--tls-cert-file={server.certificate}",
            f"--tls-private-key-file={server.key}",
            "--authorization-mode=Node,RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={signing_key}",
            f"--service-account-signing-key-file={signing_key}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--profiling=false",
        )
        administrator = self._authority.client("administrator", "system:masters")
        self.kubeconfig = self._kubeconfig("administrator", administrator)
        self.api = Api(self.url, str(self.ca), (str(administrator.certificate), str(administrator.key)))
        program.wait_until(self.api.ready, "ready", START_SECONDS)

    def _start_manager(self, port: int, signing_key: Path) -> None:
        manager = self._authority.client("system:kube-controller-manager")
        program = self._run(
            self._programs[2],
            f"--kubeconfig={self._kubeconfig('controller-manager', manager)}",
            f"--service-account-private-key-file={signing_key}",
            f"--root-ca-file={self.ca}",
            "--use-service-account-credentials=true",
            "--leader-elect=false",
            "--kube-api-qps=500",  # each controller needs its service account in a new cluster
            "--kube-api-burst=1000",
            "--bind-address=127.0.0.1",
            f"--secure-port={port}",
            "--profiling=false",
        )
        program.wait_until(self._has_service_accounts, "creating service accounts", START_SECONDS)

    def _has_service_accounts(self) -> bool:
        """Whether the namespaces have service accounts and the CA's certificate, which pods need."""
        try:
            return all(
                self.api.get("ServiceAccount", namespace, "default")
                and self.api.get("ConfigMap", namespace, "kube-root-ca.crt")
                for namespace in ("default", "kube-system")
            )
        except ApiError:
            return False

    def _kubeconfig(self, name: str, identity: Identity) -> Path:
        return write_kubeconfig(self._folder / f"{name}.kubeconfig", self.url, self.ca, identity)

    def _run(self, program: Path, *arguments: str) -> Program:
        running = Program([str(program), *arguments], self.logs / f"{program.name}.log", {**os.environ, **FRUGAL})
        self._running.append(running)
        return running

    def _stop_programs(self) -> None:
        if hasattr(self, "api"):
            self.api.close()
        # etcd last, and nothing is kept, so there is no need to let its clients end gracefully
        for running in reversed(self._running):
            running.stop(0.5)
        self._running.clear()
