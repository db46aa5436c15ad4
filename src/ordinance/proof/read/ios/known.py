"""Commands of IOS that change nothing in which packets a list lets pass.

A command that is neither read nor named here is an unknown.
"""

from __future__ import annotations

_TOP = """
    aaa access-session alias ap app-hosting archive arp authentication auto automation banner bba-group bfd boot
    boot-end-marker boot-start-marker bridge buffers call call-home card ccm-manager cdp chat-script class-map clns
    clock cns config-register control-plane controller crypto cts cwmp default default-value device-sensor
    device-tracking diagnostic dial-peer dialer dialer-list domain dot11 dot1x eap enable end environment ephone
    errdisable event exception exit fabric facility-alarm fallback fhrp file flow flow-sampler-map frame-relay
    gatekeeper gateway global-address-table hostname hw-module hw-switch identity interworking ipc isdn kerberos key
    kron l2 l2tp-class l2vpn lacp ldap license line lldp location logging login mac mac-address-table macro management
    map-class map-list mediatrace memory memory-size metadata mgcp microcode mls mmi module monitor mpls mta multilink
    nat64 nbar netconf netconf-yang netflow network-clock network-clock-participate network-clock-select nls no ntp oer
    parameter-map parser partition performance pfr platform pnp policy-map port-channel power priority-list privilege
    process profile prompt pseudowire-class qos quit radius radius-server redundancy remote resource restconf rmon
    route-map route-tag router routing rsvp rtr sampler scheduler scripting sdm sdwan security service service-routing
    set shell sip-ua snmp snmp-server sntp software source spanning-tree ssh stack-mac stack-power stackwise standby
    subscriber switch switch-profile system table-map tacacs tacacs-server tag-switching telemetry telephony-service
    template tftp tftp-server track transceiver transport-map tunnel ucse udld upgrade username version vlan vmps voice
    voice-card voice-port vpdn vpdn-group vrf vstack vtp vxlan wireless wism wsma x25 xconnect zone zone-pair
"""
#: First words, at the left margin.
TOP = frozenset(_TOP.split())
_IP = """
    accounting accounting-threshold address-pool arp as-path bgp-community bootp cef classless community-list ddns
    default-gateway default-network device dhcp dns domain domain-list domain-lookup domain-name dvmrp explicit-path
    extcommunity-list finger flow flow-cache flow-export flow-top-talkers forward-protocol ftp gdp general-prefix
    gratuitous-arps hop-limit host hosts http icmp identd igmp inspect ips kerberos local mfib mld mobile mrm mroute
    msdp multicast multicast-routing multilayer name-server nbar nd neighbor nhrp options ospf pgm pim port-map
    prefix-list radius rcmd reflexive-list rip route router routing rpf rsvp rtcp sap scp sdr security sla slb sockets
    source-route spd ssh subnet-zero tacacs tcp telnet tftp traffic-export trigger-authentication unicast-routing
    unnumbered urlfilter verify vrf
"""
#: Second words after `ip` and `ipv6`, at the left margin.
IP = frozenset(_IP.split())
#: `ip access-list ...` that is a setting, not a list
ACCESS_LIST_SETTINGS = frozenset({"helper", "log-update", "logging", "match-local-traffic", "persistent", "resequence"})
_INTERFACE = """
    802.1x access-session arp authentication auto autonegotiation bandwidth bfd bgp-policy bridge-group carrier-delay
    cdp channel-group channel-protocol clock cns crc cts dampening default delay description device-tracking dialer
    dialer-group dot1q dot1x down-when-looped duplex encapsulation ephone-dn exit fair-queue fip flow-sampler
    flowcontrol frame-relay framing full-duplex glbp h323-gateway half-duplex history hold-queue hsrp ignore-dcd invert
    isdn isis keepalive l2protocol-tunnel lacp linecode link lldp load-balancing load-interval location logging loopback
    loss-threshold lre mab mac-address macro macsec max-reserved-bandwidth mdix media-type memory mka mls mop mpls mtu
    multilink name ndp negotiation netbios nmsp no ntp pagp peer physical-layer plim port-channel port-security
    port-type power ppp pppoe-client priority-queue private-vlan psp pvc qos queue-set radius-server random-detect
    rate-limit rcv-queue rmon routing scramble serial service-module service-policy shape shutdown snmp source
    spanning-tree speed srr-queue standby storm-control subscriber switchport sync tag-switching tcam template timeout
    timeslots traffic-shape trust tunnel tx-queue tx-ring-limit udld unidirectional vlan-id vrf vrrp vtp wrr-queue
    xconnect
"""
#: First words beneath an interface.
INTERFACE = frozenset(_INTERFACE.split())
_INTERFACE_IP = """
    access-class accounting address arp authentication bandwidth-percent cef cgmp ddns device dhcp directed-broadcast
    dvmrp eigrp enable flow gratuitous-arps hello-interval helper-address hold-time icmp igmp ips irdp load-sharing
    local-proxy-arp mask-reply mfib mld mobile mrm mroute-cache mtu multicast nbar nd next-hop-self nhrp ospf pgm pim
    probe proxy-arp rarp-server redirects redundancy rgmp rip route-cache router rsvp sap security split-horizon
    sticky-arp summary-address tcp traffic-export trigger-authentication unnumbered unreachables verify
    virtual-reassembly virtual-reassembly-in vrf
"""
#: Second words after `ip` and `ipv6`, beneath an interface.
INTERFACE_IP = frozenset(_INTERFACE_IP.split())
