"""Where a module, an import or a parameter file leads: local paths, registries (``br:``), template specs (``ts:``).

Modules of registries and template specs are read from the module cache of the official CLI. Nothing is downloaded: what
is not in the cache is a problem that says how to restore it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import unquote_plus

from infra_lib.bicep.sources.configuration import Configuration
from infra_lib.bicep.sources.paths import Problem, extension_of, locate

SCHEMES = ("br", "ts")
_ALIAS_NAME = re.compile(r"[a-zA-Z0-9_-]+\Z")
_SEGMENT = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}\Z")
_HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^\s/?#\[\]@:\\]+)(?::[0-9]{0,5})?\Z")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")
_TEMPLATE_SPEC = re.compile(r"([^/]*)/([^/]*)/([^/:]*):([^/]*)\Z")
_SPEC_NAME = re.compile(r"[-\w.()]{0,89}[-\w()]\Z")
_GROUP_NAME = re.compile(r"[-\w.()]*[-\w()]\Z")
_MAX_NAME = 90
_MAX_TAG = 128
_MAX_REPOSITORY = _MAX_REGISTRY = 255

FileKind = Literal["bicep", "bicepparam", "json"]
_KINDS: dict[str, FileKind] = {".bicepparam": "bicepparam", ".json": "json", ".jsonc": "json", ".arm": "json"}


def file_kind(path: str) -> FileKind:
    """What a file is read as, by its extension; anything that is no parameter file and no template is Bicep."""
    return _KINDS.get(extension_of(path), "bicep")


class Artifact(NamedTuple):
    """What a reference leads to: ``file`` is an absolute path, ``reference`` the reference in full, aliases resolved.

    ``kind`` says how the file is read: ``templateSpec`` is the description of a template spec with the template inside.
    """

    file: str
    reference: str
    kind: Literal["bicep", "bicepparam", "json", "templateSpec"]


class RegistryReference(NamedTuple):
    """``REGISTRY/REPOSITORY:TAG`` or ``REGISTRY/REPOSITORY@DIGEST``; one of ``tag`` and ``digest`` is empty."""

    registry: str
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        version = f":{self.tag}" if self.tag else f"@{self.digest}"
        return f"br:{self.registry}/{self.repository}{version}"

    def folder(self) -> str:
        """The module's folder in the cache, relative to its root."""
        registry = self.registry.replace(":", "$").lower()
        version = encode_tag(self.tag) if self.tag else self.digest.replace(":", "#")
        return f"br/{registry}/{self.repository.replace('/', '$')}/{version}"


class TemplateSpecReference(NamedTuple):
    """``SUBSCRIPTION/RESOURCE_GROUP/NAME:VERSION``"""

    subscription: str
    resource_group: str
    name: str
    version: str

    def __str__(self) -> str:
        return f"ts:{self.subscription}/{self.resource_group}/{self.name}:{self.version}"

    def folder(self) -> str:
        """The template spec's folder in the cache, relative to its root."""
        return f"ts/{self.subscription}/{self.resource_group}/{self.name}/{self.version}".lower()


def encode_tag(tag: str) -> str:
    """A tag as the cache names its folder: a mask of its upper-case letters follows ``$``, for file systems that ignore case."""
    mask = sum(1 << index for index, character in enumerate(tag) if "A" <= character <= "Z")
    return f"{tag}${mask:x}" if mask else f"{tag}$"


def cache_root(configuration: Configuration, environment: Mapping[str, str] | None = None) -> str:
    """The folder of the module cache: ``cacheRootDirectory`` of the configuration, else BICEP_CACHE_DIRECTORY, else ``~/.bicep``.

    The variable names the folder with ``br`` and ``ts`` in it, or that ``br`` folder itself.
    """
    environment = os.environ if environment is None else environment
    if configuration.cache_root and configuration.cache_root.strip():
        root = configuration.cache_root
        return os.path.expanduser(root) if root == "~" or root[:2] in ("~/", "~\\") else root
    folder = environment.get("BICEP_CACHE_DIRECTORY", "").strip()
    if folder:
        folder = folder.rstrip("/\\") or folder
        return os.path.dirname(folder) if os.path.basename(folder) == "br" else folder
    return os.path.join(os.path.expanduser("~"), ".bicep")


def resolve(
    reference: str, directory: str, configuration: Configuration, environment: Mapping[str, str] | None = None
) -> Artifact | Problem:
    """What the reference of a source in ``directory`` leads to, or what is wrong with it.

    A local file may be missing (reading it tells); a module of a registry or a template spec is there.
    """
    scheme, colon, rest = reference.partition(":")
    if not colon:
        target = locate(directory, reference)
        return target if isinstance(target, Problem) else Artifact(target, reference, file_kind(target))
    scheme, slash, alias = scheme.partition("/")
    parsed: RegistryReference | TemplateSpecReference | Problem
    if scheme == "br":
        parsed = parse_registry_reference(rest, alias if slash else None, configuration)
    elif scheme == "ts":
        parsed = parse_template_spec_reference(rest, alias if slash else None, configuration)
    else:
        return Problem("BCP189", scheme=scheme, reference=reference)
    if isinstance(parsed, Problem):
        return parsed
    root = cache_root(configuration, environment)
    file = os.path.join(root, parsed.folder(), "main.json").replace(os.sep, "/")
    if not os.path.isfile(file):
        return Problem("BCP192", reference=str(parsed), root=root, folder=parsed.folder())
    return Artifact(file, str(parsed), "json" if scheme == "br" else "templateSpec")


