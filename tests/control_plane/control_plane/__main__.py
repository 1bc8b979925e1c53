# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m control_plane build``: get all programs for the tests with real parts."""

from __future__ import annotations

import argparse
import sys

from control_plane.mermaid import ensure_mermaid
from control_plane.places import Failed, Missing
from control_plane.programs import CPI_BUILDS, ensure, ensure_terraform

NAMES = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")


def main() -> int:
    """Exit code 1, after one clear message, if a program is unavailable."""
    parser = argparse.ArgumentParser(prog="control_plane", description=__doc__)
    parser.add_argument("command", choices=["build"])
    parser.parse_args()
    try:
        ensure(NAMES, CPI_BUILDS, _say)
        ensure_terraform(_say)
        ensure_mermaid(_say)
    except (Failed, Missing) as error:
        print(f"control plane: {error}", file=sys.stderr)
        return 1
    return 0


def _say(line: str) -> None:
    print(f"control plane: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
