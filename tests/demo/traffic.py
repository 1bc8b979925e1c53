# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients of an external IP see: the address that Kubernetes shows, and what Cloud Director serves on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LOOK_SECONDS = 0.1
MOST_LOOKS = 6
Row = tuple[str, str]  # a label and its text


@dataclass(frozen=True)
class PortPath:
    """How clients reach one port; ``served`` says whether they do."""

    port: int
    text: str
    served: bool


@dataclass(frozen=True)
class View:
    """The external IP that Kubernetes shows, and the path to each port."""

    external_ip: str
    paths: tuple[PortPath, ...]

    def rows(self) -> list[Row]:
        """What Kubernetes shows, and what Cloud Director has for each port."""
        ports = [(f"Cloud Director, port {one.port}", one.text) for one in self.paths]
        return [("Kubernetes", f"shows {self.external_ip}"), *ports]


def view_of(
    external_ip: str, dump: Mapping[str, Sequence[Mapping[str, Any]]], address: str, ports: Sequence[int]
) -> View:
    """What leads to each port of an address now. An object that a running task still creates serves nothing."""
    services = [one for one in dump["virtual_services"] if one.get("status") != "PENDING"]
    rules = [one for one in dump["nat_rules"] if one.get("externalAddresses") == address]
    paths = []
    for port in ports:
        rule = next((one for one in rules if str(one.get("dnatExternalPort")) == str(port)), None)
        vip = rule["internalAddresses"] if rule else address
        found = next(
            (one for one in services if one["virtualIpAddress"] == vip and one["servicePorts"][0]["portStart"] == port),
            None,
        )
        dnat = f"DNAT to {vip}, " if rule else ""
        paths.append(PortPath(port, f"{dnat}virtual service on {vip}" if found else "not served", found is not None))
    return View(external_ip, tuple(paths))


class Watch:
    """Polls the view in a thread, and keeps each one that differs from the one before."""

    def __init__(self, look: Callable[[], View]) -> None:
        self._look, self._ended = look, threading.Event()
        self.seen: list[tuple[float, View]] = []
        self.problem: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        try:
            while True:
                found = self._look()
                if not self.seen or self.seen[-1][1] != found:
                    self.seen.append((time.monotonic() - began, found))
                if self._ended.wait(LOOK_SECONDS):
                    return
        except Exception as error:  # noqa: BLE001  # shown by the demo, which must stop its runs first
            self.problem = error

    def rows(self) -> list[Row]:
        """The views between the first and the last one, by the seconds since the first of these."""
        between = self.seen[1:-1][:MOST_LOOKS]
        first = between[0][0] if between else 0.0
        return [(f"+{moment - first:.1f} s", _short(one)) for moment, one in between]


def _short(view: View) -> str:
    return "; ".join([f"shown {view.external_ip}", *(f"{one.port}: {one.text}" for one in view.paths)])
