"""The written module: its types, that it is formatted, and that strict type checking passes."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra_lib.parameters.codegen import generate_module
from infra_lib.parameters.python_names import attribute_names, pascal_case, snake_case
from tests.conftest import CASES
from tests.parameters.test_validate import TEMPLATE

ROOT = Path(__file__).parents[2]

NASTY = {
    "parameters": {
        "quote'd": {
            "type": "string",
            "defaultValue": 'it\'s "q" \\ ${x}\n',
            "metadata": {"description": 'He said "x" and """y""" \\ and ends with a backslash\\'},
        },
        "class": {"type": "string", "allowedValues": ["a", "b'", 'c"', "d'\"", "é", "x" * 60, "\x00"]},
        "list": {"type": "int", "defaultValue": 1, "metadata": {"description": '"quoted"'}},
        "toArm": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "int", "nullable": True}], "items": False},
        "Any": {"type": "object", "properties": {"field": {"type": "string"}}, "additionalProperties": {"type": "int"}},
        "any": {"type": "array"},
        "long" * 6: {"type": "string", "defaultValue": "y" * 100, "metadata": {"description": "long " * 40 + '"q"'}},
        "paragraphs": {"type": "bool", "defaultValue": True, "metadata": {"description": "One.\n\nTwo\r\nlines.\u2028"}},
    }
}


@pytest.fixture
def load(tmp_path):
    def load(text, name="generated"):
        path = tmp_path / f"{name}.py"
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("generated", None)


def test_types_and_values(load):
    text = generate_module(TEMPLATE, source="main.bicep")
    for line in (
        'stage: Literal["dev", "test", "prod"] = "dev"',
        "count: int = 2",
        "list_: list[str] | None = None",
        'some: list[Literal["a", "b"]] | None = None',
        "port: Port | None = None",
        "pair: tuple[str, int] | None = None",
        "pet: Cat | PetDog | None = None",
        'kind: Literal["cat"] = "cat"',
        "free: dict[str, int] | None = None",
        "password: Secret[str] | None = None",
        "left: Tree | None = None",
        "maybe: str | None = None",
    ):
        assert f"    {line}\n" in text
    module = load(text)
    params = module.MainParameters(
        name="abc",
        port=module.Port(number=80),
        pet=module.PetDog(good=True),
        password=module.Secret("hunter2"),
        tree=module.Tree(size=1, left=module.Tree(size=2)),
    )
    assert "hunter2" not in repr(params)
    assert params.to_arm() == {
        "count": {"value": 2},
        "name": {"value": "abc"},
        "stage": {"value": "dev"},
        "on": {"value": True},
        "port": {"value": {"number": 80}},
        "tree": {"value": {"size": 1, "left": {"size": 2}}},
        "pet": {"value": {"kind": "dog", "good": True}},
        "password": {"value": "hunter2"},
    }


def test_descriptions_are_docstrings_and_names_are_kept(load):
    template = {
        "parameters": {
            "acaAppName": {"type": "string", "minLength": 2, "maxLength": 32, "metadata": {"description": "The app"}},
            "many": {"type": "array", "minLength": 1, "defaultValue": []},
            "where": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        }
    }
    text = generate_module(template, source="app.bicep")
    assert '    """The app. 2 to 32 characters."""\n' in text
    assert '    """At least 1 item. None leaves it' in text
    module = load(text)
    assert module.AppParameters(aca_app_name="x").to_arm() == {"acaAppName": {"value": "x"}}
    with pytest.raises(TypeError):
        module.AppParameters()


def test_values_that_try_to_break_out(load):
    module = load(generate_module(NASTY, source='we"ird`\n"""\\.bicep'))
    bag = module.Any2(field_="x", additional_properties={"y": 2})
    made = module.WeIrdParameters(class_="a", to_arm_=("x", 1), any=bag, any_=[])
    values = made.to_dict()
    assert values["quote'd"] == 'it\'s "q" \\ ${x}\n'
    assert values["Any"] == {"field": "x", "y": 2}
    assert values["toArm"] == ["x", 1]


def test_it_needs_neither_the_compiler_nor_a_schema(tmp_path):
    (tmp_path / "generated.py").write_text(generate_module(TEMPLATE))
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import generated; "
        "print([name for name in sys.modules if name.startswith(('infra_lib.bicep', 'infra_lib.arm', 'jsonschema', 'azure'))])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_modules_of_all_compiled_templates_are_formatted_and_strictly_typed(tmp_path):
    templates = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.glob("types/*/main.json"))]
    texts = [generate_module(template, source="main.bicep") for template in templates if template.get("parameters")]
    texts += [generate_module(TEMPLATE), generate_module(NASTY, source='we"ird`\n.bicep')]
    for number, text in enumerate(texts):
        compile(text, f"m{number}.py", "exec")
        (tmp_path / f"m{number}.py").write_text(text, encoding="utf-8")
    if ruff := shutil.which("ruff", path=str(Path(sys.executable).parent)):
        done = subprocess.run([ruff, "format", "--isolated", "--check", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"MYPYPATH": str(ROOT), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "snake", "pascal"),
    [
        ("acaEnvironmentName", "aca_environment_name", "AcaEnvironmentName"),
        ("HTTPPort", "http_port", "HTTPPort"),
        ("vm2Size", "vm2_size", "Vm2Size"),
        ("class", "class_", "Class"),
        ("a-b c", "a_b_c", "ABC"),
        ("2nd", "n2nd", "N2nd"),
        ("", "value", "Value"),
        ("é", "value", "Value"),
        ("None", "none", "None_"),
    ],
)
def test_python_names(name, snake, pascal):
    assert snake_case(name) == snake
    assert pascal_case(name) == pascal


def test_python_names_do_not_collide():
    assert attribute_names(["aB", "a_b", "AB", "load"], taken=["load"]) == {
        "aB": "a_b",
        "a_b": "a_b_",
        "AB": "ab",
        "load": "load_",
    }
