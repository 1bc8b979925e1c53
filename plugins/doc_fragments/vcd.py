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
      - The address of Cloud Director, V(https://HOST) or V(https://HOST:PORT).
      - A trailing V(/api), which the Terraform provider needs, is accepted.
      - Required. If not set, the environment variable E(VCD_URL) is used.
      - Proxies are taken from E(HTTPS_PROXY) and E(NO_PROXY). C(~/.netrc) is never used.
    type: str
  org:
    description:
      - The organization to log in to, V(System) for a user of the provider.
      - Required with O(password) and O(api_token). If not set, the environment variable E(VCD_ORG) is used.
    type: str
  user:
    description:
      - The user name, without the organization.
      - Required with O(password). If not set, the environment variable E(VCD_USER) is used.
    type: str
  password:
    description:
      - The password of the user.
      - Exactly one of O(password), O(api_token) and O(token) is required. If none is set, the first of the environment
        variables E(VCD_TOKEN), E(VCD_API_TOKEN) and E(VCD_PASSWORD) that is set is used.
      - Ansible writes options to a file in its temporary folder and removes it at the end. A run that is ended by
        SIGKILL leaves it there, with a secret that was given as an option. Environment variables do not reach that
        file, and with E(ANSIBLE_PIPELINING=true) it is not written.
      - The module logs in when it starts and logs out when it ends.
    type: str
  api_token:
    description:
      - An API token, which users create for themselves in Cloud Director (an OAuth refresh token).
      - If not set, the environment variable E(VCD_API_TOKEN) is used.
    type: str
  token:
    description:
      - The access token of an existing session. The module neither renews it nor logs it out.
      - If not set, the environment variable E(VCD_TOKEN) is used.
    type: str
  validate_certs:
    description:
      - Whether to verify the server's certificate. Set it to V(false) only on a network that you trust.
      - If not set, the inverse of the environment variable E(VCD_ALLOW_UNVERIFIED_SSL) is used.
    type: bool
    default: true
  ca_path:
    description:
      - A PEM file with the certificate of the CA that issued the server's certificate.
      - If not set, the environment variable E(VCD_CA_PATH) is used, else the CA certificates of Python's C(requests).
    type: path
  timeout:
    description:
      - The seconds that one operation may take in total, including its retries and the task that it starts.
      - A busy edge gateway, an overloaded server or a lost connection is retried until then.
    type: int
    default: 300
  api_version:
    description:
      - The API version to use, for example V(37.2).
      - By default, the highest version that both the server and this collection (36.0 to 39.1) support.
    type: str
requirements:
  - netaddr >= 0.10.1
  - requests
"""

    # Beside DOCUMENTATION, for plugins that run on the controller: for these Ansible itself reads the environment.
    # VCD_ALLOW_UNVERIFIED_SSL is not here: it is the inverse of its option, see connection_of in _vcd/options.py.
    ENV = r"""
options:
  url:
    env:
      - name: VCD_URL
  org:
    env:
      - name: VCD_ORG
  user:
    env:
      - name: VCD_USER
  password:
    env:
      - name: VCD_PASSWORD
  api_token:
    env:
      - name: VCD_API_TOKEN
  token:
    env:
      - name: VCD_TOKEN
  ca_path:
    env:
      - name: VCD_CA_PATH
"""
