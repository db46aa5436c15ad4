"""Look "intranet-inside": the Intranet server's page as staff see it, before and after the sweep from outside (9.A.3).

That nothing of it shows outside means something only while it is there to be shown. A redirect is followed on the same address,
so that a site that serves its pages over TLS alone is seen whichever of its ports is declared.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ordinance.inventory.model import Address, IntranetSite, Inventory
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, look
from ordinance.observe.protocols.front_page import PORTS, Way, by_address, visit
from ordinance.sight.intranet import IntranetSighting, PageSeen

PAGE_SECONDS = 10.0
#: Vantages from which staff see the Intranet; the second is used when the inventory has it.
HERE, WORKSTATION = "here", "workstation"


@look("intranet-inside")
def intranet_inside(context: LookContext) -> IntranetSighting:
    """Fetch every Intranet page from inside, wait for the sweep, and fetch them again."""
    before = tuple(_pages(context, after_sweep=False))
    try:
        context.sight("perimeter-sweep")
    except CouldNotLook:
        # The sweep could not look: its own checks say so. What was seen from inside is still worth having.
        return IntranetSighting(pages=before)
    return IntranetSighting(pages=before + tuple(_pages(context, after_sweep=True)))


def _pages(context: LookContext, *, after_sweep: bool) -> Iterator[PageSeen]:
    vantages = [HERE] + [WORKSTATION] * (WORKSTATION in context.inventory.vantages)
    for name in vantages:
        for site in context.inventory.intranet:
            for address in site.addresses:
                context.progress(0, 0, f"Intranet page on {address} from {name}")
                yield _page(context, name, site, address, after_sweep=after_sweep)


def _page(context: LookContext, name: str, site: IntranetSite, address: Address, *, after_sweep: bool) -> PageSeen:
    page = PageSeen(vantage=name, address=str(address), port=site.port, after_sweep=after_sweep)
    host = site.names[0].lower() if site.names else by_address(address)
    way = Way(site.port, _over_tls(site, address, context.inventory), host)
    deadline = Deadline.after(PAGE_SECONDS)
    try:
        # The certificate is not looked at: who answers is told by the canary text.
        replies = visit(context.door.at(name), address, way, deadline, server_name=_sni(site), other_ports=True)
    except CouldNotLook as missed:
        return replace(page, unseen=str(missed), observation=missed.observation)
    telling = next((reply for reply in replies if site.canary.encode() in reply.body), None)
    reply = telling or replies[-1]
    return replace(page, status=reply.status, canary=telling is not None, observation=reply.observation)


def _over_tls(site: IntranetSite, address: Address, inventory: Inventory) -> bool:
    """Whether the site's port speaks TLS: as its service is declared, else as is usual on that port."""
    declared = {service.protocol for service in inventory.services_at(address) if service.port == site.port}
    return "https" in declared if declared else site.port == PORTS["https"]


def _sni(site: IntranetSite) -> str:
    return site.names[0].lower() if site.names else ""
