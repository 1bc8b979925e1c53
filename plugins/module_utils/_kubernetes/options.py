# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""kubernetes.core's own connection options, and which libraries they need."""

from __future__ import annotations

from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec

# Only so that a missing kubernetes.core is named as what is missing, instead of each option being called unknown.
_NAMES = (
    "ca_cert client_cert client_key context host impersonate_groups impersonate_user kubeconfig no_proxy "
    "persist_config proxy proxy_headers username validate_certs"
)

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import (
        AUTH_ARG_SPEC as _AUTH_ARG_SPEC,
    )
except ImportError as error:
    KUBERNETES_CORE_IMPORT_ERROR: ImportError | None = error
    _AUTH_ARG_SPEC = {
        **{name: {"type": "raw"} for name in _NAMES.split()},
        **{name: {"no_log": True} for name in ("api_key", "password")},
    }
else:
    KUBERNETES_CORE_IMPORT_ERROR = None

try:
    import kubernetes as _kubernetes  # noqa: F401
except ImportError as error:
    KUBERNETES_IMPORT_ERROR: ImportError | None = error
else:
    KUBERNETES_IMPORT_ERROR = None


class GivenKubeconfig(str):
    """A kubeconfig that was given as data. As a text it says only that, so that no token gets into a log or result."""

    content: dict[str, Any] | None = None


class RawButHidden(str):
    """The documented type (``raw``), and also the function that Ansible calls on what was given.

    ``no_log`` would not do: of a dictionary it hides every text, "default" or "v1" too, wherever it is in a result.
    """

    def __call__(self, value: Any) -> str:
        """A path stays; a dictionary is hidden; the text of a file, which is no path, is hidden and has no content."""
        if isinstance(value, dict):
            given = GivenKubeconfig("(given as a dictionary)")
            given.content = value
            return given
        text = str(value)
        is_path = "\n" not in text and not text.lstrip().startswith("{")
        return text if is_path else GivenKubeconfig("(given as a text)")


AUTH_ARG_SPEC: dict[str, Any] = {**_AUTH_ARG_SPEC, "kubeconfig": {"type": RawButHidden("raw")}}
KUBERNETES_OPTIONS = ArgumentSpec(AUTH_ARG_SPEC)
LIBRARIES: dict[str, ImportError | None] = {
    "kubernetes.core (an Ansible collection)": KUBERNETES_CORE_IMPORT_ERROR,
    "kubernetes": KUBERNETES_IMPORT_ERROR,
}
