"""A certificate that no authority vouches for, and a server that shows it."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

#: Of 127.0.0.1, for a hundred years, made for these tests alone.
CERTIFICATE: Final = """\
-----BEGIN CERTIFICATE-----
MIIBjzCCATagAwIBAgIUDpoop6nKhYh2cbZnZ+Ld0tFPcPQwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEzMDIzMjIxMFoYDzIxMjYxMTA2
MjMyMjEwWjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASxI/hOHqDTzWlFvCaBFoETdYSlI6bb9PknlM+7u6qiqRmNdTuFZETX
t+gHG0omb+Zv1nQqF6rLdTiHAI4Nc9p5o2QwYjAdBgNVHQ4EFgQU2PcCh3VF+0qT
SBdj7uX18hYoKMgwHwYDVR0jBBgwFoAU2PcCh3VF+0qTSBdj7uX18hYoKMgwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0cAMEQC
IH/3HatMM3+7SCuh+pZwD7f7k5SU1Fop7x1GdyyiCHG9AiBS1PTbdgcQHOOrs/Zh
x830/yuRZwR8kD4PIPGWwEyFIA==
-----END CERTIFICATE-----
"""
_KEY: Final = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKzHu/pDUmzchQClJ
V4hMVUHpmFGQPsHArUlFwspt352hRANCAASxI/hOHqDTzWlFvCaBFoETdYSlI6bb
9PknlM+7u6qiqRmNdTuFZETXt+gHG0omb+Zv1nQqF6rLdTiHAI4Nc9p5
-----END PRIVATE KEY-----
"""


@contextmanager
def untrusted_server(
    folder: Path, *, client_certificate: bool = False, version: ssl.TLSVersion | None = None
) -> Iterator[str]:
    """Yield the address of a server with this certificate, which ends every connection.

    Args:
        folder: Gets `server.pem` with key and certificate, and `ca.pem` with the certificate alone.
        client_certificate: It refuses who shows no certificate.
        version: The only version of TLS that it speaks.
    """
    chain = folder / "server.pem"
    chain.write_text(_KEY + CERTIFICATE)
    (folder / "ca.pem").write_text(CERTIFICATE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):  # closed by the test, or refused by the client
                while True:
                    connection, _ = listening.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True):
                        pass

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/v1"
