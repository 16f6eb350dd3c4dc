"""SHA-256 of bytes, without hashlib, which loads OpenSSL: half a megabyte for an idle screen."""

from __future__ import annotations


def sha256_of(data: bytes) -> str:
    """Return the SHA-256 of these bytes, in hexadecimal (FIPS 180-4)."""
    import hashlib

    return hashlib.sha256(data).hexdigest()
