"""JSON Schemas as a validator of another hand judges them, and what they say of keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from zigzag_lab.inputs.formats.shipped import schema_path


@cache
def validator(kind: str) -> Draft7Validator:
    schema = json.loads(schema_path(kind).read_text("utf-8"))
    Draft7Validator.check_schema(schema)
    return Draft7Validator(schema)


def complaints(kind: str, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator(kind).iter_errors(data)]


def keys_of(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path of a mapping with known keys, and each key, as a schema has them."""
    if not isinstance(schema, dict):
        return
    if schema.get("additionalProperties") is False:
        for key, value in schema["properties"].items():
            yield path, key
            yield from keys_of(value, f"{path}.{key}".lstrip("."))
    for word in ("else", "then"):
        yield from keys_of(schema.get(word), path)
    for form in schema.get("anyOf", ()):
        yield from keys_of(form, path)
    yield from keys_of(schema.get("items"), f"{path}[]")
    yield from keys_of(schema.get("additionalProperties"), f"{path}.*".lstrip("."))
