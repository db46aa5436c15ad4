"""A policy profile to judge mail by."""

from __future__ import annotations

from ordinance.law.model import Profile


def a_profile(*, message_size_max: int = 10_485_760, mailbox_quota_max: int = 1 << 30) -> Profile:
    """The default profile's shape, with the two limits that mail is about."""
    return Profile(
        name="test",
        public_web="allowed",
        public_dns="allowed",
        telnet_tcp_ports=(23,),
        ftp_tcp_ports=(21,),
        tftp_udp_ports=(69,),
        smtp_ports=(25,),
        nntp_ports=(119,),
        web_ports=(80,),
        dns_ports=(53,),
        management_tcp_ports=(22,),
        management_udp_ports=(161,),
        default_communities=("public",),
        message_size_max=message_size_max,
        mailbox_quota_max=mailbox_quota_max,
        password_max_days=90,
        retention_days=90,
        miss_bound=1e-4,
    )
