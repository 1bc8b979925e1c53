# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python that runs modules, as a forked program: ``interpreter_python`` of forked playbooks.

Ansible packs a module and starts it as usual: ``sh -c 'PYTHON AnsiballZ_vcd_pool.py'``, or with pipelining
``sh -c PYTHON`` with the same text as standard input. PYTHON is a small program that runs the archive in a fork of a
process that has imported the libraries. It passes on its own output, environment and folder, and exits as that does.

A module gets code of Ansible and of collections only from its archive, and nothing else from there: a file that is not
in it cannot be imported. A file of it is not executed again if this process has imported the same text before. If one
file differs, all are executed.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import importlib
import importlib.machinery
import importlib.util
import os
import sys
import types
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OWN = ("ansible", "ansible_collections")
# It imports little, or it would cost what it saves. If it is killed, its connection ends, and then so does the fork.
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
    """The program to use as Python, in the folder of `forks.Forks`; ``python`` runs it."""
    path = folder / "python"
    path.write_text(PROGRAM.format(python=python, path=str(folder / "socket")), encoding="utf-8")
    path.chmod(0o700)
    return path


# An archive has its own files of these packages.
STUBS = ("ansible", "ansible.module_utils", "ansible.module_utils.distro")
_loaded: dict[str, types.ModuleType] = {}  # by name in an archive: "ansible/module_utils/basic.py"
_texts: dict[str, tuple[int, int]] = {}  # their sizes and checksums
_needs: dict[str, set[str]] = {}  # which of them each has imported


def load(_folder: Path) -> None:
    """Import what modules import, and set aside what belongs to Ansible or a collection: see `_Archive`."""
    sys.path.insert(0, str(ROOT.parents[2]))
    with _noted_imports() as imports:
        importlib.import_module("ansible.module_utils._internal._ansiballz._loader")
        for module in sorted((ROOT / "plugins" / "modules").glob("*.py")):
            with contextlib.suppress(Exception):  # a module that cannot be imported fails when it runs
                importlib.import_module(f"ansible_collections.vcd.kubernetes.plugins.modules.{module.stem}")
    del sys.path[0]
    places: dict[str, str] = {}
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN]:
        loaded = sys.modules.pop(name)
        file = getattr(loaded, "__file__", None)
        if file and file.endswith(".py") and name not in STUBS and ".plugins.modules." not in name:
            text = Path(file).read_bytes()
            places[name] = f"{name.replace('.', '/')}{'/__init__' if hasattr(loaded, '__path__') else ''}.py"
            _loaded[places[name]], _texts[places[name]] = loaded, (len(text), zlib.crc32(text))
    for name, place in places.items():
        _needs[place] = {places[one] for one in imports.get(name, ()) if one in places}


@contextlib.contextmanager
def _noted_imports() -> Iterator[dict[str, set[str]]]:
    """Record which modules each module imports in the body, whether or not they were imported before."""
    found: dict[str, set[str]] = {}
    real = builtins.__import__

    def noting(  # with the parameter names of the function that it replaces
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> types.ModuleType:
        module = real(name, globals, locals, fromlist or (), level)
        if globals and str(globals.get("__name__")).partition(".")[0] in OWN:
            whole = importlib.util.resolve_name("." * level + name, str(globals["__package__"]))
            wanted = [whole, *(f"{whole}.{part}" for part in fromlist or ())]
            found.setdefault(globals["__name__"], set()).update(wanted)
        return module

    builtins.__import__ = noting
    try:
        yield found
    finally:
        builtins.__import__ = real


class _Archive:
    """Finds known modules of the archive that is first on Python's path; leaves all others to Python."""

    def __init__(self) -> None:
        self._path = ""
        self._known: set[str] = set()

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """How to import a module, or None."""
        if name.partition(".")[0] not in OWN or not sys.path or not sys.path[0].endswith(".zip"):
            return None
        if sys.path[0] != self._path:
            self._path, self._known = sys.path[0], _known_of(sys.path[0])
        for place in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
            if place in self._known:
                module = _loaded[place]
                if hasattr(module, "__path__"):
                    module.__path__ = [f"{self._path}/{place.rpartition('/')[0]}"]
                return importlib.machinery.ModuleSpec(name, _Loaded(module), is_package=hasattr(module, "__path__"))
        return None


class _Loaded:
    """Loads a module that has already been executed."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module

    def create_module(self, _spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The module."""
        return self._module

    def exec_module(self, _module: types.ModuleType) -> None:
        """Do nothing: the module has been executed."""


def _known_of(archive: str) -> set[str]:
    """The files of an archive that have been loaded: modules refer to each other, so it is all of them or none.

    None if the archive has a different text of any, or lacks one that another needs.
    """
    with zipfile.ZipFile(archive) as file:
        found = {one.filename: (one.file_size, one.CRC) for one in file.infolist() if one.filename in _texts}
    same = all(_texts[place] == text and _needs[place] <= found.keys() for place, text in found.items())
    return set(found) if same else set()


def run(request: Mapping[str, Any]) -> int:
    """Run as Python with the arguments, environment and folder of the process that asks."""
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
    sys.meta_path.insert(0, _Archive())  # type: ignore[arg-type]  # it has the one method that Python asks for
    try:
        exec(compile(text, name, "exec"), main.__dict__)  # noqa: S102 - this is Python here
        return 0
    finally:
        atexit._run_exitfuncs()
