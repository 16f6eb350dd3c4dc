"""SHA-256 of bytes. hashlib brings OpenSSL: half a megabyte that an idle screen does without."""

from __future__ import annotations


def sha256_of(data: bytes) -> str:
    """The SHA-256 of these bytes, in hexadecimal (FIPS 180-4)."""
    import hashlib

    return hashlib.sha256(data).hexdigest()
