# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Private to this collection: may change in any release.
"""Values that one module returns and another part of the collection reads. Pure."""

from __future__ import annotations

# The state of a rollout of CPI's file, as used in the backup ConfigMap and by vcd_ccm_config_info.
IN_PROGRESS = "in_progress"
FINISHED = "finished"

# The version of a restore point's format, in vcd_shared_ip_info, vcd_shared_ip and the role. Version 1 has the bodies
# of virtual services only (``virtual_services``), version 2 those of all kinds (``objects``); both can be read.
RESTORE_POINT_VERSION = 2
READABLE_RESTORE_POINTS = (1, RESTORE_POINT_VERSION)

# The parts of vcd_ccm_config_info's result that a user may lack the right to read, by the names that an audit uses
FILE, BACKUP, DEPLOYMENT, PODS = "config_map", "backup", "deployment", "pods"
SERVICES, CLUSTER_ID = "services", "cluster_id"
