# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""The connection options of kubernetes.core, and the libraries that they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._secrets import SECRETS
from ansible_collections.vcd.kubernetes.plugins.module_utils._urls import PrintableUrl

# Used when kubernetes.core is missing, so that the error says that instead of calling every option unknown.
_NAMES = (
    "ca_cert client_cert client_key context host impersonate_groups impersonate_user kubeconfig no_proxy "
    "persist_config proxy proxy_headers username validate_certs"
)
URLS = ("host", "proxy")
_SECRET_NAMES = frozenset(
    {"access-token", "client-key-data", "client-secret", "id-token", "password", "refresh-token", "token"}
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
    """A kubeconfig given as data. Its string value says only that, so that no token reaches a log or a result."""

    content: dict[str, Any] | None = None


class RawButHidden(str):
    """The documented type (``raw``), which is also the function that Ansible calls to convert the value.

    ``no_log`` is no alternative: it would mask every string of the dictionary, such as "default" or "v1", wherever it
    occurs in a result.
    """

    def __call__(self, value: Any) -> str:
        """Keep a path, and hide a dictionary. The content of a file is hidden too, and dropped: it is not accepted."""
        if isinstance(value, dict):
            given = GivenKubeconfig("(given as a dictionary)")
            given.content = value
            SECRETS.add(*_secrets_of(value))
            return given
        text = str(value)
        is_path = "\n" not in text and not text.lstrip().startswith("{")
        return text if is_path else GivenKubeconfig("(given as text)")


def _secrets_of(value: Any, name: str = "") -> Iterator[str]:
    """The texts under the keys that hold secrets in a kubeconfig."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets_of(item, str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets_of(item, name)
    elif isinstance(value, str) and name in _SECRET_NAMES:
        yield value


AUTH_ARG_SPEC: dict[str, Any] = {
    **_AUTH_ARG_SPEC,
    "kubeconfig": {"type": RawButHidden("raw")},
    **{name: {**_AUTH_ARG_SPEC[name], "type": PrintableUrl("str")} for name in URLS},
}
KUBERNETES_OPTIONS = ArgumentSpec(AUTH_ARG_SPEC)
LIBRARIES: dict[str, ImportError | None] = {
    "kubernetes.core (an Ansible collection)": KUBERNETES_CORE_IMPORT_ERROR,
    "kubernetes": KUBERNETES_IMPORT_ERROR,
}
