"""Parameter files: untouched they stay the same bytes; a change touches nothing else; saving is whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra_lib.errors import InputError, ParameterError
from infra_lib.parameters import Expression, KeyVaultReference, ParameterFile

FILE = """\
{
    // what this is
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "metadata": { "owner": "us" },
    "parameters": {
        "count": { "value": 2 }, // how many
        "names": { "value": [ "a", "b" ] },
        /* a block */ "tags": {
            "value": {
                "env": "dev", // the environment
                "team": "x"
            },
            "metadata": { "description": "tags" }
        },
        "password": { "reference": {
            "keyVault": { "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v" }, "secretName": "n"
        } },
        "nothing": { "value": null }
    }
}
"""

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
bicep_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3)
    ),
    max_leaves=8,
)


def exactly(value):
    """A form that tells 1, 1.0 and True apart."""
    return json.dumps(value, sort_keys=True)


distinct_names = st.dictionaries(names, json_values, max_size=5).filter(lambda d: len({k.casefold() for k in d}) == len(d))
distinct_bicep = st.dictionaries(names, bicep_values, max_size=5).filter(lambda d: len({k.casefold() for k in d}) == len(d))


def test_values_and_entries():
    file = ParameterFile.parse(FILE)
    assert file["count"] == 2
    assert file["COUNT"] == 2
    assert file.values["tags"] == {"env": "dev", "team": "x"}
    assert file["password"] == KeyVaultReference(
        vault_id="/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", secret_name="n"
    )
    entry = file.entries["tags"]
    assert (entry.pointer, entry.place.line, entry.place.column) == ("/parameters/tags/value", 10, 22)
    assert entry.metadata == {"description": "tags"}
    assert file.metadata == {"owner": "us"}
    assert list(file) == ["count", "names", "tags", "password", "nothing"]
    assert "Nothing" in file
    assert file.get("absent", 7) == 7
    with pytest.raises(KeyError, match="did you mean count"):
        file["coun"]


@pytest.mark.parametrize(
    "transform",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.rstrip("\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: (text + "\n\n// the end").encode(),
    ],
)
def test_only_the_changed_value_changes(tmp_path, transform):
    data = transform(FILE)
    path = tmp_path / "main.parameters.json"
    path.write_bytes(data)
    file = ParameterFile.load(path)
    file.save()
    assert path.read_bytes() == data
    file["count"] = 40
    file["tags"] = {"env": "prod", "team": "x"}
    file.save()
    assert path.read_bytes() == transform(FILE.replace('"value": 2 }', '"value": 40 }').replace('"dev"', '"prod"'))


def test_additions_and_removals_keep_style_and_comments():
    file = ParameterFile.parse(FILE)
    del file["names"]
    del file["nothing"]
    file["new"] = {"a": [1]}
    file["tags"] = {"env": "dev", "team": "x", "cost": 5}
    file["password"] = "plain"
    old_reference = FILE[FILE.index('{ "reference"') : FILE.index(',\n        "nothing"')]
    expected = (
        FILE.replace('        "names": { "value": [ "a", "b" ] },\n', "")
        .replace('"team": "x"\n', '"team": "x",\n                "cost": 5\n')
        .replace(old_reference, '{\n            "value": "plain"\n        }')
        .replace('        "nothing": { "value": null }\n', NEW)
    )
    assert file.text == expected


NEW = """\
        "new": {
            "value": {
                "a": [
                    1
                ]
            }
        }
