# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes control plane, a node agent and the real CPI program, for tests.

etcd, kube-apiserver and kube-controller-manager run on loopback with free ports, RBAC and certificates. There is no
kubelet and no scheduler: the node agent (``control_plane.node``) binds pods, mounts their files as a kubelet would, and
runs the real program for CPI's pod. Start reading at ``control_plane.testing``.
"""

from __future__ import annotations
