"""Our program against servers that somebody else wrote (`make test-interop`)."""
