#!/usr/bin/python
# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vcd_shared_ip_plan
short_description: Write the plan of a run to a file, and read it back
version_added: 0.1.0
author:
  - the vcd.kubernetes authors (@vcd-kubernetes)
description:
  - With O(phase=write), writes the plans that the role P(vcd.kubernetes.shared_ip#role) has made for the clusters of a run in check mode,
    as one JSON document with a digest, and beside it a Markdown and an HTML page for those who approve it.
  - With O(phase=read), reads from such a document, or from a digest, what was approved for a cluster.
  - It is an action plugin, runs on the controller, and connects to nothing.
extends_documentation_fragment:
  - vcd.kubernetes.attributes.info_module
attributes:
  check_mode:
    details: Plans are made in check mode, so it writes its files in check mode, and only then.
options:
  phase:
    description: Whether a document is written or read.
    type: str
    required: true
    choices: [write, read]
  file:
    description:
      - The file to be written. Its name ends in C(.json); the pages get the same name with C(.md) and C(.html).
      - A relative path is relative to the folder in which C(ansible-playbook) was started. In AWX that is the project's folder in the job.
      - With O(phase=read), the name is only checked, so that a run with a wrong name ends before it plans.
    type: path
  hosts:
    description:
      - With O(phase=write), the clusters of the run. Their plans are in the facts C(shared_ip_bound) of these hosts, and C(shared_ip_failure)
        says why a host has none.
    type: list
    elements: str
  apply:
    description:
      - With O(phase=read), the file with the document, or a digest of a run or of a cluster's plan.
      - V(artifacts) takes the digest from the variable C(shared_ip_plan_digest_of_CLUSTER), and fails if this is missing.
      - For both, the module searches the variables C(shared_ip_plan_of_*) of the host, which O(phase=write) returns as RV(statistics).
    type: str
  cluster:
    description: With O(phase=read), the cluster for which the approved plan is wanted.
    type: str
  run:
    description: With O(phase=read), the clusters of the run, which are put into an order, and compared with those of the document.
    type: list
    elements: str
  per_edge:
    description: With O(run), how many clusters of one edge gateway follow each other before those of the next.
    type: int
    default: 1
seealso:
  - module: vcd.kubernetes.vcd_cluster_shared_ip
"""

EXAMPLES = r"""
- name: Write the plans of all hosts of this play
  vcd.kubernetes.vcd_shared_ip_plan:
    phase: write
    file: plan.json
    hosts: "{{ ansible_play_hosts_all }}"
  run_once: true
  when: ansible_check_mode

- name: Read what was approved for this cluster
  vcd.kubernetes.vcd_shared_ip_plan:
    phase: read
    apply: plan.json
    cluster: "{{ inventory_hostname }}"
  register: taken
  when: not ansible_check_mode
"""

RETURN = r"""
digest:
  description: The digest of the run - SHA-256 over the names of its clusters and the digests of their plans.
  returned: phase write
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
files:
  description: The files that were written.
  returned: phase write
  type: list
  elements: str
lines:
  description: For a person - each cluster with its digest, or why it could not be planned; and which clusters only the document or the run has.
  returned: success
  type: list
  elements: str
statistics:
  description:
    - For M(ansible.builtin.set_stats) - C(shared_ip_plan_digest), and for each cluster C(shared_ip_plan_digest_of_CLUSTER) and
      C(shared_ip_plan_of_CLUSTER), JSON text with C(cluster), C(digest) and C(run), the digest of the run.
    - If all plans together have no more than 64 KiB, each of them is in there as C(plan).
  returned: phase write
  type: dict
approved:
  description: What O(vcd.kubernetes.vcd_cluster_shared_ip#module:approved) takes.
  returned: phase read, with O(apply) and O(cluster)
  type: dict
order:
  description:
    - The clusters of O(run) in an order in which their edge gateways alternate. Runs on one edge gateway take turns, so in another order workers would
      wait for it.
    - The edge gateway of a cluster is the one in its variables, such as O(vcd.kubernetes.shared_ip#role:main:shared_ip_edge_gateway), or else in the
      approved plan, or else in the record of an earlier run.
  returned: phase read, with O(run)
  type: list
  elements: str
bind:
  description: Whether the run needs binding plans.
  returned: phase read
  type: bool
"""
