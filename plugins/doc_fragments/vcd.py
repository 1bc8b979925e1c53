# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options, see CONNECTION in module_utils/_vcd/options.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.vcd."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Where Cloud Director is, V(https://HOST) or V(https://HOST:PORT).
      - A trailing V(/api), as the Terraform provider asks for, does no harm.
      - Required. Without it, the environment variable E(VCD_URL) is used.
      - Proxies are taken from E(HTTPS_PROXY) and E(NO_PROXY); C(~/.netrc) is never used.
    type: str
  org:
    description:
      - The organization to log in to, V(System) for a user of the provider.
      - Required with O(password) and O(api_token). Without it, the environment variable E(VCD_ORG) is used.
    type: str
  user:
    description:
      - The user to log in, without the organization.
      - Required with O(password). Without it, the environment variable E(VCD_USER) is used.
    type: str
  password:
    description:
      - The password of the user.
      - Exactly one of O(password), O(api_token) and O(token) is needed. Without any of them, the environment variable
        E(VCD_TOKEN), E(VCD_API_TOKEN) or E(VCD_PASSWORD) is used, the first one that is set.
      - The module logs in, and logs out again when it ends.
    type: str
  api_token:
    description:
      - An API token, as users create it for themselves in Cloud Director (a refresh token in the words of OAuth).
      - Without it, the environment variable E(VCD_API_TOKEN) is used.
    type: str
  token:
    description:
      - A ready access token of a session that somebody else has opened. It is neither renewed nor logged out.
      - Without it, the environment variable E(VCD_TOKEN) is used.
    type: str
  validate_certs:
    description:
      - Whether the certificate of the server is checked. Set it to V(false) only where nobody can listen in.
      - Without it, the inverse of the environment variable E(VCD_ALLOW_UNVERIFIED_SSL) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the certificate of the CA that issued the server's certificate.
      - Without it, the environment variable E(VCD_CA_PATH) is used, and after that what Python's C(requests) trusts.
    type: path
  timeout:
    description:
      - Seconds that one operation may take in all, with its retries and with the task that it starts.
      - A busy edge gateway, an overloaded server and a broken connection are tried again until then.
    type: int
    default: 300
  api_version:
    description:
      - The version of the API to speak, such as V(37.2).
      - Without it, the highest version that both the server and this collection know (36.0 to 39.0).
    type: str
requirements:
  - netaddr >= 0.10.1
  - requests
"""
