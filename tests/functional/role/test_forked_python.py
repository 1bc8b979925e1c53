# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python process that is forked for a module behaves like a new one."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import role_runs
from ansible.module_utils import basic
from waiting import until

SHOW = """\
import atexit, json, os, sys
atexit.register(print, "the end")
rest = {name: value for name, value in os.environ.items() if name != "_"}
print(json.dumps([sys.argv, sys.path[0], os.getcwd(), os.umask(0), __name__, __file__, rest]), flush=True)
print("a complaint", file=sys.stderr, flush=True)
"""
ENDS = {
    "the end of the file": ("", 0),
    "an exit code": ("sys.exit(3)", 3),
    "no exit code": ("sys.exit()", 0),
    "a signal": ("os.kill(os.getpid(), 15)", -15),
}


def run(python: str | Path, folder: Path, script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, script, "a word", ""],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "EMPTY": "", "EQUALS": "a=b", "TWO": "a\nb"},
        umask=0o27,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS.keys())
def test_it_does_what_python_does(end: str, code: int, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SHOW + end)
    there = tmp_path / "there"
    there.mkdir()
    forked, python = run(role_runs.forked_python_program(), there, script), run(sys.executable, there, script)
    assert (forked.returncode, forked.stdout, forked.stderr) == (code, python.stdout, python.stderr)
    assert python.returncode == code


def test_a_script_may_come_from_standard_input(tmp_path: Path) -> None:
    """With pipelining, Ansible hands the module over like that."""
    script = "import sys; print(sys.argv, sys.path[0], __name__, __file__, repr(sys.stdin.read()))"

    def piped(python: str | Path) -> str:
        return subprocess.run([python], cwd=tmp_path, input=script, capture_output=True, text=True, check=True).stdout

    assert piped(role_runs.forked_python_program()) == piped(sys.executable) == "['']  __main__ <stdin> ''\n"


def test_an_error_is_shown(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise ValueError('of the script')")
    done = run(role_runs.forked_python_program(), tmp_path, script)
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "ValueError: of the script")


def test_nothing_of_ansible_is_imported_beforehand(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; print([name for name in sys.modules if name.startswith('ansible')])")
    assert run(role_runs.forked_python_program(), tmp_path, script).stdout == "[]\n"


IMPORTED = "ansible/module_utils/common/parameters.py"  # imported by ansible.module_utils.basic, like all of these
FROM_ARCHIVE = """\
import sys
sys.path.insert(0, {archive!r})
from ansible.module_utils import basic
print(type(basic.__spec__.loader).__name__, basic.__spec__.name, sys.modules["ansible.module_utils.basic"] is basic)
"""


def from_archive(folder: Path, changes: Mapping[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Import from an archive with Ansible's files, some of them replaced by these texts; None leaves a file out."""
    archive = folder / "payload.zip"
    source = Path(basic.__file__).parent
    texts: dict[str, str | None] = {"ansible/__init__.py": "", "ansible/module_utils/__init__.py": ""}
    for path in sorted(source.rglob("*.py")):
        texts.setdefault(f"ansible/module_utils/{path.relative_to(source)}", path.read_text(encoding="utf-8"))
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in {**texts, **changes}.items():
            if text is not None:
                file.writestr(name, text)
    script = folder / "script.py"
    script.write_text(FROM_ARCHIVE.format(archive=str(archive)))
    return run(role_runs.forked_python_program(), folder, script)


def test_a_file_of_an_archive_that_is_known_is_not_executed_again(tmp_path: Path) -> None:
    assert from_archive(tmp_path, {}).stdout == "_Loaded ansible.module_utils.basic True\n"


def test_where_one_file_of_an_archive_is_another_all_are_executed(tmp_path: Path) -> None:
    text = (Path(basic.__file__).parents[1] / IMPORTED.removeprefix("ansible/")).read_text(encoding="utf-8")
    done = from_archive(tmp_path, {IMPORTED: f"{text}\nprint('its own text')\n"})
    assert done.stdout == "its own text\nzipimporter ansible.module_utils.basic True\n"


def test_what_an_archive_lacks_cannot_be_imported(tmp_path: Path) -> None:
    done = from_archive(tmp_path, {IMPORTED: None})
    assert done.stderr.endswith("No module named 'ansible.module_utils.common.parameters'\n")


def test_it_ends_with_the_process_that_requested_it(tmp_path: Path) -> None:
    script, number = tmp_path / "script.py", tmp_path / "number"
    script.write_text(
        f"import os, time\nopen({str(number)!r}, 'w').write(str(os.getpid()))\nwhile True: time.sleep(600)"
    )
    asking = subprocess.Popen([role_runs.forked_python_program(), script], stdout=subprocess.DEVNULL)
    until(lambda: number.exists() and number.read_text(), "the script's start")
    asking.kill()
    asking.wait()
    until(lambda: not Path("/proc", number.read_text()).exists(), "the script's end")
