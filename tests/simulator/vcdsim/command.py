# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line, start and stop."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from vcdsim import api_versions, estates, tls
from vcdsim.assumptions import SWITCHES, Assumptions
from vcdsim.contract import Contract
from vcdsim.faults import Faults
from vcdsim.journal import Journal
from vcdsim.server import VcdServer
from vcdsim.simulated_vcd import Settings, SimulatedVcd

_IDLE_CONNECTION_SECONDS = 300


def parser() -> argparse.ArgumentParser:
    """The parser with all options."""
    command = argparse.ArgumentParser(
        prog="vcdsim",
        description="A simulated VMware Cloud Director for tests. Prints one line when it is ready; SIGTERM stops it.",
    )
    command.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0 picks a free port")
    command.add_argument(
        "--estate", default="one-edge", metavar="NAME|FILE", help="shipped: " + ", ".join(estates.shipped())
    )
    command.add_argument(
        "--tls-dir",
        type=Path,
        metavar="DIR",
        help="folder of the certificate authority and certificate; they are created if missing",
    )
    command.add_argument("--api-versions", default=api_versions.DEFAULT, metavar="LIST", help="default: %(default)s")
    command.add_argument(
        "--task-seconds", type=_seconds, default=0.05, metavar="S", help="how long a task takes (default: %(default)s)"
    )
    command.add_argument(
        "--health-seconds",
        type=_seconds,
        default=0.05,
        metavar="S",
        help="time from REALIZED to UP (default: %(default)s)",
    )
    command.add_argument(
        "--request-ms", type=_seconds, default=0.0, metavar="MS", help="delay of every answer (default: 0)"
    )
    command.add_argument(
        "--token-seconds",
        type=_seconds,
        default=3600.0,
        metavar="S",
        help="lifetime of an access token (default: 3600)",
    )
    command.add_argument(
        "--idle-seconds", type=_seconds, default=1800.0, metavar="S", help="lifetime of an idle session (default: 1800)"
    )
    command.add_argument("--journal", type=Path, metavar="FILE", help="append one JSON line for each request")
    command.add_argument("--faults", type=Path, metavar="FILE", help="fault rules, YAML or JSON")
    command.add_argument(
        "--assume",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="; ".join(f"{one.name}={'|'.join(one.values)}" for one in SWITCHES),
    )
    command.add_argument(
        "--openapi", type=Path, metavar="FILE", help="check every exchange against this API description (OpenAPI 2.0)"
    )
    command.add_argument("--table", action="store_true", help="print the tables of REFERENCE.md, and stop")
    return command


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return value


def _address(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"--listen {text}: give HOST:PORT, for example 127.0.0.1:0")
    return host, int(port)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command. Returns 2, after one line on stderr, if an option is wrong."""
    options = parser().parse_args(argv)
    if options.table:
        from vcdsim.table import table

        print(table())
        return 0
    try:
        host, port = _address(options.listen)
        description = estates.load(options.estate)
        rules = _rules(options.faults)
        contract = Contract(options.openapi) if options.openapi else None
        journal = Journal(options.journal)
        simulator = VcdServer(lambda: _build_vcd(_settings(options), description, rules), journal, contract)
    except (ValueError, OSError, estates.EstateError) as problem:
        print(f"vcdsim: {problem}", file=sys.stderr)
        return 2
    return asyncio.run(_serve(simulator, host, port, options.tls_dir))


def _settings(options: argparse.Namespace) -> Settings:
    versions = api_versions.parse_list(options.api_versions)
    if not versions:
        raise ValueError("--api-versions: give at least one version, for example 37.2")
    return Settings(
        versions=versions,
        task_seconds=options.task_seconds,
        health_seconds=options.health_seconds,
        request_seconds=options.request_ms / 1000,
        token_seconds=options.token_seconds,
        idle_seconds=options.idle_seconds,
        assumptions=Assumptions(options.assume),
    )


def _rules(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        rules = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as problem:
        raise ValueError(f"--faults {path}: not YAML: {' '.join(str(problem).split())}") from problem
    Faults(rules)
    return list(rules)


def _build_vcd(settings: Settings, description: dict[str, Any], rules: list[dict[str, Any]]) -> SimulatedVcd:
    vcd = SimulatedVcd(settings)
    estates.build(vcd, description)
    vcd.faults.replace(rules)
    return vcd


async def _serve(simulator: VcdServer, host: str, port: int, tls_dir: Path | None) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with tempfile.TemporaryDirectory(prefix="vcdsim-") as scratch:
        authority, context = tls.prepare(tls_dir or Path(scratch), host)
        server = web.Server(simulator.handle, access_log=None, keepalive_timeout=_IDLE_CONNECTION_SECONDS)
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port, ssl_context=context, backlog=512).start()
        except OSError as problem:
            print(f"vcdsim: --listen {host}:{port}: {problem.strerror}", file=sys.stderr)
            return 2
        url = f"https://{_show_host(host)}:{runner.addresses[0][1]}"
        print(f"ready url={url} ca={authority} control={url}/_sim", flush=True)
        await stop.wait()
        await runner.cleanup()
        simulator.journal.close()
    return 0


def _show_host(host: str) -> str:
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host
