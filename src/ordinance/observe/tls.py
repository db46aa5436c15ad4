"""TLS over any byte channel: through a MemoryBIO, so that it works on a socket and inside an SSH channel alike."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable

from cryptography import x509
from cryptography.x509.oid import NameOID

from ordinance.observe.api import CouldNotLook, TlsPeer, TurnedAway, Unseen
from ordinance.observe.safetext import safe_line

_MOST_NAMES = 500
_PIECE = 16_384  #: one TLS record
#: Alerts of servers that have nothing for a name (RFC 6066 section 3, RFC 8446 section 6.2), as OpenSSL calls them.
_TURNED_AWAY = frozenset({
    "TLSV1_UNRECOGNIZED_NAME", "TLSV1_ALERT_UNRECOGNIZED_NAME", "SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV1_ALERT_ACCESS_DENIED",
})  # fmt: skip


class TlsLayer:
    """TLS between `pull` (encrypted bytes from the peer, b"" at the end) and `push` (encrypted bytes to it)."""

    def __init__(
        self, context: ssl.SSLContext, server_name: str, pull: Callable[[], bytes], push: Callable[[bytes], None]
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)
        self._pull = pull
        self._push = push
        self._verified = context.verify_mode is ssl.CERT_REQUIRED

    def handshake(self) -> TlsPeer:
        """Shake hands. IDENTITY: the certificate is not the expected one. Else PROTOCOL, as TurnedAway where an alert says so."""
        while True:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                if not self._more():
                    raise CouldNotLook(Unseen.PROTOCOL, "the peer hung up in the TLS handshake") from None
            except ssl.SSLCertVerificationError as error:
                self._tell()
                raise CouldNotLook(Unseen.IDENTITY, f"the certificate is not right: {error.verify_message}") from error
            except ssl.SSLError as error:
                self._tell()
                missed = TurnedAway if error.reason in _TURNED_AWAY else CouldNotLook
                raise missed(Unseen.PROTOCOL, f"no TLS: {error.reason or 'broken'}") from error
            else:
                self._flush()
                return self._peer()

    def receive(self, most: int) -> bytes:
        """Return some plain bytes; b"" at the end of the stream."""
        while True:
            try:
                return self._object.read(most)
            except ssl.SSLWantReadError:
                if not self._more():
                    return b""
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise CouldNotLook(Unseen.PROTOCOL, f"TLS broke: {error.reason or 'broken'}") from error

    def send(self, data: bytes) -> None:
        """Send plain bytes."""
        for start in range(0, len(data), _PIECE):
            self._write(data[start : start + _PIECE])

    def _write(self, piece: bytes) -> None:
        view = memoryview(piece)
        while view:
            try:
                view = view[self._object.write(view) :]
            except ssl.SSLWantReadError:
                if not self._more():
                    raise CouldNotLook(Unseen.PROTOCOL, "the peer hung up within TLS") from None
            except ssl.SSLError as error:
                raise CouldNotLook(Unseen.PROTOCOL, f"TLS broke: {error.reason or 'broken'}") from error
            self._flush()

    def _more(self) -> bool:
        self._flush()
        data = self._pull()
        if not data:
            self._incoming.write_eof()
            return False
        self._incoming.write(data)
        return True

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._push(self._outgoing.read())

    def _tell(self) -> None:
        """Send the alert that says why; whether it arrives does not matter."""
        try:
            self._flush()
        except CouldNotLook:
            return

    def _peer(self) -> TlsPeer:
        leaf = self._object.getpeercert(binary_form=True) or b""
        version = self._object.version() or "unknown"
        return TlsPeer(version, names_of(leaf), hashlib.sha256(leaf).hexdigest(), self._verified)


def make_context(ca: bytes | None, *, verify: bool) -> ssl.SSLContext:
    """Return a client's context: verified against `ca` (PEM; None: the system's trust store), or one that takes any peer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:
        # To see what is there, old servers must be able to answer; nothing secret goes through such a channel.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.hostname_checks_common_name = False  # RFC 9525, section 2: a name is in subjectAltName or it is not there
    if ca is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=ca.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise CouldNotLook(Unseen.CREDENTIALS, "the CA certificate of the inventory cannot be read") from error
    return context


def names_of(leaf: bytes) -> tuple[str, ...]:
    """Return the names in a DER certificate, safe text: subjectAltName dNSName and iPAddress, and commonName.

    IDENTITY when they cannot be read, or are too many: whoever shows such a certificate has not said who it is, and that is
    no reason to take the port for one without TLS.
    """
    if not leaf:
        return ()
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        names = [str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        found = _alternative_names(certificate)
    except (ValueError, TypeError, x509.InvalidVersion, x509.UnsupportedGeneralNameType, x509.DuplicateExtension) as error:
        raise CouldNotLook(Unseen.IDENTITY, f"the certificate cannot be read: {type(error).__name__}") from error
    if len(found) > _MOST_NAMES:
        raise CouldNotLook(Unseen.IDENTITY, f"a certificate with {len(found)} names")
    return tuple(dict.fromkeys(safe_line(name, cap=300) for name in [*found, *names]))


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    addresses = map(str, extension.value.get_values_for_type(x509.IPAddress))
    return [*extension.value.get_values_for_type(x509.DNSName), *addresses]
