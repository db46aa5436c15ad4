"""Look at addresses from inside a host of the city. Sent to the host as source, with the questions on standard input.

Standard library only, Python 3.11. Reads JSON: a list of `{"kind": "tcp" | "udp", "to": [address, port], "send": text,
"greeted": bool}`. Writes JSON: for each, in order, `[state, what the peer said]`; state is open, closed or filtered.
"""

import contextlib
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

CONNECT = 1.0  # seconds: everything is one switch away
ANSWER = 3.0  # seconds to the first byte of an answer
MORE = 0.3  # seconds of silence that end an answer
MOST = 65_536


def ask(question):
    """Ask one question."""
    kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[question["kind"]]
    address, port = question["to"]
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as peer:
        peer.settimeout(CONNECT)
        try:
            peer.connect((address, port))
        except TimeoutError:
            return "filtered", ""
        except ConnectionRefusedError:
            return "closed", ""
        except OSError as problem:
            return str(problem), ""
        return talk(peer, question, kind)


def talk(peer, question, kind):
    """Say what there is to say and take what comes."""
    said = b""
    if question.get("greeted"):
        said = listen(peer)
    if question.get("send"):
        peer.send(question["send"].encode())
        said += listen(peer)
    silent_udp = kind == socket.SOCK_DGRAM and not said
    return ("no answer" if silent_udp else "open"), said.decode(errors="replace")


def listen(peer):
    """Read until the peer is silent."""
    said = b""
    with contextlib.suppress(TimeoutError, ConnectionError):
        peer.settimeout(ANSWER)
        while len(said) < MOST:
            piece = peer.recv(MOST)
            said += piece
            peer.settimeout(MORE)
            if not piece:
                break
    return said


if __name__ == "__main__":
    with ThreadPoolExecutor(64) as pool:
        sys.stdout.write(json.dumps(list(pool.map(ask, json.load(sys.stdin)))))
