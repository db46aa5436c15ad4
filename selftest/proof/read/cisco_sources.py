"""Where the vendor's documents say what the tables of examples hold the readers to. No device stands in the lab: these are
the anchor.
"""

LISTS = 'Cisco IOS Security Command Reference, "access-list (IP extended)": Syntax Description, Usage Guidelines'
STANDARD = (
    'Cisco IOS IP Configuration Guide, "Filtering IP Packets Using Access Lists", Creating Standard and Extended Access Lists'
)
FRAGMENTS = (
    'Cisco IOS IP Configuration Guide, IPC-93, "Specifying IP Extended Access Lists with Fragment Control", table of entries'
)
WHITE_PAPER = 'Cisco document 8014, "Access Control Lists and IP Fragments", ACL Rule Flow Chart'
RULES = (
    'Cisco IOS Security Configuration Guide: Access Control Lists, "IP Access List Overview", IP Access List Process and Rules'
)
FLAGS = (
    'Cisco IOS Security Configuration Guide, "Creating an IP Access List to Filter IP Options, TCP Flags, Noncontiguous Ports"'
)
PORTS = 'Cisco IOS Security Configuration Guide, "Named ACL Support for Noncontiguous Ports on an Access Control Entry"'
GROUPS = 'Cisco IOS Security Configuration Guide, "Object Groups for ACLs": Objects Allowed in ... Object Groups, Restrictions'
SEQUENCE = 'Cisco IOS Security Configuration Guide, "IP Access List Entry Sequence Numbering", Sequence Numbering Behavior'
TIMES = 'Cisco IOS Network Management Command Reference, "periodic"; "absolute"'
REFLEXIVE = 'Cisco IOS Security Configuration Guide, "Configuring IP Session Filtering (Reflexive Access Lists)"'
DYNAMIC = 'Cisco IOS Security Configuration Guide, "Configuring Lock-and-Key Security (Dynamic Access Lists)"'
IPV6 = 'Cisco IOS IPv6 Command Reference, "ipv6 access-list"; "permit (IPv6)": Usage Guidelines'

ASA_ORDER = (
    'Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": Implicit Deny; order of operations of a global rule'
)
ASA_PERMITS = 'Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": Implicit Permits; Inbound and Outbound Rules'
ASA_LEVELS = (
    'Cisco ASA Series General Operations CLI Configuration Guide, "Security Levels"; "Allow Same Security Level Communication"'
)
ASA_EXTENDED = 'Cisco ASA Series General Operations CLI Configuration Guide, "Access Control Lists": Add an Extended ACE'
ASA_OBJECTS = 'Cisco ASA Series General Operations CLI Configuration Guide, "Objects for Access Control": objects, groups'
ASA_REAL = 'Cisco ASA Series CLI Configuration Guide, "Access Control Lists": IP Addresses Used for ACLs When You Use NAT'
ASA_NAT = 'Cisco ASA Series Firewall CLI Configuration Guide, "Network Address Translation": Static NAT, with port translation'
ASA_STATE = 'Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": Access Rules for Returning Traffic'
ASA_VPN = 'Cisco ASA Series Command Reference, "sysopt connection permit-vpn": Usage Guidelines, Defaults'
ASA_BOX = 'Cisco ASA Series Firewall CLI Configuration Guide, "Access Rules": Management Access Rules'
ASA_NAMES = 'Cisco ASA Series General Operations CLI Configuration Guide, reference "Addresses, Protocols, and Ports"'
