# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""A whole run of vcd_shared_ip: plan, and if something is to be written, plan again under the lock and write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.edge_lock import EdgeLock
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.executor import Done, Executor
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.options import Request
from ansible_collections.vcd.kubernetes.plugins.module_utils._apply.progress import Progress
from ansible_collections.vcd.kubernetes.plugins.module_utils._hold import Starter
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import Api, Body


def run(api: Api, gateway: Body, request: Request, params: Mapping[str, Any], check_mode: bool) -> Done:
    """Bring the services to the wanted state. Raises CollectionError.

    A run that has nothing to write needs no lock. The plan that is applied is made under the lock, since another run
    may have taken an address after the first plan was made.
    """
    starter = Starter(params["controller_pid"])
    planned = Executor(api, gateway, request, params, True).run()
    if check_mode or not planned.changed:
        return planned
    say = Progress(params["progress_file"]).say
    with EdgeLock(api, gateway, params["lock_timeout"], say, starter) as lock:
        return Executor(api, gateway, request, params, False, lock.check).run()
