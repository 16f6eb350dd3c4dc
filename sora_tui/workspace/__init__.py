"""The workspace on disk: documents, index, inbox, lock, prompts, pictures and clips."""
