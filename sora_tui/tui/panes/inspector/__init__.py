"""One job: its facts, its clip, its document."""
