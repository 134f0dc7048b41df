"""The OpenAPI document read as what it says: routes, query parameters and bodies, each with its check.

Only the keywords that the contract uses are known; another one stops the start, so that
nothing is left unchecked in silence.  What is found wrong is answered with 97 (a required
member is absent), 98 (wrong type) or 96 (everything else).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from mock_platform.refusal import Refusal

FOLDER = Path(__file__).resolve().parent.parent / "schemas" / "contracts"
Schema = dict[str, Any]
Check = Callable[[Any, str], None]

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_KNOWN = {
    "$ref",
    "type",
    "required",
    "properties",
    "additionalProperties",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "items",
    "minItems",
    "maxItems",
    "oneOf",
    "allOf",
    "description",
    "default",
}


@dataclass(frozen=True)
class Operation:
    """One call of the contract."""

    name: str
    method: str
    pattern: re.Pattern[str]
    path_checks: dict[str, Check]
    query: dict[str, tuple[Schema, Check]]
    required: tuple[str, ...]
    body: Check | None

    def arguments(self, raw_path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
        """Path and query parameters, typed. Raises Refusal 97, 98 or 96."""
        found = self.pattern.fullmatch(raw_path)
        given: dict[str, Any] = {
            name: unquote(text) for name, text in (found.groupdict() if found else {}).items()
        }
        for name, value in given.items():
            self.path_checks[name](value, name)
        for name, text in query:
            if name not in self.query:
                raise Refusal("96", f"没有参数 {name}")
            if name in given:
                raise Refusal("96", f"参数 {name} 重复")
            schema, check = self.query[name]
            value = _typed(schema, name, text)
            check(value, name)
            given[name] = value
        for name in self.required:
            if name not in given:
                raise Refusal("97", f"缺少参数 {name}")
        for name, (schema, _) in self.query.items():
            if "default" in schema:
                given.setdefault(name, schema["default"])
        return given


def _typed(schema: Schema, name: str, text: str) -> Any:
    if schema.get("type") != "integer":
        return text
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise Refusal("98", f"参数 {name} 应为整数")
    return int(text)


class Contract:
    """All operations of platform.openapi.yaml."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._checks: dict[str, Check] = {}
        self.operations = list(self._read())

    def find(self, method: str, raw_path: str) -> Operation:
        """The operation of a request. Raises Refusal 44."""
        for operation in self.operations:
            if operation.method == method and operation.pattern.fullmatch(raw_path):
                return operation
        raise Refusal("44", "没有这个接口")

    def _read(self) -> list[Operation]:
        found = []
        for path, item in self._document["paths"].items():
            shared = item.get("parameters", [])
            for method, call in item.items():
                if method == "parameters":
                    continue
                parameters = [self._resolve(p) for p in [*shared, *call.get("parameters", [])]]
                query = {p["name"]: self._resolve(p["schema"]) for p in parameters if p["in"] == "query"}
                body = (
                    call.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                )
                found.append(
                    Operation(
                        name=call["operationId"],
                        method=method.upper(),
                        pattern=re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)),
                        path_checks={
                            p["name"]: self._check(p["schema"]) for p in parameters if p["in"] == "path"
                        },
                        query={name: (schema, self._check(schema)) for name, schema in query.items()},
                        required=tuple(p["name"] for p in parameters if p["in"] == "query" and p["required"]),
                        body=self._check(body) if body else None,
                    )
                )
        return found

    def _resolve(self, node: Schema) -> Schema:
        while "$ref" in node:
            target: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def _check(self, schema: Schema) -> Check:
        reference = schema.get("$ref")
        if reference is None:
            return self._compile(schema)
        if reference not in self._checks:
            self._checks[reference] = self._check(self._resolve(schema))
        return self._checks[reference]

    def _compile(self, schema: Schema) -> Check:
        unknown = schema.keys() - _KNOWN
        if unknown:
            raise ValueError(f"keywords that are not checked: {sorted(unknown)}")
        checks = [
            *self._type_check(schema),
            *self._text_checks(schema),
            *self._number_checks(schema),
            *self._object_checks(schema),
            *self._array_checks(schema),
            *(self._check(part) for part in schema.get("allOf", [])),
        ]
        if "oneOf" in schema:
            checks.append(_one_of([self._check(part) for part in schema["oneOf"]]))

        def check(value: Any, where: str) -> None:
            for part in checks:
                part(value, where)

        return check

    @staticmethod
    def _type_check(schema: Schema) -> list[Check]:
        names = schema.get("type")
        if names is None:
            return []
        tests = [_TYPES[name] for name in ([names] if isinstance(names, str) else names)]

        def check(value: Any, where: str) -> None:
            if not any(test(value) for test in tests):
                raise Refusal("98", f"{where} 类型不对")

        return [check]

    @staticmethod
    def _text_checks(schema: Schema) -> list[Check]:
        low, high = schema.get("minLength", 0), schema.get("maxLength")
        pattern = re.compile(schema["pattern"]) if "pattern" in schema else None
        allowed = schema.get("enum")
        if not (low or high is not None or pattern or allowed):
            return []

        def check(value: Any, where: str) -> None:
            if not isinstance(value, str):
                return
            if len(value) < low or (high is not None and len(value) > high):
                raise Refusal("96", f"{where} 长度不对")
            if (pattern and (not pattern.search(value) or value.endswith("\n"))) or (
                allowed and value not in allowed
            ):
                raise Refusal("96", f"{where} 取值不对")

        return [check]

    @staticmethod
    def _number_checks(schema: Schema) -> list[Check]:
        low, high = schema.get("minimum"), schema.get("maximum")

        def check(value: Any, where: str) -> None:
            if not isinstance(value, int):
                return
            if (low is not None and value < low) or (high is not None and value > high):
                raise Refusal("96", f"{where} 超出范围")

        return [check] if low is not None or high is not None else []

    def _object_checks(self, schema: Schema) -> list[Check]:
        required = schema.get("required", [])
        members = {name: self._check(part) for name, part in schema.get("properties", {}).items()}
        closed = schema.get("additionalProperties") is False
        if not (required or members):
            return []

        def check(value: Any, where: str) -> None:
            if not isinstance(value, dict):
                return
            for name in required:
                if name not in value:
                    raise Refusal("97", f"缺少 {where}.{name}")
            for name, member in value.items():
                if name in members:
                    members[name](member, f"{where}.{name}")
                elif closed:
                    raise Refusal("96", f"没有 {where}.{name[:40]} 这一项")

        return [check]

    def _array_checks(self, schema: Schema) -> list[Check]:
        low, high = schema.get("minItems", 0), schema.get("maxItems")
        item = self._check(schema["items"]) if "items" in schema else None

        def check(value: Any, where: str) -> None:
            if not isinstance(value, list):
                return
            if len(value) < low or (high is not None and len(value) > high):
                raise Refusal("96", f"{where} 的项数不对")
            for number, member in enumerate(value if item else [], 1):
                if item:
                    item(member, f"{where}[{number}]")

        return [check] if item or low or high is not None else []


def _one_of(checks: list[Check]) -> Check:
    def check(value: Any, where: str) -> None:
        refusals = []
        for part in checks:
            try:
                part(value, where)
            except Refusal as refusal:
                refusals.append(refusal)
        if len(checks) - len(refusals) != 1:
            raise refusals[0] if refusals else Refusal("96", f"{where} 取值不明")

    return check


@lru_cache(maxsize=1)
def platform_contract() -> Contract:
    """The contract, read once."""
    text = (FOLDER / "platform.openapi.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Contract(yaml.load(text, Loader=loader))  # noqa: S506 - both are safe loaders
