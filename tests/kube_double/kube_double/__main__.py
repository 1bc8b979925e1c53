# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m kube_double``: start the double, print its address, stop on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import json
import pathlib
import re
import signal
import sys

import yaml
from aiohttp import web

from kube_double import tls
from kube_double.access import Access, User, read_users
from kube_double.cluster import Cluster
from kube_double.errors import Json
from kube_double.server import Server


def address(text: str) -> tuple[str, int]:
    """``HOST:PORT``; IPv6 addresses may have brackets."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
    return host.strip("[]"), int(port)


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 3600")
    return value


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kube-double", description=__doc__)
    parser.add_argument(
        "--listen", default="127.0.0.1:0", type=address, metavar="HOST:PORT", help="port 0 picks a free port"
    )
    parser.add_argument("--objects", default="", metavar="FILE_OR_DIR[,...]", help="YAML documents to start with")
    parser.add_argument(
        "--clusters", metavar="FILE", help="serve many clusters: a map of names to lists of more objects for each"
    )
    parser.add_argument("--users", metavar="FILE", help="YAML list of name, token, groups, rules")
    parser.add_argument("--dir", required=True, metavar="DIR", help="folder for ca.pem and kubeconfig")
    parser.add_argument("--pod-start-seconds", type=seconds, default=0.2, metavar="SECONDS")
    parser.add_argument("--pod-stop-seconds", type=seconds, default=0.3, metavar="SECONDS")
    return parser.parse_args(given)


def read_objects(sources: str) -> list[Json]:
    """The documents of the files, and of the ``*.yaml`` and ``*.yml`` files of the directories, sorted by name."""
    found: list[Json] = []
    for source in (pathlib.Path(text) for text in sources.split(",") if text):
        files = sorted(source.glob("*.y*ml")) if source.is_dir() else [source]
        for file in files:
            found += read_documents(file)
    return found


def read_documents(file: pathlib.Path) -> list[Json]:
    try:
        found = [item for item in yaml.safe_load_all(file.read_text(encoding="utf-8")) if item is not None]
    except (yaml.YAMLError, UnicodeDecodeError) as why:
        raise ValueError(f"{file} is not YAML: {' '.join(str(why).split())}") from why
    for item in found:
        if not isinstance(item, dict):
            raise ValueError(f"{file}: a Kubernetes object is a map, not {item!r}")
    return found


def read_clusters(file: pathlib.Path) -> dict[str, list[Json]]:
    """The objects of each cluster, by its name. Raises ValueError unless each has a name that fits a context."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as why:
        raise ValueError(f"{file} is not JSON: {why}") from why
    if not isinstance(found, dict) or not found or not all(isinstance(one, list) for one in found.values()):
        raise ValueError(f"{file}: a map of names to lists of objects is expected")
    unfit = [name for name in found if not re.fullmatch(r"[A-Za-z0-9._-]+", name)]
    if unfit:
        raise ValueError(f"{file}: {unfit[0]!r}: a name of a cluster has letters, digits, '.', '_' and '-' only")
    return found


async def serve(options: argparse.Namespace, clusters: dict[str, list[Json]], users: list[User]) -> None:
    """Serve each cluster on its own port. A single cluster has no name."""
    directory = pathlib.Path(options.dir).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    host, port = options.listen
    authority, ca = tls.make_authority(directory)
    context, kubeconfig = tls.server_context(authority, host), directory / "kubeconfig"
    runners, contexts, lines = [], [], []
    for name, objects in clusters.items():
        cluster = Cluster(options.pod_start_seconds, options.pod_stop_seconds, authority.cert_pem.bytes().decode())
        cluster.start(objects, running=True)
        access = Access(users, cluster.store)
        runner = web.AppRunner(Server(cluster, access).application(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        runners.append(runner)
        url = f"https://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
        contexts += tls.contexts_of(name, url, access.users)
        lines.append(f"url={url} ca={ca} kubeconfig={kubeconfig} control={url}/_double")
    tls.write_kubeconfig(kubeconfig, authority, contexts)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    for name, line in zip(clusters, lines, strict=True):
        print(f"cluster name={name} {line}" if name else f"ready {line}", flush=True)
    if options.clusters:
        print(f"ready clusters={len(clusters)} ca={ca} kubeconfig={kubeconfig}", flush=True)
    await stop.wait()
    for runner in runners:
        await runner.cleanup()


def main(given: list[str] | None = None) -> int:
    options = arguments(given)
    try:
        objects = read_objects(options.objects)
        users = read_users(pathlib.Path(options.users)) if options.users else []
        clusters = read_clusters(pathlib.Path(options.clusters)) if options.clusters else {"": []}
        if len(clusters) > 1 and options.listen[1]:
            raise ValueError(f"--listen {options.listen[1]}: many clusters need a port each: give port 0")
        asyncio.run(serve(options, {name: [*objects, *own] for name, own in clusters.items()}, users))
    except (OSError, ValueError) as why:
        print(f"kube_double: {why}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
