# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's main() in the test's own process, with the state that a new process would have."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils import _internal, basic
from ansible.module_utils._internal import _traceback
from ansible.module_utils.common import warnings


def output_of(main: Callable[[], None], arguments: dict[str, Any]) -> str:
    """What a module's main() writes to its standard output. A module that does not end with a result fails the test."""
    out = io.StringIO()
    warnings._global_warnings.clear()  # a new process would have none yet
    with contextlib.ExitStack() as patches:
        encoded = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        patches.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", encoded))
        if hasattr(basic, "_ANSIBLE_PROFILE"):  # ansible-core 2.19 and later
            patches.enter_context(mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy"))
        if getattr(_internal, "is_controller", False):  # other tests import the controller's code, no module does
            patches.enter_context(mock.patch.object(_internal, "is_controller", False))
        # A process reads once from a module's arguments whether it shows tracebacks. The controller's code, which other
        # tests import, decides it otherwise.
        patches.enter_context(mock.patch.object(_traceback, "_module_tracebacks_enabled_events", None))
        module_decides = _traceback._is_module_traceback_enabled
        patches.enter_context(mock.patch.object(_traceback, "_is_traceback_enabled", module_decides))
        patches.enter_context(contextlib.redirect_stdout(out))
        patches.enter_context(pytest.raises(SystemExit))
        main()
    return out.getvalue()
