# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compiles the source files of modules that Ansible runs once, and not for each of a thousand runs.

Ansible sends a module as an archive of source files, and Python keeps no bytecode of what it imports from an archive.
Every start of Python in the tests' virtual environments imports this file (``places.Venv`` installs it): the bytecode
of a source text is stored beside the environment. The modules run what they would have compiled, from their archive,
in a process of their own.
"""

from __future__ import annotations

import sys
import zipimport
from types import CodeType
from typing import Any

_FOLDER = f"{sys.prefix}/zipped-code"


def _store(compile_source: Any) -> Any:
    def stored(path: str, source: bytes) -> CodeType:
        import _imp
        import hashlib
        import importlib.util
        import marshal
        import os

        name = f"{_FOLDER}/{hashlib.sha256(importlib.util.MAGIC_NUMBER + source).hexdigest()}"
        try:
            with open(name, "rb") as file:
                code: CodeType = marshal.loads(file.read())  # noqa: S302 - written below
        except OSError:
            code = compile_source(path, source)
            os.makedirs(_FOLDER, exist_ok=True)
            with open(f"{name}.{os.getpid()}", "wb") as file:
                file.write(marshal.dumps(code))
            os.replace(f"{name}.{os.getpid()}", name)
            return code
        _imp._fix_co_filename(code, path)  # as Python does with the bytecode that it stores
        return code

    return stored


if hasattr(zipimport, "_compile_source"):  # private: a Python without it compiles as usual
    zipimport._compile_source = _store(zipimport._compile_source)
