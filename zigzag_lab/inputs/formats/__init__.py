"""Formats of files: their keys, declared once for the readers, the pages of docs/formats, and the JSON Schemas."""
