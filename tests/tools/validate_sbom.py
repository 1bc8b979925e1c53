# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates a bill of materials against the schema of CycloneDX. Runs in the environment that has its library.

Usage: validate_sbom.py FILE SPEC_VERSION
"""

from __future__ import annotations

import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator


def main() -> None:
    """Exit with the validator's complaint, if it has one."""
    file, version = sys.argv[1:]
    complaint = JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(Path(file).read_text())
    if complaint is not None:
        sys.exit(f"{file}: {complaint}")


if __name__ == "__main__":
    main()
