"""The types of inputs as JSON schemas, for editors and documentation; not loaded where flows run."""

from __future__ import annotations

from tiercel.model.described import field_docs
from tiercel.model.input_groups import INPUT_TYPES


def input_schema(kind: str) -> dict[str, object]:
    """Return the JSON schema of a type of input, each property with the description below its field."""
    model = INPUT_TYPES[kind]
    schema = model.model_json_schema()
    described = field_docs(model)
    for name, field in model.model_fields.items():
        schema["properties"][field.alias or name].setdefault("description", described.get(name, ""))
    return schema
