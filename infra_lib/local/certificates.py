"""A certificate for loopback: made once, kept in the user's configuration folder, to be trusted by who asks for it by path."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from infra_lib.local.vault import configuration_folder

_DAYS = 365
_RENEW_DAYS = 30


def loopback_certificate(folder: Path | None = None) -> tuple[Path, Path]:
    """The certificate and its private key (mode 0600), as PEM files; made anew when they are missing or about to end."""
    home = folder or configuration_folder()
    certificate, key = home / "loopback.crt", home / "loopback.key"
    if not (certificate.exists() and key.exists() and _is_current(certificate)):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(certificate, key)
    return certificate, key


def _is_current(certificate: Path) -> bool:
    from cryptography import x509

    try:
        held = x509.load_pem_x509_certificate(certificate.read_bytes())
    except ValueError:
        return False
    return held.not_valid_after_utc > datetime.now(UTC) + timedelta(days=_RENEW_DAYS)


def _make(certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")), x509.IPAddress(ip_address("::1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, pem)
    finally:
        os.close(descriptor)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
