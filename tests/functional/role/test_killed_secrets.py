# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files after a SIGKILL: they hold a password only if it is an option and Ansible writes modules to files."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from killed_playbook import descendants
from role_runs import clean_environment
from test_no_leaks import containing

PASSWORD = "planted-password-of-a-killed-run"
SECONDS = 300


@pytest.mark.parametrize(
    ("given_as", "pipelining", "left"),
    [("option", "false", True), ("option", "true", False), ("environment", "false", False)],
)
def test_a_killed_run_leaves_the_password_only_in_module_files(
    given_as: str, pipelining: str, left: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The whole process tree is killed while the module waits for its server."""
    tmp_path = tmp_path_factory.mktemp("k")  # ansible-core puts a socket into TMPDIR, whose path has to be short
    given = {"password": "{{ lookup('ansible.builtin.file', pass_file) }}"} if given_as == "option" else {}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(1)
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        task = {"vcd.kubernetes.vcd_edge_gateway_info": {"url": url, "org": "acme", "user": "kube", **given}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
        play["vars"] = {"ansible_python_interpreter": sys.executable, "pass_file": str(tmp_path / "given")}
        (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
        (tmp_path / "given").write_text(PASSWORD)
        folders = {name: str(tmp_path / name) for name in ("ANSIBLE_REMOTE_TEMP", "TMPDIR")}
        for folder in folders.values():
            Path(folder).mkdir()
        environment = {**folders, "ANSIBLE_PIPELINING": pipelining}
        environment |= {"VCD_PASSWORD": PASSWORD} if given_as == "environment" else {}
        run = subprocess.Popen(
            [str(Path(sys.executable).with_name("ansible-playbook")), "play.yml"],
            cwd=tmp_path,
            env=clean_environment(tmp_path, environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            waiting = wait_for_the_module(silent, run)
        finally:
            kill_all(run)
        waiting.close()
    found = [name for name in containing(tmp_path, [PASSWORD]) if name != "given"]
    assert bool(found) is left, found


def wait_for_the_module(silent: socket.socket, run: subprocess.Popen[bytes]) -> socket.socket:
    """The connection of the module, which waits for an answer. The test fails if ansible-playbook ends before that."""
    for _second in range(SECONDS):
        with contextlib.suppress(TimeoutError):
            return silent.accept()[0]
        assert run.poll() is None, f"ansible-playbook ended with {run.returncode}"
    raise AssertionError("the module did not connect")


def kill_all(run: subprocess.Popen[bytes]) -> None:
    """Send SIGKILL to a process and all its descendants, in any session.

    All are stopped before the first is killed: a parent that saw its child end would clean up after it.
    """
    stopped: set[int] = set()
    while found := {run.pid, *descendants(run.pid)} - stopped:
        for pid in found:
            send(pid, signal.SIGSTOP)
        stopped |= found
    for pid in stopped:
        send(pid, signal.SIGKILL)
    run.wait(SECONDS)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
