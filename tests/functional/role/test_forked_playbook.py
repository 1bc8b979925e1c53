# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forked ansible-playbook does the same as a newly started one."""

from __future__ import annotations

import os
from pathlib import Path

import forked_playbook
import pytest
import role_runs

PLAYBOOK = """\
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.debug:
        msg: "{{ lookup('env', 'VCD_ORG') }} {{ playbook_dir }} {{ lookup('pipe', 'pwd') }} {{ given }}"
    - ansible.builtin.command: printenv VCD_ORG HOME ANSIBLE_LOCAL_TEMP
      changed_when: false
      register: environment
    - ansible.builtin.debug:
        var: environment.stdout_lines
    - vcd.kubernetes.vcd_pool:
        name: [no name]
    - ansible.builtin.debug:
        msg: not reached
"""
RUNS = {
    "a failure": (["play.yml", "-e", "given=this"], 2),
    "a missing variable": (["play.yml"], 2),
    "no such file": (["other.yml"], 1),
    "an unknown option": (["play.yml", "--colour"], 2),
    "a question": (["play.yml", "--list-tasks"], 0),
}


@pytest.mark.parametrize(("words", "code"), RUNS.values(), ids=RUNS.keys())
def test_a_forked_playbook_behaves_like_a_started_one(
    words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    environment = {"VCD_ORG": "acme", "HOME": str(tmp_path)}
    forked = role_runs.ansible_playbook(tmp_path, words, environment)
    assert list((tmp_path / "local").iterdir()) == []
    monkeypatch.setattr(forked_playbook, "same_start", lambda _environment: None)
    assert role_runs.ansible_playbook(tmp_path, words, environment) == forked
    assert forked[0] == code, forked[1]


def test_a_run_with_other_settings_is_not_forked_from_the_same_process() -> None:
    given = dict(os.environ)
    same = forked_playbook.same_start
    assert same({**given, "VCD_URL": "https://other", "HOME": "/other"}) == same(given)
    assert same({**given, "NAKIVO_URL": "https://other", "JOB_ID": "7", "PWD": "/other"}) == same(given)
    assert same({**given, "ANSIBLE_STDOUT_CALLBACK": "minimal"}) != same(given)
    assert same({**given, "LANG": "de_DE.UTF-8"}) is None
