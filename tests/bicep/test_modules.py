"""References to modules: where they lead, and the official code for every way in which one can be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra_lib.bicep.sources.configuration import BUILT_IN, Configuration, Configurations, load
from infra_lib.bicep.sources.modules import Artifact, cache_root, encode_tag, file_kind, resolve
from infra_lib.bicep.sources.paths import Problem
from infra_lib.diagnostics import describe

GUID = "00000000-0000-0000-0000-000000000001"


def configured(folder: Path, text: str) -> Configuration:
    (folder / "bicepconfig.json").write_text(text, encoding="utf-8")
    return load(str(folder / "bicepconfig.json"))


def code(reference: str, configuration: Configuration = BUILT_IN, folder: str = "/none") -> str:
    found = resolve(reference, folder, configuration, {"BICEP_CACHE_DIRECTORY": folder})
    if isinstance(found, Artifact):
        return found.file
    level, message, _ = describe(found.code, **found.names)
    assert level == "error"
    assert message
    return found.code


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("", "BCP050"),
        ("/main.bicep", "BCP051"),
        ("parts/o?k.bicep", "BCP085"),
        ("parts/a|b.bicep", "BCP085"),
        ("parts\\ok.bicep", "BCP098"),
        ("a\x07.bicep", "BCP111"),
        ("parts/ok.bicep.", "BCP086"),
        ("parts/ok.bicep ", "BCP086"),
        ("foo:bar", "BCP189"),
        ("C:/parts/ok.bicep", "BCP189"),
        (":x", "BCP189"),
        ("BR:mcr.microsoft.com/a:1", "BCP189"),
        ("br:", "BCP193"),
        ("br:registry.example", "BCP193"),
        ("br:registry.example/", "BCP193"),
        ("br:a b/c:1", "BCP193"),
        ("br:registry.example/Upper/x:1", "BCP195"),
        ("br:registry.example/a//x:1", "BCP195"),
        ("br:registry.example/a/-x:1", "BCP195"),
        ("br:registry.example/a/x", "BCP196"),
        ("br:registry.example/a/x:", "BCP196"),
        ("br:registry.example/a/x@", "BCP196"),
        ("br:registry.example/a/x:" + "t" * 129, "BCP197"),
        ("br:registry.example/a/x:-t", "BCP198"),
        ("br:registry.example/a/x:v 1", "BCP198"),
        ("br:registry.example/" + "a" * 256 + ":1", "BCP199"),
        ("br:" + "r" * 256 + "/a:1", "BCP200"),
        ("br:registry.example/a/x@sha256:abc", "BCP224"),
        ("br/:x:1", "BCP211"),
        ("br/no body:x:1", "BCP211"),
        ("br/nobody:x:1", "BCP213"),
        ("ts/nobody:x:1", "BCP212"),
        ("br/public:avm/res/x:1.0.0", "BCP192"),
        ("ts:sub/group/name", "BCP194"),
        ("ts:sub/group/name:1", "BCP217"),
        (f"ts:{GUID}/{'g' * 91}/name:1", "BCP218"),
        (f"ts:{GUID}/group./name:1", "BCP219"),
        (f"ts:{GUID}/gr?oup/name:1", "BCP219"),
        (f"ts:{GUID}/group/{'n' * 91}:1", "BCP220"),
        (f"ts:{GUID}/group/na*me:1", "BCP221"),
        (f"ts:{GUID}/group/name:{'1' * 91}", "BCP222"),
        (f"ts:{GUID}/group/name:1.", "BCP223"),
        (f"ts:{GUID}/group/name:1", "BCP192"),
    ],
)
def test_mistakes_of_references(reference: str, expected: str) -> None:
    assert code(reference) == expected


def test_local_paths_lead_from_the_folder_of_the_source(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    folder = tmp_path.as_posix()
    assert code("parts/../x.bicep", folder=folder) == f"{folder}/x.bicep"
    assert code("./x.bicep", folder=f"{folder}/parts") == f"{folder}/parts/x.bicep"
    assert code("../x.bicep", folder=f"{folder}/parts") == f"{folder}/x.bicep"
    assert code("parts", folder=folder) == "BCP275"
    assert code("parts/", folder=folder) == "BCP275"
    assert code("nothing/", folder=folder) == "BCP091"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/a/x.bicep", "bicep"),
        ("/a/x.BICEP", "bicep"),
        ("/a/notes.txt", "bicep"),
        ("/a.json/x", "bicep"),
        ("/a/x.json", "json"),
        ("/a/x.jsonc", "json"),
        ("/a/x.ARM", "json"),
        ("/a/x.bicepparam", "bicepparam"),
    ],
)
def test_the_extension_says_how_a_file_is_read(path: str, kind: str) -> None:
    assert file_kind(path) == kind


def test_modules_of_a_registry_are_read_from_the_cache(tmp_path: Path) -> None:
    folder = tmp_path.as_posix()
    module = tmp_path / "br" / "mcr.microsoft.com" / "bicep$avm$res$x" / "1.0.0$" / "main.json"
    module.parent.mkdir(parents=True)
    module.write_text("{}")
    for reference in (
        "br/public:avm/res/x:1.0.0",
        "br:mcr.microsoft.com/bicep/avm/res/x:1.0.0",
        "br:MCR.microsoft.com/bicep/avm/res/x:1.0.0",
    ):
        found = resolve(reference, "/none", BUILT_IN, {"BICEP_CACHE_DIRECTORY": folder})
        assert found == Artifact(module.as_posix(), "br:mcr.microsoft.com/bicep/avm/res/x:1.0.0", "json")


def test_the_cache_keeps_tags_digests_ports_and_template_specs_apart(tmp_path: Path) -> None:
    folder = tmp_path.as_posix()
    digest = "a" * 64
    for reference, relative in (
        ("br:localhost:5000/m:v1", "br/localhost$5000/m/v1$"),
        ("br:localhost:5000/m:V1-RC", "br/localhost$5000/m/V1-RC$19"),
        (f"br:localhost/a/m@sha256:{digest}", f"br/localhost/a$m/sha256#{digest}"),
        (f"ts:{GUID}/Group/Name:V1", f"ts/{GUID}/group/name/v1"),
    ):
        module = tmp_path / relative / "main.json"
        module.parent.mkdir(parents=True)
        module.write_text("{}")
        assert code(reference, folder=folder) == module.as_posix()


def test_a_mask_of_the_upper_case_letters_follows_a_tag() -> None:
    assert encode_tag("1.0.0") == "1.0.0$"
    assert encode_tag("V1") == "V1$1"
    assert encode_tag("vA") == "vA$2"
    assert encode_tag("a" * 64 + "A") == "a" * 64 + "A$10000000000000000"


def test_a_missing_module_says_where_it_is_looked_for(tmp_path: Path) -> None:
    found = resolve("br/public:avm/res/x:1.0.0", "/none", BUILT_IN, {"BICEP_CACHE_DIRECTORY": str(tmp_path)})
    assert isinstance(found, Problem)
    _, message, fix = describe(found.code, **found.names)
    assert "br:mcr.microsoft.com/bicep/avm/res/x:1.0.0" in message
    assert fix is not None
    assert "bicep restore" in fix
    assert f"{tmp_path}/br/mcr.microsoft.com/bicep$avm$res$x/1.0.0$" in fix


def test_where_the_cache_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_root(BUILT_IN, {}) == str(tmp_path / ".bicep")
    assert cache_root(BUILT_IN, {"BICEP_CACHE_DIRECTORY": "/cache/"}) == "/cache"
    assert cache_root(BUILT_IN, {"BICEP_CACHE_DIRECTORY": "/cache/br"}) == "/cache"
    own = configured(tmp_path, '{"cacheRootDirectory": "~/own"}')
    assert cache_root(own, {"BICEP_CACHE_DIRECTORY": "/cache"}) == str(tmp_path / "own")


def test_aliases_of_the_configuration(tmp_path: Path) -> None:
    own = configured(
        tmp_path,
        """{
          // comments are fine
          "moduleAliases": {
            "br": { "somebody": { "registry": "example.azurecr.io" },
                    "deep": { "registry": "example.azurecr.io", "modulePath": "a/b" },
                    "empty": {} },
            "ts": { "mine": { "subscription": "GUID", "resourceGroup": "g" }, "half": { "subscription": "s" }, "none": {} }
          } /* as here */
        }""".replace("GUID", GUID),
    )
    assert own.problems == ()

    def reference(text: str) -> str:
        found = resolve(text, "/none", own, {"BICEP_CACHE_DIRECTORY": "/none"})
        assert isinstance(found, Problem)
        return str(found.names["reference"]) if found.code == "BCP192" else found.code

    assert reference("br/somebody:m:1") == "br:example.azurecr.io/m:1"
    assert reference("br/deep:m:1") == "br:example.azurecr.io/a/b/m:1"
    assert reference("br/public:m:1") == "br:mcr.microsoft.com/bicep/m:1"
    assert reference("ts/mine:m:1") == f"ts:{GUID}/g/m:1"
    assert reference("br/empty:m:1") == "BCP216"
    assert reference("ts/none:m:1") == "BCP214"
    assert reference("ts/half:m:1") == "BCP215"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "BCP271"),
        ('{"a": 1,}', "BCP271"),
        ("{} // fine\n x", "BCP271"),
        ('{"a": NaN}', "BCP271"),
        ("[" * 100_000, "BCP271"),
        ("[]", "BCP273"),
        ('{"moduleAliases": []}', "BCP273"),
        ('{"moduleAliases": {"br": {"x": {"registry": 1}}}}', "BCP273"),
        ('{"experimentalFeaturesEnabled": {"assertions": "yes"}}', "BCP273"),
        ('{"analyzers": {"core": {"rules": []}}}', "BCP273"),
        ('{"extends": "/base.json"}', "BCP453"),
        ('{"extends": "bicepconfig.json"}', "BCP454"),
        ('{"extends": "missing.json"}', "BCP272"),
    ],
)
def test_a_configuration_that_is_wrong_is_a_problem_and_the_built_in_one_holds(tmp_path: Path, text: str, expected: str) -> None:
    own = configured(tmp_path, text)
    assert [problem.code for problem in own.problems] == [expected]
    assert describe(own.problems[0].code, **own.problems[0].names)[0] == "error"
    assert own.alias("br", "public") is not None


def test_the_nearest_configuration_holds(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    configured(tmp_path, '{"experimentalFeaturesEnabled": {"assertions": true, "localDeploy": false}}')
    configured(inner, '{"analyzers": {"core": {"rules": {"no-unused-vars": {"level": "Error"}, "no-unused-params": {}}}}}')
    configurations = Configurations()
    outer = configurations.of((tmp_path / "a" / "main.bicep").as_posix())
    assert outer.is_enabled("Assertions")
    assert not outer.is_enabled("localDeploy")
    nearest = configurations.of((inner / "main.bicep").as_posix())
    assert not nearest.is_enabled("assertions")
    assert nearest.rule_level("no-unused-vars") == "error"
    assert nearest.rule_level("no-unused-params") is None
    assert configurations.of((inner / "other.bicep").as_posix()) is nearest


def test_a_configuration_extends_another(tmp_path: Path) -> None:
    (tmp_path / "base.json").write_text(
        '{"experimentalFeaturesEnabled": {"assertions": true}, "analyzers": {"core": {"enabled": false}}}'
    )
    own = configured(tmp_path, '{"extends": "./base.json", "moduleAliases": {"br": {"x": {"registry": "r.example"}}}}')
    assert own.is_enabled("assertions")
    assert own.rule_level("no-unused-vars") == "off"
    assert own.alias("br", "x") == {"registry": "r.example"}
    assert own.alias("br", "public") is not None
