# Copyright: (c) 2026, the vcd.kubernetes authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights under the names that VCD's API gives them, and the roles that have them.

Names: the vendor's lists "Rights in Predefined Global Tenant Roles" and "System Administrator Rights" (10.5), and the
roles in the documentation of the Terraform provider. The right that an operation needs is *assumed* unless a source is
given, because the vendor publishes no table: view to read, configure or manage to write. System administrators have
every right.
"""

from __future__ import annotations

# Reading roles and rights. Assumed: only administrators see the rights of a role, and this right gives their view. The
# Terraform provider's SDK first reads the organization as an administrator, and continues without the rights if that is
# refused.
ADMINISTRATOR_VIEW = "General: Administrator View"
ROLE_MANAGE = "Role: Create, Edit, Delete, or Copy"
USER_MANAGE = "Group / User: Manage"
ORGANIZATION_VIEW = "Organization: View"
VDC_VIEW = "Organization vDC: View"
VDC_GROUP_VIEW = "vDC Group: View"
VDC_GROUP_CONFIGURE = "vDC Group: Configure"
# Names: the tests of go-vcloud-director and Terraform's provider
DFW_VIEW = "Organization vDC Distributed Firewall: View Rules"
DFW_CONFIGURE = "Organization vDC Distributed Firewall: Configure Rules"
DFW_ENABLE = "Organization vDC Distributed Firewall: Enable/Disable"
SLAAC_CONFIGURE = "Organization vDC Gateway: Configure SLAAC Profile"
DNS_VIEW = "Organization vDC Gateway: View DNS"
DNS_CONFIGURE = "Organization vDC Gateway: Configure DNS"
DHCP_VIEW = "Organization vDC Gateway: View DHCP"
DHCP_CONFIGURE = "Organization vDC Gateway: Configure DHCP"
BGP_VIEW = "Organization vDC Gateway: View BGP Routing"
BGP_CONFIGURE = "Organization vDC Gateway: Configure BGP Routing"
STATIC_ROUTING_VIEW = "Organization vDC Gateway: View Static Routing"
STATIC_ROUTING_CONFIGURE = "Organization vDC Gateway: Configure Static Routing"
IPSEC_VIEW = "Organization vDC Gateway: View IPSec VPN"
IPSEC_CONFIGURE = "Organization vDC Gateway: Configure IPSec VPN"
L2_VPN_VIEW = "Organization vDC Gateway: View L2 VPN"
L2_VPN_CONFIGURE = "Organization vDC Gateway: Configure L2 VPN"
VM_VIEW = "vApp: View VM metrics"
SECURITY_TAG_EDIT = "Security Tag Edit"
GATEWAY_VIEW = "Organization vDC Gateway: View"
GATEWAY_EDIT = "Organization vDC Gateway: Update Properties"
NAT_VIEW = "Organization vDC Gateway: View NAT"
NAT_CONFIGURE = "Organization vDC Gateway: Configure NAT"
LB_VIEW = "Organization vDC Gateway: View Load Balancer"
LB_CONFIGURE = "Organization vDC Gateway: Configure Load Balancer"
FIREWALL_VIEW = "Organization vDC Gateway: View Firewall"
FIREWALL_CONFIGURE = "Organization vDC Gateway: Configure Firewall"
NETWORK_VIEW = "Organization vDC Network: View Properties"
NETWORK_EDIT = "Organization vDC Network: Edit Properties"
# The vendor's lists have no right for application port profiles. CPI creates and deletes them for its NAT rules, with
# the rights that its README asks for (gateway, NAT, load balancer, IP Spaces, token).
PROFILE_VIEW = GATEWAY_VIEW
PROFILE_MANAGE = NAT_CONFIGURE
CERTIFICATE_VIEW = "Certificate Library: View"
CERTIFICATE_MANAGE = "Certificate Library: Manage"
# A role of the Terraform provider's guide for CPI 1.6 and later has these three; CPI's README calls them view, allocate
# and manage.
IP_SPACE_VIEW = "Private IP Spaces: View"
IP_SPACE_ALLOCATE = "IP Spaces: Allocate"
IP_SPACE_MANAGE = "Private IP Spaces: Manage"
ENTITY_VIEW = "vmware:capvcdCluster: View"
ENTITY_EDIT = "vmware:capvcdCluster: Modify"
# Name: the role Kubernetes Cluster Author in the guides of the Terraform provider
ENTITY_ADMIN_VIEW = "vmware:capvcdCluster: Administrator View"
TOKEN_OWN = "API Tokens: Manage"
# Not a right of VCD. It marks operations that only the System organisation may use.
PROVIDER = "System administrator"

# The other services of an edge gateway: the right to configure implies the right to view (names: the vendor's lists)
SERVICES = {
    DNS_CONFIGURE: (DNS_VIEW,),
    DHCP_CONFIGURE: (DHCP_VIEW,),
    BGP_CONFIGURE: (BGP_VIEW,),
    STATIC_ROUTING_CONFIGURE: (STATIC_ROUTING_VIEW,),
    IPSEC_CONFIGURE: (IPSEC_VIEW,),
    L2_VPN_CONFIGURE: (L2_VPN_VIEW,),
}
# Rights for features that the simulator lacks: clients give them to roles (names: the tests of Terraform's provider and
# of go-vcloud-director). The rights to add to a catalog and to edit it imply the right to view it and its content.
_SEEN = (
    "Catalog: View Private and Shared Catalogs",
    "Organization vDC Compute Policy: View",
    "vApp Template / Media: Edit",
    "vApp Template / Media: View",
)
CATALOG = dict.fromkeys(("Catalog: Add vApp from My Cloud", "Catalog: Edit Properties"), _SEEN)
OF_SYSTEM = frozenset(
    {
        "vApp: VM Migrate, Force Undeploy, Relocate, Consolidate",
        "Task: Resume, Abort, or Fail",
        "VCD Extension: Register, Unregister, Refresh, Associate or Disassociate",
        "UI Plugins: Define, Upload, Modify, Delete, Associate or Disassociate",
    }
)

VIEW = frozenset(
    {
        ADMINISTRATOR_VIEW,
        ORGANIZATION_VIEW,
        VDC_VIEW,
        VM_VIEW,
        GATEWAY_VIEW,
        NAT_VIEW,
        LB_VIEW,
        FIREWALL_VIEW,
        NETWORK_VIEW,
        CERTIFICATE_VIEW,
        IP_SPACE_VIEW,
        ENTITY_VIEW,
        *(view for views in SERVICES.values() for view in views),
    }
)
CLOUD_PROVIDER = VIEW | {
    NAT_CONFIGURE,
    LB_CONFIGURE,
    IP_SPACE_ALLOCATE,
    ENTITY_EDIT,
    TOKEN_OWN,
}
TENANT = CLOUD_PROVIDER | {
    ROLE_MANAGE,
    USER_MANAGE,
    VDC_GROUP_VIEW,
    VDC_GROUP_CONFIGURE,
    DFW_VIEW,
    DFW_CONFIGURE,
    DFW_ENABLE,
    ENTITY_ADMIN_VIEW,
    SLAAC_CONFIGURE,
    *SERVICES,
    *CATALOG,
    *_SEEN,
    GATEWAY_EDIT,
    FIREWALL_CONFIGURE,
    SECURITY_TAG_EDIT,
    NETWORK_EDIT,
    CERTIFICATE_MANAGE,
    IP_SPACE_MANAGE,
}
# The rights that VCD adds to a role with a right. Source: the Terraform provider's role documents say that the load
# balancer implicitly needs to view certificates, and the portal adds the NAT and load balancer views to their
# configuration.
IMPLIED: dict[str, tuple[str, ...]] = {
    NAT_CONFIGURE: (NAT_VIEW,),
    LB_CONFIGURE: (LB_VIEW,),
    LB_VIEW: (CERTIFICATE_VIEW,),
    FIREWALL_CONFIGURE: (FIREWALL_VIEW,),
    DFW_CONFIGURE: (DFW_VIEW,),
    **SERVICES,
    **CATALOG,
}

ROLES: dict[str, frozenset[str]] = {
    "Kubernetes Cloud Provider": CLOUD_PROVIDER,
    "Organization Administrator": TENANT,
    # Predefined roles of VCD for vApps and catalogs; the simulator knows only this right of them (assumed)
    "Catalog Author": frozenset(),
    "vApp Author": frozenset({VM_VIEW}),
    "vApp User": frozenset({VM_VIEW}),
    "Console Access Only": frozenset(),
    "View Only": VIEW,
    "System Administrator": TENANT | OF_SYSTEM | {PROVIDER},
}
ALL = ROLES["System Administrator"]
