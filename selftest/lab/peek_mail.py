"""Use a mailbox of the city from inside a host. Sent to the host as source, with the order on standard input.

Standard library only, Python 3.11. Reads JSON `{"do": NAME, "ca": PEM, "user": ..., "password": ..., ...}`; writes what the
function of that name returns, as JSON.
"""

import imaplib
import json
import smtplib
import ssl
import sys

SERVER = "mail.city.example"
SECONDS = 10.0


def imap(order):
    """Log in over IMAPS with the server's certificate checked; the caller logs out."""
    context = ssl.create_default_context(cadata=order["ca"])
    box = imaplib.IMAP4_SSL(SERVER, 993, ssl_context=context, timeout=SECONDS)
    box.login(order["user"], order["password"])
    return box


def quota(order):
    """Return [used, limit] in KiB, as GETQUOTAROOT says (RFC 9208)."""
    with imap(order) as box:
        _status, (_roots, quotas) = box.getquotaroot("INBOX")
        return [int(word) for word in quotas[0].decode().split("STORAGE ")[1].rstrip(")").split()]


def empty(order):
    """Delete every message of the inbox; return how many there were."""
    with imap(order) as box:
        count = int(box.select("INBOX")[1][0])
        if count:
            box.store("1:*", "+FLAGS", r"(\Deleted)")
            box.expunge()
        return count


def fill(order):
    """Fill the mailbox to its limit, to the byte; return the bytes that were stored."""
    header, stored, size = b"Subject: f\r\n\r\n", 0, 500_000
    with imap(order) as box:
        while size >= len(header):
            status, _answer = box.append("INBOX", None, None, header + b"z" * (size - len(header)))
            if status == "OK":
                stored += size
            else:
                size //= 2
    return stored


def inbound(order):
    """Offer a message on port 25 as a stranger; return the code and text for RCPT TO."""
    with smtplib.SMTP(SERVER, 25, "mx.partner.example", SECONDS) as gateway:
        gateway.ehlo()
        gateway.mail("someone@partner.example")
        code, text = gateway.rcpt(order["recipient"])
        return [code, text.decode()]


def submission(order):
    """Offer a message on port 587 as the user; return the code and text for RCPT TO."""
    with smtplib.SMTP(SERVER, 587, "ws1.city.example", SECONDS) as gateway:
        gateway.starttls(context=ssl.create_default_context(cadata=order["ca"]))
        gateway.login(order["user"], order["password"])
        gateway.mail(order["sender"])
        code, text = gateway.rcpt(order["recipient"])
        return [code, text.decode()]


def send(order):
    """Send a short message on port 587 as the user."""
    with smtplib.SMTP(SERVER, 587, "ws1.city.example", SECONDS) as gateway:
        gateway.starttls(context=ssl.create_default_context(cadata=order["ca"]))
        gateway.login(order["user"], order["password"])
        gateway.sendmail(order["sender"], [order["recipient"]], f"Subject: {order['subject']}\r\n\r\nHello.\r\n")


def limits(order):
    """Return what the two services say of the size of a message: EHLO's SIZE on 25, on 587, and a declared excess on 25."""
    with (
        smtplib.SMTP(SERVER, 25, "mx.partner.example", SECONDS) as gateway,
        smtplib.SMTP(SERVER, 587, "x.example", SECONDS) as other,
    ):
        gateway.ehlo()
        other.ehlo()
        code, _text = gateway.mail("someone@partner.example", [f"SIZE={order['size']}"])
        return [gateway.esmtp_features["size"], other.esmtp_features["size"], code]


ORDERS = {
    "quota": quota,
    "empty": empty,
    "fill": fill,
    "inbound": inbound,
    "submission": submission,
    "send": send,
    "limits": limits,
}

if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.stdout.write(json.dumps(ORDERS[given["do"]](given)))
