"""As whom an SNMP agent is asked. Apart from the asking, which needs the extra `snmp`: a core without it says so and goes on."""

from __future__ import annotations

from dataclasses import dataclass

from ordinance.observe.api import CouldNotLook, Unseen

PORT = 161
MOST_ROWS = 5000  #: of a walk
LEVELS = ("noAuthNoPriv", "authNoPriv", "authPriv")
COMMUNITY_MODELS = {"1": 0, "2c": 1}  #: version -> SNMP message processing model


@dataclass(frozen=True, slots=True)
class Who:
    """As whom an agent is asked. `version` "1", "2c" or "3"; `name` is the community or the user; keys as the level needs.

    `engine` is the agent's pinned engine id in hex. The user exists for that engine alone: to one that calls itself otherwise
    nothing is sent but the question for its name (RFC 3414 section 4).
    """

    version: str
    name: str
    level: str = "noAuthNoPriv"
    auth: str = ""
    priv: str = ""
    engine: str = ""

    def __post_init__(self) -> None:
        if self.version not in (*COMMUNITY_MODELS, "3") or self.level not in LEVELS:
            raise ValueError(f"no SNMP version {self.version!r} with level {self.level!r}")
        if self.version == "3" and not self.engine:
            # Keys go out as a digest localised to the engine: one that is not known to be ours could try passwords against it.
            raise CouldNotLook(Unseen.IDENTITY, "the inventory pins no SNMP engine id; no credential was sent")

    def __repr__(self) -> str:
        return f"Who(version={self.version!r}, level={self.level!r})"
