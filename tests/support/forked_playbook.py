# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a forked program: what its console script calls, in a process that has imported it.

Each run is one of the real program, with arguments, environment, folder, exit code, workers and modules of its own. It
saves the imports, and the packing of each module with all that it imports, which every ansible-playbook does once.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import os
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# what a run of the role imports later
IMPORTS = (
    "ansible.cli.playbook",
    "ansible.executor.playbook_executor",
    "ansible.executor.process.worker",
    "ansible.executor.module_common",
    "ansible.plugins.strategy.free",
    "ansible.plugins.strategy.linear",
    "ansible.plugins.action.normal",
    "ansible.playbook.handler_task_include",
    "ansible.modules",
    "multiprocessing.synchronize",
    "jinja2",
    "yaml",
)
# each run imports all plugins of these kinds, and reads their documentation for options
KINDS = ("become", "cache", "callback", "connection", "filter", "inventory", "shell", "test", "vars")
# the actions of the role, with the imports of this collection's own
ACTIONS = (
    *(f"ansible.builtin.{name}" for name in ("assert", "debug", "set_fact", "validate_argument_spec")),
    *sorted(f"vcd.kubernetes.{path.stem}" for path in (ROOT / "plugins" / "action").glob("*.py")),
)
# the setting internal_poll_interval: by default ansible-core checks 1000 times a second whether a module has ended
POLL_SECONDS = 0.01
_packed = Path()


def load(folder: Path) -> None:
    """Import what it imports. Variables that are read meanwhile have to be the same in each run, see `same_start`."""
    global _packed
    sys.path[0] = str(Path(sys.executable).parent)  # in place of the folder of a console script
    for name in IMPORTS:
        importlib.import_module(name)
    loader = importlib.import_module("ansible.plugins.loader")
    for kind in KINDS:
        for _plugin in getattr(loader, f"{kind}_loader").all(class_only=True):
            pass
    # a run repeats this without effect: the path of collections is in the environment that all runs here share
    loader.init_plugin_loader([])
    warnings.filterwarnings("ignore", "AnsibleCollectionFinder has already been configured")
    for name in ACTIONS:
        with contextlib.suppress(Exception):  # one that cannot be imported fails when it is used
            loader.action_loader.get(name, class_only=True)
    _packed = folder / "packed-modules"
    _packed.mkdir()


def run(request: Mapping[str, Any]) -> int:
    """Run as ansible-playbook with these arguments, environment and folder, and this Python for its modules."""
    from ansible import constants
    from ansible.cli.playbook import main
    from ansible.utils.path import cleanup_tmp_file

    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["folder"])
    sys.argv = [str(Path(sys.executable).with_name("ansible-playbook")), *request["words"]]
    sys.executable = request["python"]  # the default Python for modules on localhost
    # temporary files are the run's own; all runs share only the packed modules
    atexit.unregister(cleanup_tmp_file)
    parent = Path(request["env"]["ANSIBLE_LOCAL_TEMP"])
    parent.mkdir(parents=True, exist_ok=True)
    temporary = tempfile.mkdtemp(prefix=f"ansible-local-{os.getpid()}", dir=parent)
    (Path(temporary) / "ansiballz_cache").symlink_to(_packed)
    constants.DEFAULT_LOCAL_TMP = temporary
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = POLL_SECONDS
    atexit.register(cleanup_tmp_file, temporary, warn=True)
    try:
        return int(main() or 0)
    finally:
        atexit._run_exitfuncs()


def same_start(environment: Mapping[str, str]) -> dict[str, str] | None:
    """The variables that ansible-core reads while it is imported: runs with the same values share a process.

    None if another variable differs from this process's environment: then a run needs a process of its own.
    """
    later = ("VCD_", "K8S_", "NAKIVO_")  # read by the modules
    own = ("HOME", "ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP", "JOB_ID", "PWD")

    def rest(variables: Mapping[str, str]) -> dict[str, str]:
        return {
            name: value
            for name, value in variables.items()
            if name not in own and not name.startswith((*later, "ANSIBLE_", "PYTEST_"))
        }

    if rest(environment) != rest(os.environ):
        return None
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_") and name not in own}
