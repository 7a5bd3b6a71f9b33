"""Certificates of our servers, as a hospital's own authority makes them: without all that RFC 5280 asks of one, which
Python 3.13 refuses unless told otherwise."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def make_certificate(home, *, days=2, address="127.0.0.1"):
    """An authority (ca.pem) and a server's certificate by it (s.pem, s.key), which ends in so many days."""
    ends = datetime.now(UTC) + timedelta(days=days)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    is_authority = x509.BasicConstraints(ca=True, path_length=None)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address)), x509.DNSName("localhost")])
    by_authority = _certificate("tests CA", authority, authority, is_authority, datetime.now(UTC) + timedelta(days=2))
    (home / "ca.pem").write_bytes(by_authority)
    (home / "s.pem").write_bytes(_certificate(address, server, authority, names, ends))
    as_pem = Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    (home / "s.key").write_bytes(server.private_bytes(*as_pem))


def _certificate(name, key, authority, extension, ends) -> bytes:
    issuer, subject = _named("tests CA"), _named(name)
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(ends - timedelta(days=4)).not_valid_after(ends)
    return made.add_extension(extension, critical=False).sign(authority, SHA256()).public_bytes(Encoding.PEM)


def _named(name) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