"""


def test_lists_keep_the_comments_of_what_stays():
    text = '{"parameters": {\n  "a": {"value": [\n    1, // one\n    2 // two\n  ]}\n}}'
    file = ParameterFile.parse(text)
    file["a"] = [1, 2, 3]
    assert file.text == text.replace("2 // two", "2, // two\n    3")
    file["a"] = [1]
    assert file.text == text.replace("1, // one\n    2 // two", "1 // one")
    assert file["a"] == [1]


def test_removing_the_last_leaves_no_comma():
    file = ParameterFile.parse('{"parameters": {"a": {"value": 1}, "b": {"value": 2}}}')
    del file["b"]
    assert json.loads(file.text) == {"parameters": {"a": {"value": 1}}}
    del file["a"]
    file["c"] = [1]
    assert json.loads(file.text) == {"parameters": {"c": {"value": [1]}}}


def test_a_file_without_parameters_gets_them():
    file = ParameterFile.parse('{\n  "contentVersion": "1.0.0.0"\n}\n')
    file["a"] = 1
    assert file.text == ('{\n  "contentVersion": "1.0.0.0",\n  "parameters": {\n    "a": {\n      "value": 1\n    }\n  }\n}\n')


@settings(max_examples=60, deadline=None)
@given(
    distinct_names, distinct_names, st.sampled_from([None, 2, 4, "\t"]), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.data()
)
def test_changes_are_read_back(before, changes, indent, newline, final, data):
    document = {"contentVersion": "1.0.0.0", "parameters": {name: {"value": value} for name, value in before.items()}}
    text = json.dumps(document, indent=indent).replace("\n", newline) + (newline if final else "")
    file = ParameterFile.parse(text)
    assert file.text == text
    assert exactly(file.values) == exactly(before)
    removed = data.draw(st.sets(st.sampled_from(sorted(before)))) if before else set()
    for name in removed:
        del file[name]
    file.update(changes)
    folded = {name.casefold(): name for name in before}
    expected = {name: value for name, value in before.items() if name not in removed}
    for name, value in changes.items():
        old = folded.get(name.casefold())
        expected[name if old is None or old in removed else old] = value
    again = ParameterFile.parse(file.text)
    assert exactly(again.values) == exactly(expected)
    assert "\r\n" not in file.text or newline == "\r\n" or "\r\n" in text
    file.update(file.values)
    assert file.text == again.text


@settings(max_examples=40, deadline=None)
@given(distinct_bicep, distinct_bicep, st.sampled_from(["\n", "\r\n"]))
def test_bicep_changes_are_read_back(before, changes, newline):
    file = ParameterFile.parse(f"using 'main.bicep'{newline}// kept{newline}", bicep=True)
    file.update(before)
    first = ParameterFile.parse(file.text, bicep=True)
    assert first.text == file.text
    assert exactly(first.values) == exactly(before)
    first.update(changes)
    folded = {name.casefold(): name for name in before}
    expected = {**before, **{folded.get(name.casefold(), name): value for name, value in changes.items()}}
    again = ParameterFile.parse(first.text, bicep=True)
    assert exactly(again.values) == exactly(expected)
    assert first.text.startswith(f"using 'main.bicep'{newline}// kept{newline}")


@settings(max_examples=20, deadline=None)
@given(distinct_bicep)
def test_conversion_goes_both_ways(values):
    file = ParameterFile.new()
    file.update(values)
    bicep = file.to_bicepparam(using="main.bicep")
    assert bicep.text.startswith("using 'main.bicep'\n")
    assert exactly(bicep.values) == exactly(values)
    assert exactly(bicep.to_json().values) == exactly(values)


BICEP = """\
using 'main.bicep' // the template

