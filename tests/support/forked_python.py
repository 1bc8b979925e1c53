# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that modules are run with, as a program that is forked: ``interpreter_python`` of forked playbooks.

Ansible packs a module and starts it as ever: ``sh -c 'PYTHON AnsiballZ_vcd_pool.py'``, or with pipelining
``sh -c PYTHON`` with the same text as standard input. PYTHON is a small program that has the archive run in a fork of a
process that has imported the libraries, lends it its own output, environment and folder, and ends as it does. What a
module has of Ansible and of collections is imported from its archive by each run.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OWN = ("ansible", "ansible_collections")
# Few imports, or it would cost what it saves. If it is killed its connection ends, and then so does the fork.
PROGRAM = """\
#!{python} -IS
import os, sys
import _socket
server = _socket.socket(_socket.AF_UNIX)
server.connect({path!r})
own = "/proc/%d" % os.getpid()
request = '{{"process": "%s", "stdout": "%s/fd/1", "stderr": "%s/fd/2"}}\\n' % (own, own, own)
server.send(request.encode())
answer = b""
while answer.count(b"\\n") < 2:
    part = server.recv(4096)
    if not part:
        os._exit(1)
    answer += part
code = int(answer.split(b'"code": ')[1].split(b",")[0])
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
"""


def program(folder: Path, python: str = sys.executable) -> Path:
    """The program to name as Python, in the folder of `forks.Forks`; ``python`` runs it."""
    path = folder / "python"
    path.write_text(PROGRAM.format(python=python, path=str(folder / "socket")), encoding="utf-8")
    path.chmod(0o700)
    return path


def load(_folder: Path) -> None:
    """Import the libraries that modules import; which these are is seen in a child that imports the modules."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        _import_modules()
        with os.fdopen(writing, "w", encoding="utf-8") as file:
            json.dump([name for name in sys.modules if name.partition(".")[0] not in OWN], file)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        names = json.load(file)
    os.wait()
    for name in names:
        with contextlib.suppress(Exception):  # one that is no module to its importer; the run imports it where it can
            importlib.import_module(name)


def _import_modules() -> None:
    sys.path.insert(0, str(ROOT.parents[2]))
    for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        with contextlib.suppress(Exception):  # one that cannot be imported says so when it is run
            importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module.stem}")


def run(request: Mapping[str, Any]) -> int:
    """Be Python with the words, the environment and the folder of the process that asks."""
    process = Path(request["process"])
    words = [os.fsdecode(word) for word in (process / "cmdline").read_bytes().split(b"\0")[:-1]]
    variables = (pair.partition(b"=") for pair in (process / "environ").read_bytes().split(b"\0") if pair)
    os.environ.clear()
    os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, _equals, value in variables})
    os.umask(int((process / "status").read_text(encoding="utf-8").partition("Umask:")[2].split()[0], 8))
    os.chdir((process / "cwd").readlink())
    sys.argv = words[3:] or [""]  # without Python, its options and the program
    if len(words) > 3:
        archive = Path(sys.argv[0])
        name, text = str(archive), archive.read_bytes()
        sys.path[0] = str(archive.parent)
    else:
        name, text = "<stdin>", (process / "fd" / "0").read_bytes()
        sys.path[0] = ""
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=name, __builtins__=__builtins__)
    sys.modules["__main__"] = main
    try:
        exec(compile(text, name, "exec"), main.__dict__)  # noqa: S102 - this is Python here
        return 0
    finally:
        atexit._run_exitfuncs()