def _alias(
    scheme: Literal["br", "ts"], name: str, configuration: Configuration, required: tuple[tuple[str, str], ...], missing: str
) -> Mapping[str, str] | Problem:
    """An alias of the configuration; ``required`` pairs its members with the code for each that is absent."""
    where = configuration.path or "the built-in configuration"
    if not _ALIAS_NAME.match(name):
        return Problem("BCP211", alias=name)
    found = configuration.alias(scheme, name)
    if found is None:
        return Problem(missing, alias=name, configuration=where)
    for member, code in required:
        if found.get(member) is None:
            return Problem(code, alias=name, configuration=where)
    return found


def parse_registry_reference(text: str, alias: str | None, configuration: Configuration) -> RegistryReference | Problem:
    """Read what follows ``br:`` (``alias`` None) or ``br/ALIAS:``."""
    if alias is not None:
        found = _alias("br", alias, configuration, (("registry", "BCP216"),), "BCP213")
        if isinstance(found, Problem):
            return found
        path = found.get("modulePath")
        text = "/".join([found["registry"], *([path] if path is not None else []), text])
    bad = f"br:{text}"
    registry, slash, path = re.split(r"[?#]", text, maxsplit=1)[0].partition("/")
    *segments, last = path.split("/")
    if not slash or not path or not _HOST.match(registry):
        return Problem("BCP193", reference=bad)
    if len(registry) > _MAX_REGISTRY:
        return Problem("BCP200", reference=bad, registry=registry, maximum=_MAX_REGISTRY)
    for segment in segments:
        if not _SEGMENT.match(segment):
            return Problem("BCP195", reference=bad, segment=unquote_plus(segment))
    delimiter = re.search("[:@]", last)
    name = unquote_plus(last[: delimiter.start()] if delimiter else last)
    if not _SEGMENT.match(name):
        return Problem("BCP195", reference=bad, segment=name)
    repository = "/".join([*segments, name])
    if len(repository) > _MAX_REPOSITORY:
        return Problem("BCP199", reference=bad, repository=repository, maximum=_MAX_REPOSITORY)
    version = unquote_plus(last[delimiter.end() :]) if delimiter else ""
    if delimiter is None or not version:
        return Problem("BCP196", reference=bad)
    registry = registry.lower().removesuffix(":")
    if delimiter.group() == "@":
        return (
            RegistryReference(registry, repository, "", version)
            if _DIGEST.match(version)
            else Problem("BCP224", reference=bad, digest=version)
        )
    if len(version) > _MAX_TAG:
        return Problem("BCP197", reference=bad, tag=version, maximum=_MAX_TAG)
    if not _TAG.match(version):
        return Problem("BCP198", reference=bad, tag=version)
    return RegistryReference(registry, repository, version, "")


def parse_template_spec_reference(text: str, alias: str | None, configuration: Configuration) -> TemplateSpecReference | Problem:
    """Read what follows ``ts:`` (``alias`` None) or ``ts/ALIAS:``."""
    if alias is not None:
        found = _alias("ts", alias, configuration, (("subscription", "BCP214"), ("resourceGroup", "BCP215")), "BCP212")
        if isinstance(found, Problem):
            return found
        text = f"{found['subscription']}/{found['resourceGroup']}/{text}"
    bad = f"ts:{text}"
    match = _TEMPLATE_SPEC.match(text)
    if match is None:
        return Problem("BCP194", reference=bad)
    parsed = TemplateSpecReference(*match.groups())
    if not _GUID.match(parsed.subscription):
        return Problem("BCP217", reference=bad, subscription=parsed.subscription)
    group = parsed.resource_group
    if len(group) > _MAX_NAME:
        return Problem("BCP218", reference=bad, group=group, maximum=_MAX_NAME)
    if not _GROUP_NAME.match(group):
        return Problem("BCP219", reference=bad, group=group)
    if len(parsed.name) > _MAX_NAME:
        return Problem("BCP220", reference=bad, name=parsed.name, maximum=_MAX_NAME)
    if not _SPEC_NAME.match(parsed.name):
        return Problem("BCP221", reference=bad, name=parsed.name)
    if len(parsed.version) > _MAX_NAME:
        return Problem("BCP222", reference=bad, version=parsed.version, maximum=_MAX_NAME)
    if not _SPEC_NAME.match(parsed.version):
        return Problem("BCP223", reference=bad, version=parsed.version)
    return parsed
