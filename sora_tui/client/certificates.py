"""Which certificates a server may show: those that the person names, else certifi's."""

from __future__ import annotations

import errno
import functools
import os
import re
import ssl
import stat
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sora_tui.core.problem import problem_error


@functools.cache
def trusted() -> ssl.SSLContext:
    """Return a context that trusts those of SSL_CERT_FILE or SSL_CERT_DIR, else certifi's.

    `ssl.create_default_context` would also write the keys of every connection into SSLKEYLOGFILE.
    If that file cannot be written, a paid request breaks after it was sent, so it is not read.

    Raises:
        ProblemError: config_invalid, naming the variable that cannot be used. Waiting does not
            help, and without it every connection would fail.
    """
    environ = os.environ
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # the default context has it from that version on
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if file := environ.get("SSL_CERT_FILE"):
        _check("SSL_CERT_FILE", lambda: _load_certificates(context, file))
    elif folders := environ.get("SSL_CERT_DIR"):
        # OpenSSL looks there by the hash of a name, and takes a missing folder for an empty one.
        _check("SSL_CERT_DIR", lambda: _find_certificates(folders.split(os.pathsep)))
        context.load_verify_locations(capath=folders)
    else:
        import certifi  # not for unencrypted connections, nor where a person names certificates

        context.load_verify_locations(certifi.where())
    return context


@functools.cache
def nothing_trusted() -> ssl.SSLContext:
    """Return a context for unencrypted connections, with which an encrypted one would fail."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


_HASHED: Final = re.compile(r"[0-9a-f]{8}\.\d+")


def _load_certificates(context: ssl.SSLContext, file: str) -> None:
    """Trust the certificates of a file.

    Raises:
        OSError: It cannot be read, or is no regular file: a pipe would block without end.
        ssl.SSLError: It has no certificate.
    """
    if not stat.S_ISREG(Path(file).stat().st_mode):
        raise OSError(errno.EINVAL, "not_regular")
    context.load_verify_locations(file)


def _find_certificates(folders: Sequence[str]) -> None:
    """Make sure that one of these folders has a certificate.

    Raises:
        OSError: None has one, and a folder cannot be read.
        ssl.SSLError: None has one.
    """
    failure: OSError = ssl.SSLError("no certificate")
    for folder in folders:
        try:
            if any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir()):
                return
        except OSError as error:
            failure = error
    raise failure


def _check(variable: str, attempt: Callable[[], None]) -> None:
    try:
        attempt()
    except ssl.SSLError:
        raise problem_error("config_invalid", key=variable, reason="no_certificate") from None
    except (OSError, ValueError) as fault:  # a NUL in the path
        reason = (fault.strerror or "") if isinstance(fault, OSError) else ""
        raise problem_error("config_invalid", key=variable, reason=reason) from None
