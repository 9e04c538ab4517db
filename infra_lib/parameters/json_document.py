"""A parameter file in JSON: its entries, and the text after a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra_lib.parameters.entry import ParameterEntry, Place, arm_entry, from_arm_entry
from infra_lib.parameters.json_edit import edit_json
from infra_lib.parameters.json_text import JsonNode, JsonObject, node_at, pointer, read_json
from infra_lib.parameters.placed_text import PlacedText

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
"""The ``$schema`` of a parameter file, as new ones get it."""

REMOVED = object()
"""In a set of changes: take the parameter out."""

Path = tuple[str | int, ...]


def empty_text() -> str:
    """A parameter file without parameters."""
    return f'{{\n  "$schema": "{SCHEMA}",\n  "contentVersion": "1.0.0.0",\n  "parameters": {{}}\n}}\n'


class JsonDocument(PlacedText):
    """The text of a .parameters.json file, read."""

    format = "json"

    def __init__(self, text: str) -> None:
        read = read_json(text)
        super().__init__(text)
        self.root = read.root
        self.findings = read.findings
        self._values: dict[str, Any] | None = None

    @property
    def parameters(self) -> JsonObject | None:
        """The object that holds the parameters, None where the file has none."""
        node = self.root.get("parameters") if isinstance(self.root, JsonObject) else None
        return node if isinstance(node, JsonObject) else None

    def values(self) -> dict[str, Any]:
        """Every parameter of the right form with its value. Made once: not to be changed."""
        if self._values is None:
            self._values = {}
            for member in self.parameters.members if self.parameters else ():
                right, value = from_arm_entry(member.node.value)
                if right:
                    self._values[member.name] = value
        return self._values

    def entries(self) -> Iterator[ParameterEntry]:
        """Every parameter of the right form, in order, with its place."""
        found = self.parameters
        for member in found.members if found else ():
            right, value = from_arm_entry(member.node.value)
            if not right or not isinstance(member.node, JsonObject):
                continue
            content = next(item for item in member.node.members if item.name in ("value", "reference", "expression"))
            metadata = member.node.value.get("metadata")
            yield ParameterEntry(
                name=member.name,
                value=value,
                metadata=metadata if isinstance(metadata, dict) else None,
                pointer=pointer(("parameters", member.name, content.name)),
                place=self.place_of(content.node),
            )

    def place_of(self, node: JsonNode) -> Place:
        """Where a node stands; the opening bracket for an object or an array that spans lines."""
        return self.place(node.start, node.end)

    def locate(self, path: Path, *, name: bool = False) -> Place:
        """Where the value at ``path`` of the document stands, or its name; the nearest one around it where there is none."""
        for length in range(len(path), -1, -1):
            node = node_at(self.root, path[:length]) if self.root else None
            if node is None:
                continue
            owner = node_at(self.root, path[: length - 1]) if self.root and length else None
            if isinstance(owner, JsonObject) and (name or length < len(path)):
                member = owner.member(str(path[length - 1]))
                if member is not None:
                    return self.place(member.start, member.end)
            return self.place(node.start, node.start + 1) if isinstance(node, JsonObject) else self.place_of(node)
        return Place(line=1, column=1, end_line=1, end_column=1)

    def locate_value(self, name: str, path: Path = (), *, key: bool = False) -> tuple[str, Place]:
        """The pointer and the place of a parameter's value, or of what lies at ``path`` in it.

        ``key`` asks for the place of the last name on the way instead of the value's.
        """
        entry = node_at(self.root, ("parameters", name)) if self.root else None
        parts = [part for part in ("value", "reference", "expression") if isinstance(entry, JsonObject) and entry.member(part)]
        if key and not path:
            return pointer(("parameters", name)), self.locate(("parameters", name), name=True)
        full = ("parameters", name, *parts[:1], *path)
        return pointer(full), self.locate(full, name=key)

    def changed(self, changes: Mapping[str, Any]) -> str:
        """The text with values changed, added or (REMOVED) taken out; everything else as it is."""
        if not isinstance(self.root, JsonObject):
            return self.text
        document = dict(self.root.value)
        parameters = dict(document["parameters"]) if isinstance(document.get("parameters"), dict) else {}
        for name, value in changes.items():
            if value is REMOVED:
                parameters.pop(name, None)
                continue
            entry = parameters.get(name)
            others = {key: item for key, item in entry.items() if key == "metadata"} if isinstance(entry, dict) else {}
            parameters[name] = {**arm_entry(value), **others}
        document["parameters"] = parameters
        return edit_json(self.text, self.root, document)
