# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control path for tests and demonstrations, outside the API: reset, dump, faults, journal, settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from vcdsim import __version__, api_versions
from vcdsim.dump import dump

if TYPE_CHECKING:
    from vcdsim.server import VcdServer

CONTROL = "/_sim"


class Control:
    """Answers under ``/_sim``. It needs no log-in, because the simulator holds no secrets."""

    def __init__(self, simulator: VcdServer) -> None:
        self._simulator = simulator

    async def handle(self, request: web.BaseRequest, path: str) -> web.Response:
        name = path.removeprefix(CONTROL).strip("/") or "about"
        action = getattr(self, f"_{request.method.lower()}_{name}", None)
        if action is None:
            return web.json_response({"error": f"{request.method} {path}: unknown control request"}, status=404)
        raw = await request.read()
        try:
            body = json.loads(raw) if raw else None
            return web.json_response(action(body))
        except (ValueError, TypeError, KeyError) as problem:
            return web.json_response({"error": str(problem)}, status=400)

    def _get_about(self, _body: Any) -> dict[str, Any]:
        settings = self._simulator.vcd.settings
        return {
            "version": __version__,
            "api_versions": [api_versions.text(version) for version in settings.versions],
            "task_seconds": settings.task_seconds,
            "health_seconds": settings.health_seconds,
            "assumptions": settings.assumptions.as_dict(),
        }

    def _post_reset(self, _body: Any) -> dict[str, Any]:
        self._simulator.reset()
        return {}

    def _get_dump(self, _body: Any) -> dict[str, Any]:
        vcd = self._simulator.vcd
        vcd.tasks.settle(vcd.clock())
        return dump(vcd)

    def _get_faults(self, _body: Any) -> list[dict[str, Any]]:
        return self._simulator.vcd.faults.as_list()

    def _put_faults(self, body: Any) -> list[dict[str, Any]]:
        self._simulator.vcd.faults.replace(body)
        return self._get_faults(None)

    def _delete_faults(self, _body: Any) -> list[dict[str, Any]]:
        return self._put_faults([])

    def _get_journal(self, _body: Any) -> list[dict[str, Any]]:
        return self._simulator.journal.entries()

    def _delete_journal(self, _body: Any) -> dict[str, Any]:
        self._simulator.journal.clear()
        self._simulator.vcd.timeline.clear()
        return {}

    def _get_timeline(self, _body: Any) -> list[dict[str, Any]]:
        vcd = self._simulator.vcd
        vcd.tasks.settle(vcd.clock())
        return vcd.timeline.entries()

    def _post_snapshot(self, _body: Any) -> dict[str, int]:
        """Store the whole state."""
        return {"snapshot": self._simulator.snapshot()}

    def _post_restore(self, body: Any) -> dict[str, Any]:
        """``{"snapshot": NUMBER}``: return to the stored state."""
        self._simulator.restore(int(body["snapshot"]))
        return {}

    def _get_contract(self, _body: Any) -> dict[str, Any]:
        """The number of exchanges that were checked against the vendor's description, and the differences."""
        contract = self._simulator.contract
        if contract is None:
            raise ValueError("the simulator was started without --openapi")
        return contract.as_dict()

    def _post_expire(self, _body: Any) -> dict[str, int]:
        """End every session."""
        return {"ended": self._simulator.vcd.sessions.expire_all()}

    def _put_assume(self, body: Any) -> dict[str, str]:
        """``{"NAME": "VALUE"}``: set assumptions."""
        assumptions = self._simulator.vcd.settings.assumptions
        for name, value in dict(body).items():
            assumptions.set(f"{name}={value}")
        return assumptions.as_dict()

    def _put_settings(self, body: Any) -> dict[str, Any]:
        """Set task_seconds, health_seconds or request_seconds. Tasks that already run keep their end."""
        settings = self._simulator.vcd.settings
        for name, value in dict(body).items():
            if name not in ("task_seconds", "health_seconds", "request_seconds"):
                raise ValueError(f"{name} cannot be set while the simulator runs")
            setattr(settings, name, float(value))
        return self._get_about(None)

    def _put_health(self, body: Any) -> dict[str, str]:
        """``{"10.10.0.11": "DOWN"}``: set the health of pool members by address. An empty object makes all healthy."""
        wanted = {str(address): str(state) for address, state in dict(body).items()}
        wrong = set(wanted.values()) - {"UP", "DOWN", "UNKNOWN"}
        if wrong:
            raise ValueError(f"a member is UP, DOWN or UNKNOWN, not {', '.join(sorted(wrong))}")
        self._simulator.vcd.unhealthy = wanted
        return wanted

    def _post_release(self, body: Any) -> dict[str, bool]:
        """``{"task": URN}``: end a task that would never end."""
        vcd = self._simulator.vcd
        released = vcd.tasks.release(str(body["task"]))
        vcd.tasks.settle(vcd.clock())
        return {"released": released}
