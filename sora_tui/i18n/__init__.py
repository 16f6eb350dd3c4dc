"""Words: catalogues and sentences."""
