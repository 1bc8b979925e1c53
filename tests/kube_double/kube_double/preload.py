# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imported by the process from which `testing` forks each double: a first start, without a server.

Every double inherits what this import loads and sets up.
"""

from __future__ import annotations

import gc
import pathlib
import tempfile

from kube_double import __main__ as program
from kube_double import tls
from kube_double.cluster import Cluster


def start_once() -> None:
    """Start a cluster and make certificates, as `__main__.serve` does."""
    with tempfile.TemporaryDirectory(prefix="kube_double-") as scratch:
        options = program.arguments(["--dir", scratch])
        authority, _ca = tls.make_authority(pathlib.Path(scratch))
        tls.server_context(authority, options.listen[0])
    cluster = Cluster(options.pod_start_seconds, options.pod_stop_seconds, authority.cert_pem.bytes().decode())
    cluster.start([], running=True)


start_once()
gc.collect()
gc.freeze()  # garbage collection in a fork would touch, and so copy, the memory that all forks share
