# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m kube_double``: start the double, print its address, stop on SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import pathlib
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
    if not 0 <= value < 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to 3600")
    return value


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="kube_double", description=__doc__)
    parser.add_argument(
        "--listen", default="127.0.0.1:0", type=address, metavar="HOST:PORT", help="port 0 picks a free port"
    )
    parser.add_argument("--objects", default="", metavar="FILE_OR_DIR[,...]", help="YAML documents to start with")
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


async def serve(options: argparse.Namespace, objects: list[Json], users: list[User]) -> None:
    directory = pathlib.Path(options.dir).resolve()
    directory.mkdir(parents=True, exist_ok=True)
    host, port = options.listen
    authority, ca = tls.make_authority(directory)
    cluster = Cluster(options.pod_start_seconds, options.pod_stop_seconds, authority.cert_pem.bytes().decode())
    cluster.start(objects)
    access = Access(users, cluster.store)
    runner = web.AppRunner(Server(cluster, access).application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls.server_context(authority, host))
    await site.start()
    url = f"https://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
    kubeconfig = directory / "kubeconfig"
    tls.write_kubeconfig(kubeconfig, url, authority, access.users)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"ready url={url} ca={ca} kubeconfig={kubeconfig} control={url}/_double", flush=True)
    await stop.wait()
    await runner.cleanup()


def main(given: list[str] | None = None) -> int:
    options = arguments(given)
    try:
        objects = read_objects(options.objects)
        users = read_users(pathlib.Path(options.users)) if options.users else []
        asyncio.run(serve(options, objects, users))
    except (OSError, ValueError) as why:
        print(f"kube_double: {why}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
