"""What Google's APIs take and answer, as gcloud ships it: their methods and the fields of their messages.

Read as text from the Cloud SDK (googlecloudsdk/generated_clients), because its modules need gcloud's own interpreter.
"""

import ast
import re
import shutil
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_SCALARS = {"StringField": str, "BytesField": str, "BooleanField": bool}  # JSON has numbers as numbers or strings


@dataclass(frozen=True, slots=True)
class Field:
    """`type_name` is a message's or an enum's; '' for a scalar, whose Python type `scalar` is, None for numbers."""

    type_name: str = ""
    scalar: type | None = None
    is_repeated: bool = False


@dataclass(slots=True)
class MessageType:
    fields: dict[str, Field] = field(default_factory=dict)
    takes_any_key: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """`request` is '' where the method has no body, and `request_is_whole` where the path's parameters belong to the message."""

    pattern: re.Pattern[str]
    http: str
    request: str
    response: str


@dataclass(slots=True)
class Api:
    methods: list[Method]
    messages: dict[str, MessageType]
    enums: dict[str, frozenset[str]]

    def method(self, http: str, path: str) -> Method | None:
        return next((method for method in self.methods if method.http == http and method.pattern.search(path)), None)

    def misfits(self, type_name: str, value: Any, where: str = "") -> list[str]:
        """Return what in the JSON of a message its API does not have: fields, values of enums, values of another type."""
        if type_name in self.enums:
            known = value in self.enums[type_name] or isinstance(value, int)
            return [] if known else [f"{where}: {value!r} is none of {type_name}"]
        message = self.messages.get(type_name)
        if message is None or message.takes_any_key:
            return []
        if not isinstance(value, dict):
            return [f"{where}: {type_name} is an object"]
        found = []
        for name, item in value.items():
            known_field = message.fields.get(name)
            if known_field is None:
                found.append(f"Unknown name \"{name}\" at '{where.lstrip('.')}': Cannot find field.")
                continue
            items = item if known_field.is_repeated and isinstance(item, list) else [item]
            for entry in items:
                found += self._field_misfits(known_field, entry, f"{where}.{name}")
        return found

    def _field_misfits(self, known: Field, value: Any, where: str) -> list[str]:
        if known.type_name:
            return self.misfits(known.type_name, value, where)
        if known.scalar is not None and value is not None and not isinstance(value, known.scalar):
            return [f"{where}: {value!r} is no {known.scalar.__name__}"]
        return []


def folder() -> Path | None:
    """Return where the Cloud SDK keeps its APIs, if it is installed."""
    gcloud = shutil.which("gcloud")
    path = (
        Path(gcloud).resolve().parents[1] / "lib" / "googlecloudsdk" / "generated_clients" / "apis" if gcloud else None
    )
    return path if path is not None and path.is_dir() else None


@cache
def apis(name: str) -> dict[str, Api]:
    """Return the versions of an API: v1, v2, ...; none for what gcloud does not ship."""
    root = folder()
    if root is None or not (root / name).is_dir():
        return {}
    return {
        version.name: _read(version, f"{name}_{version.name}")
        for version in sorted((root / name).iterdir())
        if (version / f"{name}_{version.name}_client.py").is_file()
    }


def find(name: str, http: str, path: str) -> tuple[Api, Method] | None:
    """Return the method that a request calls, with its API. A version that the path names goes first."""
    versions = apis(name)
    for version in sorted(versions, key=lambda version: f"/{version}/" not in path):
        if method := versions[version].method(http, path):
            return versions[version], method
    return None


def _read(version: Path, stem: str) -> Api:
    client = (version / f"{stem}_client.py").read_text(encoding="utf-8")
    tree = ast.parse((version / f"{stem}_messages.py").read_text(encoding="utf-8"))
    api = Api([], {}, {})
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            _read_class(api, node, "")
    for python, json in re.findall(r"AddCustomJsonFieldMapping\(\s*\w+, '(\w+)', '([^']+)'", ast.unparse(tree)):
        for message in api.messages.values():
            if python in message.fields:
                message.fields[json] = message.fields[python]
    for config in re.findall(r"ApiMethodInfo\((.*?)\n    \)", client, re.DOTALL):
        said = dict(re.findall(r"(\w+)=(?:u?r?)'([^']*)'", config))
        flat = said.get("flat_path") or said["relative_path"]
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(flat)) + "$"
        body = said.get("request_field", "")
        request = said["request_type_name"]
        if body and body != "<request>":
            request = api.messages[request].fields[body].type_name
        api.methods.append(
            Method(re.compile(f"/{pattern}"), said["http_method"], request if body else "", said["response_type_name"])
        )
    api.methods.sort(
        key=lambda method: -len(method.pattern.pattern)
    )  # one with a verb, as in NAME:getIamPolicy, before the one of NAME
    return api


def _read_class(api: Api, node: ast.ClassDef, outer: str) -> None:
    name = f"{outer}{node.name}"
    bases = " ".join(ast.unparse(base) for base in node.bases)
    if "Enum" in bases:
        values = {
            target.id
            for item in node.body
            if isinstance(item, ast.Assign)
            for target in item.targets
            if isinstance(target, ast.Name)
        }
        api.enums[name] = frozenset(values)
        return
    message = api.messages.setdefault(name, MessageType())
    message.takes_any_key = any("MapUnrecognizedFields" in ast.unparse(decorator) for decorator in node.decorator_list)
    inner = {item.name for item in node.body if isinstance(item, ast.ClassDef)}
    for item in node.body:
        if isinstance(item, ast.ClassDef):
            _read_class(api, item, f"{name}.")
        elif (
            isinstance(item, ast.Assign) and isinstance(item.value, ast.Call) and isinstance(item.targets[0], ast.Name)
        ):
            message.fields[item.targets[0].id] = _read_field(item.value, name, inner)


def _read_field(call: ast.Call, owner: str, inner: set[str]) -> Field:
    kind = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    repeated = any(keyword.arg == "repeated" for keyword in call.keywords)
    if kind in ("MessageField", "EnumField") and isinstance(call.args[0], ast.Constant):
        type_name = str(call.args[0].value)
        if type_name.startswith("extra_types."):
            return Field(is_repeated=repeated)
        return Field(f"{owner}.{type_name}" if type_name in inner else type_name, None, repeated)
    return Field("", _SCALARS.get(kind), repeated)
