# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that name CPI's objects, see TARGET_OPTIONS in module_utils/_cpi/rollout/manage.py."""

from __future__ import annotations


class ModuleDocFragment:
    """Fragment vcd.kubernetes.kubernetes_target."""

    DOCUMENTATION = r"""
options:
  namespace:
    description: The namespace of CPI's ConfigMap, Deployment and Secret.
    type: str
    default: kube-system
  name:
    description: The name of CPI's ConfigMap.
    type: str
    default: vcloud-ccm-configmap
  key:
    description: The key of CPI's file in the ConfigMap.
    type: str
    default: vcloud-ccm-config.yaml
  deployment:
    description: The name of CPI's Deployment.
    type: str
    default: vmware-cloud-director-ccm
  backup_name:
    description:
      - The name of the ConfigMap, in the same namespace, that stores the content before and after the last change.
      - The default is O(name) with V(-backup) appended.
    type: str
  extra_keys:
    description:
      - Keys of CPI's file that only this CPI knows, such as V(loadbalancer.transparentMode).
      - They pass, with everything below them, and stay as they are.
      - The keys of a distribution that is recognised by its image pass without being given.
    type: list
    elements: str
requirements:
  - kubernetes.core >= 3.2.0 (an Ansible collection)
  - kubernetes >= 24.2.0
  - netaddr >= 0.10.1
  - PyYAML >= 3.11
  - PyYAML >= 5.4.1
"""
