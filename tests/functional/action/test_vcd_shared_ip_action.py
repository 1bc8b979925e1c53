# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin in a real ansible-playbook, with a stand-in module whose result the test chooses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 600
STAND_IN = """
import json, os, time
from ansible.module_utils.basic import AnsibleModule

def main():
    spec = {"progress_file": {"type": "path"}, "await_file": {"type": "path"}, "ends": {"default": "well"}}
    spec["controller_pid"] = {"type": "int"}
    module = AnsibleModule(spec, supports_check_mode=True)
    path, awaited = module.params["progress_file"], module.params["await_file"]
    facts = {"progress_file": path, "mode": oct(os.stat(path).st_mode & 0o777) if path else None}
    if path:
        with open(path, "a") as file:
            for event in (
                {"event": "plan", "services": 2, "writes": 8},
                {"event": "done", "name": "default/web", "number": 1, "of": 2, "state": "migrated",
                 "done": 4, "writes": 8},
            ):
                file.write(json.dumps(event) + "\\n")
    end = time.monotonic() + 180
    while awaited and not os.path.exists(awaited):
        if time.monotonic() > end:
            module.fail_json(msg="the line was not shown while the module ran")
        time.sleep(0.05)
    if path:
        with open(path, "a") as file:
            end = {"event": "done", "name": "default/api", "number": 2, "of": 2, "state": "last", "done": 8}
            file.write(json.dumps(end) + "\\n")
    if module.params["ends"] == "badly":
        module.fail_json(msg="as chosen", **facts)
    if module.params["ends"] == "raising":
        raise RuntimeError("as chosen")
    module.exit_json(changed=True, **facts)

main()
"""
LINES = [
    "shared_ip: 2 Services, 8 writes",
    "shared_ip: 1 of 2 default/web: migrated (4 of 8 writes)",
    "shared_ip: 2 of 2 default/api: last (8 of 8 writes)",
]


class Play:
    """Plays in a folder with the action plugin and the stand-in module."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, folder / "seen"
        for name in ("library", "action_plugins"):
            (folder / name).mkdir()
        (folder / "library" / "vcd_shared_ip.py").write_text(STAND_IN)
        (folder / "action_plugins" / "vcd_shared_ip.py").symlink_to(ROOT / "plugins" / "action" / "vcd_shared_ip.py")
        (folder / "ansible.cfg").write_text("[defaults]\n")

    def run(self, *tasks: dict[str, Any], hosts: str = "localhost,", **play: Any) -> str:
        """The output of ansible-playbook. The file ``seen`` appears once a progress line was shown."""
        everything = {
            "hosts": "all",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": sys.executable, "ansible_connection": "local"},
            "tasks": list(tasks),
            **play,
        }
        (self.folder / "play.yml").write_text(yaml.safe_dump([everything], sort_keys=False))
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", hosts, "play.yml"]
        own = {
            "CONFIG": "ansible.cfg",
            "HOME": ".ansible",
            "REMOTE_TMP": ".ansible/remote",
            "ASYNC_DIR": ".ansible/async",
        }
        environment = {**os.environ, **{f"ANSIBLE_{name}": str(self.folder / path) for name, path in own.items()}}
        shown = []
        with subprocess.Popen(
            ["timeout", str(SECONDS), *command],
            cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                shown.append(line)
                if "default/web" in line:
                    self.seen.touch()
        text = "".join(shown)
        assert process.returncode == 0, text
        return text


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """A new folder. The test must leave nothing in Ansible's own temporary folder."""
    found = Play(tmp_path)
    yield found
    assert not list((tmp_path / ".ansible" / "tmp").rglob("vcd_shared_ip*"))


def progress_lines(text: str) -> list[str]:
    """The lines of progress."""
    return [line for line in text.splitlines() if line.startswith("shared_ip:")]


def assert_task(*conditions: str) -> dict[str, Any]:
    """A task that fails unless all conditions hold."""
    return {"ansible.builtin.assert": {"that": list(conditions)}}


def gone(name: str) -> list[dict[str, Any]]:
    """Tasks that fail if the file of the registered result still exists."""
    return [
        {"ansible.builtin.stat": {"path": f"{{{{ {name}.progress_file }}}}"}, "register": "file"},
        assert_task("not file.stat.exists", f"{name}.mode == '0o600'"),
    ]


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_lines_are_shown_while_the_module_runs_and_the_file_is_removed(play: Play, strategy: str) -> None:
    task = {"vcd_shared_ip": {"await_file": str(play.seen)}, "register": "done"}
    text = play.run(task, assert_task("done is changed"), *gone("done"), hosts="a,b", strategy=strategy)
    assert sorted(progress_lines(text)) == sorted(LINES * 2)
    assert "\x1b" not in text


def test_it_ends_with_the_module_however_that_ends(play: Play) -> None:
    text = play.run(
        {"vcd_shared_ip": {"ends": "badly"}, "register": "bad", "ignore_errors": True},
        assert_task("bad is failed", "bad.msg == 'as chosen'"),
        *gone("bad"),
        {"vcd_shared_ip": {"ends": "raising"}, "register": "raised", "ignore_errors": True},
        assert_task("raised is failed"),
    )
    assert progress_lines(text) == LINES * 2


def test_no_lines_are_shown_where_they_are_unwanted(play: Play) -> None:
    own = play.folder / "own"
    text = play.run(
        {"vcd_shared_ip": {}, "check_mode": True, "register": "check"},
        assert_task("check.progress_file == none"),
        {"vcd_shared_ip": {"progress_file": str(own)}, "register": "mine"},
        {"vcd_shared_ip": {}, "no_log": True, "register": "silent"},
        assert_task("silent.progress_file == none"),
        {"vcd_shared_ip": {}, "async": 30, "poll": 1, "register": "later"},
        assert_task("later is changed", "later.progress_file == none"),
        pre_tasks=[{"ansible.builtin.copy": {"dest": str(own), "content": "", "mode": "0600"}}],
    )
    assert progress_lines(text) == []
    assert len(own.read_text().splitlines()) == 3


def test_a_line_that_cannot_be_shown_does_not_affect_the_run(play: Play) -> None:
    (play.folder / "ansible.cfg").write_text("[defaults]\nlog_path = {{ CWD }}/log\n")
    plugin = (ROOT / "plugins" / "action" / "vcd_shared_ip.py").read_text()
    (play.folder / "action_plugins" / "vcd_shared_ip.py").unlink()
    broken = plugin.replace("display.display(line, stderr=True)", "raise ValueError(line)")
    assert broken != plugin
    (play.folder / "action_plugins" / "vcd_shared_ip.py").write_text(broken)
    text = play.run({"vcd_shared_ip": {}, "register": "done"}, assert_task("done is changed"), *gone("done"))
    assert progress_lines(text) == []
    assert "Traceback" not in text
