# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options, see CONNECTION in module_utils/_nakivo/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.nakivo."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the Director, V(https://HOST:PORT). Its port is 4443 by default.
      - Required. If not set, the environment variable E(NAKIVO_URL) is used.
      - Proxies are taken from E(HTTPS_PROXY) and E(NO_PROXY). C(~/.netrc) is never used.
    type: str
  user:
    description:
      - The user name. Required. If not set, the environment variable E(NAKIVO_USER) is used.
    type: str
  password:
    description:
      - The password of the user. Required. If not set, the environment variable E(NAKIVO_PASSWORD) is used.
      - A log-in that fails is not tried again, because the Director locks out a user who fails too often.
    type: str
  tenant:
    description:
      - The UUID of a tenant of a multi-tenant Director. The module logs in at the tenant's address.
      - If not set, the environment variable E(NAKIVO_TENANT) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the server's certificate. Set it to V(false) only on a network that you trust.
      - If not set, the inverse of the environment variable E(NAKIVO_ALLOW_UNVERIFIED_SSL) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the certificate of the CA that issued the server's certificate, or with a self-signed one.
      - If not set, the environment variable E(NAKIVO_CA_PATH) is used, else the CA certificates of C(requests).
    type: path
  timeout:
    description: The seconds that one request may take.
    type: int
    default: 60
requirements:
  - requests
"""
