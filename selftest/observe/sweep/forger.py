"""Answer every SYN to one address with a SYN-ACK that acknowledges a number of our own choice. `forger.py DEVICE ADDRESS`."""

import socket
import struct
import sys

SYN, SYN_ACK = 2, 18


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def forged(frame: bytes) -> bytes:
    """The answer to a SYN over IPv4 without options."""
    far, near, port, own = frame[26:30], frame[30:34], frame[34:36], frame[36:38]
    header = struct.pack(">BBHHHBBH", 0x45, 0, 40, 0, 0x4000, 63, 6, 0) + near + far
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    segment = own + port + struct.pack(">IIBBHHH", 7, 0x0BADF00D, 0x50, SYN_ACK, 64240, 0, 0)
    total = checksum(near + far + struct.pack(">HH", 6, len(segment)) + segment)
    return frame[6:12] + frame[0:6] + b"\x08\x00" + header + segment[:16] + struct.pack(">H", total) + segment[18:]


def main() -> None:
    device, address = sys.argv[1], socket.inet_aton(sys.argv[2])
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        wire.bind((device, 0x0800))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            frame = wire.recv(2048)
            if frame[30:34] == address and frame[23] == 6 and frame[47] == SYN:
                wire.send(forged(frame))


if __name__ == "__main__":
    main()
