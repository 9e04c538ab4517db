"""Texts with comments anywhere, changed at random: what was asked for is what is read afterwards."""

from __future__ import annotations

import json
import random

import pytest

from infra_lib.parameters import ParameterFile
from infra_lib.parameters.json_edit import edit_json, same
from infra_lib.parameters.json_text import read_json
from infra_lib.parameters.literals import bicep_key, bicep_literal

NAMES = ["a", "b", "c d", "e", "null", "f"]
SCALARS = [None, True, False, 0, -1, 1, 1.5, "x", "y, z", "//no", "/*no*/", "it's ${x}"]


class Texts:
    """Random values, and texts of them with comments and line ends anywhere."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.newline = self.random.choice(["\n", "\r\n"])

    def value(self, depth=0):
        chance = self.random.random()
        if depth < 3 and chance < 0.35:
            return {self.random.choice(NAMES): self.value(depth + 1) for _ in range(self.random.randint(0, 4))}
        if depth < 3 and chance < 0.55:
            return [self.value(depth + 1) for _ in range(self.random.randint(0, 4))]
        return self.random.choice(SCALARS)

    def changed(self, value, depth=0):
        if self.random.random() < 0.15:
            return self.value(depth)
        if isinstance(value, dict):
            kept = {name: self.changed(item, depth + 1) for name, item in value.items() if self.random.random() > 0.2}
            return kept | {self.random.choice("ijklmn"): self.value(depth + 1) for _ in range(self.random.choice([0, 0, 1, 2]))}
        if isinstance(value, list):
            kept = [self.changed(item, depth + 1) if self.random.random() < 0.3 else item for item in value]
            kept = kept[: self.random.randint(0, len(kept))] if self.random.random() < 0.3 else kept
            return [*kept, self.value(depth + 1)] if self.random.random() < 0.4 else kept
        return value

    def space(self):
        newline = self.newline
        choices = ["", "", " ", newline, newline + "  ", f" // c, d{newline}", "/* b */", f"/* x,{newline} y */"]
        return "".join(self.random.choice(choices) for _ in range(self.random.randint(0, 2)))

    def json(self, value):
        if isinstance(value, dict):
            members = [f"{self.space()}{json.dumps(name)}{self.space()}:{self.space()}{self.json(item)}{self.space()}"
                       for name, item in value.items()]  # fmt: skip
            return "{" + self.space() + ",".join(members) + "}"
        if isinstance(value, list):
            return "[" + self.space() + ",".join(self.space() + self.json(item) + self.space() for item in value) + "]"
        return json.dumps(value)

    def line_space(self):
        return self.random.choice(["", " // c, d", "/* b */", f" /* x{self.newline} y */", " "])

    def bicep(self, value):
        one_line = self.random.random() < 0.5 or not value or not isinstance(value, dict | list)
        if one_line:
            return bicep_literal(value, indent=None).replace(", ", self.random.choice([", ", " , ", " /* c */, "]))
        if isinstance(value, dict):
            items = [f"{bicep_key(name)}: {self.bicep(item)}" for name, item in value.items()]
        else:
            items = [self.bicep(item) for item in value]
        lines = "".join(f"  {item}{self.line_space()}{self.newline}" for item in items)
        brackets = "{}" if isinstance(value, dict) else "[]"
        return f"{brackets[0]}{self.line_space()}{self.newline}{lines}{brackets[1]}"


@pytest.mark.parametrize("seed", range(20))
def test_json_edits(seed):
    for number in range(20):
        texts = Texts(seed * 1000 + number)
        before = texts.value()
        text = texts.json(before)
        read = read_json(text)
        assert read.root is not None
        assert read.findings == []
        assert same(read.root.value, before)
        after = texts.changed(before)
        edited = edit_json(text, read.root, after)
        again = read_json(edited)
        assert again.root is not None
        assert again.findings == [], edited
        assert same(again.root.value, after), edited
        assert edit_json(edited, again.root, after) == edited


@pytest.mark.parametrize("seed", range(10))
def test_bicep_edits(seed):
    for number in range(20):
        texts = Texts(seed * 1000 + number)
        strings = ["x", "y", True, 2, None]
        texts_value = {f"p{index}": texts.value() for index in range(texts.random.randint(0, 4))}
        before = json.loads(json.dumps(texts_value).replace("y, z", "y").replace("//no", "no").replace("/*no*/", "n"))
        statements = "".join(
            f"param {name} = {texts.bicep(value)}{texts.line_space()}{texts.newline}" for name, value in before.items()
        )
        file = ParameterFile.parse(f"using 'a.bicep'{texts.line_space()}{texts.newline}{statements}", bicep=True)
        assert same(file.values, before)
        after = {name: texts.changed(value) for name, value in before.items() if texts.random.random() > 0.2}
        after["added"] = texts.random.choice(strings)
        for name in before.keys() - after.keys():
            del file[name]
        file.update(after)
        assert same(ParameterFile.parse(file.text, bicep=True).values, after), file.text
