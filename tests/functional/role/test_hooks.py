# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operator's hooks, before the first write and at the end: the real ansible-playbook against both doubles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from kube_double.testing import KubeDouble
from role_runs import cpi_objects, writes
from test_migration import SERVICES, failed, made, manifest, migrate, play, replicas, shapes
from vcdsim.testing import Simulator


class HookFiles:
    """Task files in a folder, and the files that they leave there."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        mark = [
            {"ansible.builtin.tempfile": {"path": str(folder), "prefix": "ran-"}},
            {"ansible.builtin.set_fact": {"shared_ip_hook_result": {"job": "7"}}},
        ]
        end = {"dest": str(folder / "end"), "content": "{{ shared_ip_change | to_json }}", "mode": "0600"}
        self.mark = self._file("mark.yml", mark)
        self.fail = self._file("fail.yml", [{"name": "Find room", "ansible.builtin.fail": {"msg": "the disk is full"}}])
        self.end = self._file("end.yml", [{"ansible.builtin.copy": end}])

    def _file(self, name: str, tasks: list[dict[str, Any]]) -> str:
        (self.folder / name).write_text(yaml.safe_dump(tasks, sort_keys=False))
        return str(self.folder / name)

    def count(self) -> int:
        """How often mark.yml has run."""
        return len(list(self.folder.glob("ran-*")))

    def ended(self) -> dict[str, str]:
        """What the last run of end.yml has recorded."""
        found: dict[str, str] = json.loads((self.folder / "end").read_text())
        return found


def test_hooks_run_before_the_first_write_and_at_the_end(tmp_path: Path) -> None:
    hooks = HookFiles(tmp_path / "hooks")
    with Simulator() as sim, KubeDouble(objects=cpi_objects()) as kube:
        kube.load([manifest(name) for name in SERVICES])
        assert failed(play(tmp_path / "1", [made("distinct_internal")], sim, kube)) == {}
        before, done = shapes(sim), writes(sim, kube)

        # a plan names the hooks that would run, and refuses missing files
        asked = {"before_change": [hooks.mark], "after_change": hooks.end}
        planned = play(
            tmp_path / "2",
            [migrate("shared_external", **asked), migrate("shared_external", "missing", before_change="nothing.yml")],
            sim, kube, "--check",
        )  # fmt: skip
        assert list(failed(planned)) == ["missing"]
        assert "shared_ip_before_change: 'nothing.yml': no file that can be read in" in failed(planned)["missing"]
        assert f"before the first write: tasks {hooks.mark}" in planned.output
        assert f"at the end, also after a failure: tasks {hooks.end}" in planned.output
        assert (hooks.count(), (hooks.folder / "end").exists()) == (0, False)

        # the first case stops before its first write; in the second case, the second Service fails
        sim.faults([{"method": "PUT", "name": "ingress-vs-web-*", "status": 403, "message": "no"}])
        stopped = migrate("shared_external", "stopped", before_change=[hooks.fail, hooks.mark], after_change=hooks.end)
        run = play(tmp_path / "3", [stopped], sim, kube)
        assert failed(run)["stopped"] == (
            f"shared_ip_before_change: tasks {hooks.fail} failed in task 'Find room': the disk is full; "
            "nothing was changed"
        )
        assert (writes(sim, kube), shapes(sim), replicas(kube), hooks.count()) == (done, before, 1, 0)
        assert hooks.ended() == {"state": "not_begun", "message": failed(run)["stopped"], "restore_point": ""}

        half = migrate("shared_external", "half", before_change=[hooks.mark], after_change=[hooks.fail, hooks.end])
        message = failed(play(tmp_path / "4", [half], sim, kube))["half"]
        assert message.startswith("default/web: ")
        assert "; then shared_ip_after_change: " in message
        assert message.endswith("failed in task 'Find room': the disk is full")
        assert (hooks.count(), replicas(kube), hooks.ended()["state"]) == (1, 0, "failed")
        (point,) = (tmp_path / "home").glob(".vcd-kubernetes/restore-points/*.json")
        assert hooks.ended()["restore_point"] == str(point)
        (saved,) = json.loads(point.read_text())["before_change"]
        assert (saved["what"], saved["result"]) == (f"tasks {hooks.mark}", {"job": "7"})

        # the run that finishes the change saves nothing: it could not save the state before the change
        sim.faults([])
        run = play(tmp_path / "5", [migrate("shared_external", "finish", **asked)], sim, kube)
        assert failed(run) == {}
        assert "does not run, because a change is in progress" in run.output
        assert (hooks.count(), hooks.ended()["state"]) == (1, "verified")
        result = run.outcomes["finish"]["msg"]
        assert [one["result"] for one in result["before_change"]] == [{"job": "7"}]
        assert [one["ok"] for one in result["after_change"]] == [True]
