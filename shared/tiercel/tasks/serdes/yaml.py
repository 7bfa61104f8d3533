"""YAML to records and back, and to JSON and back: `io.kestra.plugin.serdes.yaml.*`. Files are held whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.yaml_values import parse_yaml_documents
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.serdes.base import BOM, Conversion, store_records, told
from tiercel.tasks.serdes.json import decoded


class YamlTask(Conversion):
    """A task that reads YAML."""

    def documents(self, ctx: RunContext) -> list[object]:
        """Return the documents of the file; an empty one is none.

        Raises:
            TaskError: It is no YAML; the text says where.
        """
        with self.opened_text(ctx) as text:
            whole = text.read().removeprefix(BOM)
        try:
            return [document for document in parse_yaml_documents(whole) if document is not None]
        except ValueError as error:
            raise TaskError(f"'{self.from_}' is not YAML: {error}", retryable=False) from None


class YamlToIon(YamlTask):
    """Read YAML into records: one for each document, and one for each element of a document that is a list."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        return store_records(ctx, _rows(self.documents(ctx)))


def _rows(found: Iterable[object]) -> Iterator[object]:
    for document in found:
        yield from document if isinstance(document, list) else [document]


class YamlToJson(YamlTask):
    """Write a YAML file as JSON."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the JSON file; several documents are an array."""
        found = self.documents(ctx)
        content: object = found[0] if len(found) == 1 else found
        return told(ctx, ctx.store(records.encode(content), "document.json"), len(found))


class YamlWriter(Conversion):
    """A task that writes YAML."""

    def write(self, ctx: RunContext, found: Iterable[object]) -> dict[str, object]:
        """Store values, each as a document; return `uri` and `size`."""
        import yaml

        dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        count = 0
        with records.scratch(ctx, ".yaml") as path:
            with self.new_text(path) as file:
                for count, value in enumerate(found, 1):
                    if count > 1:
                        file.write("---\n")
                    yaml.dump(_writable(value), file, Dumper=dumper, allow_unicode=True, sort_keys=False)
            return told(ctx, ctx.store(path, "records.yaml"), count)


def _writable(value: object) -> object:
    """Return a value in the library's own types: exact decimals become floats, moments texts."""
    if isinstance(value, Mapping):
        return {str(key): _writable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_writable(item) for item in value]
    return float(value) if isinstance(value, Decimal) else records.plain(value)


class IonToYaml(YamlWriter):
    """Write records as YAML, each as a document."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the YAML file and its `size` in records."""
        return self.write(ctx, self.rows(ctx))


class JsonToYaml(YamlWriter):
    """Write a JSON file as YAML."""

    jsonl: Rendered[bool] = False
    """Whether each line of the file is a document; each is one of YAML then."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the YAML file and its `size` in documents."""
        return self.write(ctx, self.rows(ctx) if self.jsonl else [self._whole(ctx)])

    def _whole(self, ctx: RunContext) -> object:
        with self.opened_text(ctx) as text:
            whole = text.read().removeprefix(BOM)
        return decoded(whole, f"'{self.from_}'", "; set jsonl: true if each line is a document")
