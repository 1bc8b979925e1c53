# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's callback ``calm`` for the demo: it logs everything, and shows less of some runs on the screen."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.callback.calm import CallbackModule as Calm
from ansible_collections.vcd.kubernetes.plugins.callback.calm import answer_of

DOCUMENTATION = """
name: calm_demo
type: stdout
short_description: The callback vcd.kubernetes.calm with a log
description:
  - With E(CALM_BRIEF) the screen shows only failures. The file E(CALM_LOG) gets all.
  - Writes the recap, and the data of drawings, as JSON to the file that E(CALM_RECAP) names.
"""


class CallbackModule(Calm):
    """The callback for standard output ``calm_demo``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "calm_demo"
    _result: Any = None  # of the last phase of vcd_cluster_shared_ip
    _before: Any = None  # the data of drawings: how Services were reached before the run, and after it
    _after: Any = None
    _failed = False

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task succeeded."""
        answer = answer_of(result)
        self._result = answer.get("result", self._result)
        self._before = self._before or (answer.get("preflight") or {}).get("pictures", {}).get("before")
        self._after = (answer.get("verification") or {}).get("picture") or self._after
        super().v2_runner_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task failed."""
        self._failed = not ignore_errors
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """The end of the run."""
        super().v2_playbook_on_stats(stats)
        found = [stats.summarize(host) for host in stats.processed]
        recap = {key: sum(one[key] for one in found) for key in ("ok", "changed", "failures")}
        pictures = {"result": self._result, "before": self._before, "after": self._after}
        Path(os.environ["CALM_RECAP"]).write_text(json.dumps({**recap, **pictures}, default=str))

    def say(self, text: str) -> None:
        """Print a line, and keep it."""
        if self._failed or not os.environ.get("CALM_BRIEF"):
            super().say(text)
        with Path(os.environ["CALM_LOG"]).open("a") as sink:
            sink.write(f"{text}\n")
