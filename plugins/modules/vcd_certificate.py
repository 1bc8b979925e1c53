#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_certificate
short_description: Manage certificates in the library of Cloud Director, and replace them where they are used
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - Uploads, renames and deletes certificates of the organization's certificate library, to which virtual services and pools refer.
    The module writes only if something differs.
  - Cloud Director cannot change a certificate. With O(rotate=true), the module creates a new object, moves every virtual service and pool to it,
    removes the old one, and gives the new one its name. If a run is interrupted, run the task again to continue.
extends_documentation_fragment:
  - vcd.kubernetes.vcd
  - vcd.kubernetes.state
  - vcd.kubernetes.attributes
  - vcd.kubernetes.attributes.actiongroup_vcd
options:
  name:
    description:
      - The name (alias) of the certificate, up to 128 characters. Unique in the organization.
      - With O(id), the new name.
      - At least one of O(name) and O(id) is required, and O(name) to create one.
  certificate:
    description:
      - The certificate in PEM form, with its chain if it has one. Required to create an object.
      - Line breaks, and text before and after the certificates, are ignored when certificates are compared.
    type: str
  private_key:
    description:
      - The private key of the certificate in PEM form. It is written only with a new certificate, because Cloud Director never returns it.
      - Virtual services need a certificate with its key. Pools need no key, because they use the certificate to verify their members.
    type: str
  private_key_passphrase:
    description: The passphrase of O(private_key), if it is encrypted.
    type: str
  rotate:
    description:
      - Whether a certificate that differs replaces the existing one.
      - With V(false), the module fails in that case, and names the virtual services and pools that use the certificate. In check mode, V(true)
        returns them as RV(users).
    type: bool
    default: false
notes:
  - The module refuses to delete a certificate that is in use, and names its users.
seealso:
  - module: vcd.kubernetes.vcd_certificate_info
  - module: vcd.kubernetes.vcd_virtual_service
  - module: vcd.kubernetes.vcd_pool
"""

EXAMPLES = r"""
- name: Upload the certificate of a certificate authority, with which pools verify their members
  vcd.kubernetes.vcd_certificate:
    url: https://vcd.example.com
    org: acme
    user: kube
    password: "{{ vault_vcd_password }}"
    name: internal-ca
    certificate: "{{ internal_ca_certificate }}"

- name: Upload the renewed certificate of a virtual service, and replace the old one wherever it is used
  vcd.kubernetes.vcd_certificate:
    name: shop-2026
    certificate: "{{ shop_certificate }}"
    private_key: "{{ vault_shop_key }}"
    rotate: true

- name: Delete a certificate that nothing uses
  vcd.kubernetes.vcd_certificate:
    name: internal-ca
    state: absent
"""

RETURN = r"""
certificate:
  description: The certificate after the run or, in check mode, as predicted. Null when it does not exist.
  returned: success
  type: dict
  contains:
    id:
      description: The URN. A rotation changes it.
      type: str
    name:
      description: The name (alias). Unique in the organization.
      type: str
    description:
      description: The description.
      type: str
    expires:
      description: When the first certificate of the chain expires (ISO 8601, UTC). Null if it cannot be read.
      type: str
      sample: "2027-03-01T12:00:00+00:00"
users:
  description: The objects that use the certificate after the run or, in check mode, those that use it now.
  returned: success
  type: list
  elements: dict
  contains:
    type:
      description: V(virtual_service), V(pool), or the kind in the URN of another object.
      type: str
    id:
      description: The URN.
      type: str
    name:
      description: The name.
      type: str
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.vcd.kubernetes.plugins.module_utils._argument_spec import ArgumentSpec
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate import resource
from ansible_collections.vcd.kubernetes.plugins.module_utils._resources.library_certificate.manager import Certificates
from ansible_collections.vcd.kubernetes.plugins.module_utils._runner import Outcome, run_module
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.api import LIBRARIES, Api, connect_after
from ansible_collections.vcd.kubernetes.plugins.module_utils._vcd.options import CONNECTION, STATE

SPEC = (
    CONNECTION
    | STATE
    | ArgumentSpec(
        {
            "certificate": {"type": "str"},
            "private_key": {"type": "str", "no_log": True},
            "private_key_passphrase": {"type": "str", "no_log": True},
            "rotate": {"type": "bool", "default": False},
        }
    )
)


def perform(api: Api, params: Mapping[str, Any], check_mode: bool) -> Outcome:
    """Bring the certificate to the wanted state."""
    manager = Certificates(api, params, check_mode)
    change = manager.ensure()
    result = {"certificate": change.after, "users": [user.as_result() for user in manager.users]}
    return Outcome(change.changed, result, change.before, change.after, change.warnings)


def main() -> None:
    """Run the module."""
    run_module(SPEC, connect_after(resource.from_options), perform, LIBRARIES)


if __name__ == "__main__":
    main()
