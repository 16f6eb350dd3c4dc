"""Pictures and clips: inspected, decoded, fitted and probed."""