@allowed([1]) // odd, but kept
param count = 2 // how many
param tags = {
  env: 'dev' // the environment
  list: [1, 2]
}
var prefix = 'p'
param name = '${prefix}-x'
param secret = az.getSecret('s', 'g', 'v', 'n')
"""


def test_bicep_values_and_places():
    file = ParameterFile.parse(BICEP.replace("@allowed([1]) // odd, but kept\n", ""), "main.bicepparam")
    assert file.values == {
        "count": 2,
        "tags": {"env": "dev", "list": [1, 2]},
        "name": Expression(text="'${prefix}-x'"),
        "secret": KeyVaultReference(
            vault_id="/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", secret_name="n"
        ),
    }
    assert (file.entries["tags"].place.line, file.entries["tags"].place.column) == (4, 14)
    pointer, place = file.locate("tags", ("list", 1))
    assert (pointer, place.line, place.column) == ("/parameters/tags/list/1", 6, 13)


def test_bicep_changes_touch_nothing_else():
    text = BICEP.replace("@allowed([1]) // odd, but kept\n", "")
    file = ParameterFile.parse(text, "main.bicepparam")
    file["count"] = 3
    file["tags"] = {"env": "prod", "list": [1, 3], "new": True}
    file["name"] = "it's"
    expected = text.replace("count = 2", "count = 3").replace("'dev'", "'prod'").replace("[1, 2]", "[1, 3]\n  new: true")
    assert file.text == expected.replace("'${prefix}-x'", "'it\\'s'")
    del file["secret"]
    assert "secret" not in file.text
    file["added"] = Expression(text="readEnvironmentVariable('X')")
    assert file.text.endswith("param added = readEnvironmentVariable('X')\n")


def test_conversion_keeps_key_vault_references():
    bicep = ParameterFile.parse(FILE).to_bicepparam(using="a's.bicep")
    assert bicep.text.splitlines()[0] == "using 'a\\'s.bicep'"
    assert "param password = az.getSecret('s', 'g', 'v', 'n')" in bicep.text
    assert "// tags\nparam tags = {" in bicep.text
    assert bicep.to_json().values == ParameterFile.parse(FILE).values


# ---------------------------------------------------------------------------------------------- files on disk


def test_the_mode_and_a_link_survive(tmp_path):
    real = tmp_path / "real.parameters.json"
    real.write_text(FILE)
    real.chmod(0o640)
    link = tmp_path / "link.parameters.json"
    link.symlink_to(real)
    file = ParameterFile.load(link)
    file["count"] = 9
    file.save()
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert ParameterFile.load(real)["count"] == 9
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.parameters.json", "real.parameters.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "main.parameters.json"
    path.write_text(FILE)
    file = ParameterFile.load(path)
    file["count"] = 9

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(InputError, match=r"the disk is full.*as it was before"):
        file.save()
    assert path.read_text() == FILE
    assert [item.name for item in tmp_path.iterdir()] == ["main.parameters.json"]


def test_what_cannot_be_read_says_why(tmp_path):
    (tmp_path / "inference.parameters.json").write_text(FILE)
    with pytest.raises(InputError, match=r"does not exist\. Did you mean .*inference\.parameters\.json"):
        ParameterFile.load(tmp_path / "inferrence.parameters.json")
    with pytest.raises(InputError, match="is a folder"):
        ParameterFile.load(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        ParameterFile.load(tmp_path / "inference.parameters.json" / "x")
    with pytest.raises(InputError, match="cannot be read"):
        ParameterFile.load("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission_says_so(tmp_path):
    path = tmp_path / "main.parameters.json"
    path.write_text(FILE)
    path.chmod(0)
    with pytest.raises(InputError, match="no permission"):
        ParameterFile.load(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "main.parameters.json"
    with open(path, "wb") as file:
        file.truncate(100 * 1024 * 1024)
    with pytest.raises(ParameterError) as caught:
        ParameterFile.load(path)
    assert [item.code for item in caught.value.diagnostics] == ["INF115"]


def test_mistakes_of_syntax_come_with_line_and_column(tmp_path):
    path = tmp_path / "main.parameters.json"
    path.write_text('{\n  "parameters": {\n    "a": {"value": 1,},\n  }\n}\n')
    with pytest.raises(ParameterError) as caught:
        ParameterFile.load(path)
    assert [(item.code, item.line, item.column) for item in caught.value.diagnostics] == [("INF105", 3, 21), ("INF105", 3, 23)]
    assert ParameterFile.load(path, tolerant=True).values == {"a": 1}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: 2}, b"x", [set()]])
def test_what_a_file_cannot_hold_is_refused_and_changes_nothing(value):
    file = ParameterFile.parse(FILE)
    with pytest.raises(InputError):
        file["count"] = value
    assert file.text == FILE


def test_a_bicep_file_is_not_saved_as_json(tmp_path):
    with pytest.raises(InputError, match="Convert"):
        ParameterFile.parse(FILE).save(tmp_path / "main.bicepparam")


def test_the_values_of_a_large_file_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from infra_lib.parameters import json_document

    read = []
    original = json_document.from_arm_entry
    monkeypatch.setattr(json_document, "from_arm_entry", lambda entry: read.append(1) or original(entry))
    file = ParameterFile.parse(json.dumps({"parameters": {f"p{index}": {"value": index} for index in range(300)}}))
    assert [file[f"p{index}"] for index in range(300)] == list(range(300))
    assert len(read) == 300
