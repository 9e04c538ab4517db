"""Types: what stands after the name of a ``param``, ``output``, ``var`` or argument, and after ``type name =``."""

from __future__ import annotations

from infra_lib.bicep.parsing.expression_parser import OPERAND_END
from infra_lib.bicep.parsing.loop_parser import LoopParser
from infra_lib.bicep.parsing.token_reader import MAX_DEPTH, NestingError, missing
from infra_lib.bicep.syntax import (
    AdditionalPropertiesAccess,
    ArrayAccess,
    ArrayType,
    Decorator,
    Expression,
    FunctionCall,
    Identifier,
    InstanceCall,
    ItemsAccess,
    Node,
    NonNull,
    NullableType,
    ObjectType,
    ObjectTypeAdditionalProperties,
    ObjectTypeProperty,
    ParameterizedType,
    Parenthesized,
    PropertyAccess,
    QualifiedParameterizedType,
    ResourceType,
    Skipped,
    TupleType,
    TupleTypeItem,
    TypedLambda,
    TypedParameter,
    UnionType,
    VariableAccess,
)


class TypeParser(LoopParser):
    """The rules for types, for the decorators that go with them, and for the typed lambda of a ``func``."""

    def declared_type(self, optional_resource: bool = False) -> Expression:
        """A type where a declaration wants one; ``optional_resource`` allows a bare ``resource``."""
        if not (self.at_keyword("resource") and self.kinds[self.pos + 1] != "<"):
            return self.type_expression()
        start, end = self.starts[self.pos], self.ends[self.pos]
        self.pos += 1
        if optional_resource and self.kinds[self.pos] not in ("string", "left"):
            return ResourceType(start, end, None)
        name = self.recover(lambda: self.required_string("BCP068"), False, "=", "newline")
        return ResourceType(start, name.end, name)

    def required_string(self, code: str) -> Expression:
        """A string; ``code`` where there is none or a broken one."""
        start = self.pos
        return self.expression_or_skipped(self.string(), code, start)

    def type_expression(self) -> Expression:
        """Any type, unions included."""
        if self.depth >= MAX_DEPTH:
            raise NestingError(self.starts[self.pos])
        self.depth += 1
        try:
            start = self.starts[self.pos]
            leading = self.at_pipe()
            if leading:
                start = self.read_pipe()
            candidate = self.nullable_type()
            if not leading and not self.at_pipe():
                return candidate
            members = [candidate]
            while self.at_pipe():
                self.read_pipe()
                if self.kinds[self.pos] == "newline":
                    members.append(self.empty("BCP300"))
                else:
                    members.append(self.recover(self.nullable_type, False))
            return UnionType(start, members[-1].end, members)
        finally:
            self.depth -= 1

    def at_pipe(self) -> bool:
        """True at ``|``, also when it opens the next line."""
        kind = self.kinds[self.pos]
        return kind == "|" or (kind == "newline" and self.kinds[self.pos + 1] == "|")

    def read_pipe(self) -> int:
        """Read the ``|``; return its offset."""
        self.skip_newlines()
        self.pos += 1
        return self.starts[self.pos - 1]

    def nullable_type(self) -> Expression:
        """A type and the ``?`` and ``!`` behind it."""
        node = self.signed_type()
        chain = 0
        while True:
            kind = self.kinds[self.pos]
            if kind == "?":
                node = NullableType(node.start, self.ends[self.pos], node)
            elif kind == "!":
                node = NonNull(node.start, self.ends[self.pos], node)
            else:
                self.longest_chain = max(self.longest_chain, chain)
                return node
            self.pos += 1
            chain += 1

    def signed_type(self) -> Expression:
        """A member type with at most one sign before it."""
        pos = self.pos
        operator = self.kinds[pos]
        if operator != "-" and operator != "!":
            return self.member_type()
        self.pos = pos + 1
        operand: Expression = self.recover(self.member_type, False, *OPERAND_END)
        return self.signed(pos, operand)

    def member_type(self) -> Expression:
        """A primary type and the accesses behind it: ``[]``, ``[*]``, ``[0]``, ``.name``, ``.*``."""
        node = self.primary_type()
        chain = 0
        while True:
            kind = self.kinds[self.pos]
            if kind == "[":
                node = self.bracketed_type(node)
            elif kind == ".":
                node = self.dotted_type(node)
            else:
                self.longest_chain = max(self.longest_chain, chain)
                return node
            chain += 1

    def bracketed_type(self, base: Expression) -> Expression:
        """``[]``, ``[*]`` or ``[index]`` behind ``base``."""
        self.pos += 1
        kind = self.kinds[self.pos]
        if kind == "]":
            return ArrayType(base.start, self.expect("]"), base)
        if kind == "*":
            self.pos += 1
            return ItemsAccess(base.start, self.expect("]"), base)
        index = self.expression(False)
        return ArrayAccess(base.start, self.expect("]"), base, index, False, False)

    def dotted_type(self, base: Expression) -> Expression:
        """``.name``, ``.*`` or ``.name<...>`` behind ``base``."""
        self.pos += 1
        if self.kinds[self.pos] == "*":
            self.pos += 1
            return AdditionalPropertiesAccess(base.start, self.ends[self.pos - 1], base)
        name = self.identifier_or_empty("BCP020")
        if self.kinds[self.pos] != "<":
            return PropertyAccess(base.start, name.end, base, name, False)
        arguments, end = self.type_arguments()
        return QualifiedParameterizedType(base.start, end, base, name, arguments)

    def type_arguments(self) -> tuple[list[Expression], int]:
        """``< ... >``: the arguments and the offset behind the bracket."""
        self.pos += 1
        arguments = self.arguments(">", lambda: self.recover(self.type_expression, False, "newline", ",", ">"))
        if self.kinds[self.pos] == ">":
            self.pos += 1
            return arguments, self.ends[self.pos - 1]
        return arguments, self.empty("BCP018", character=">").end

    def primary_type(self) -> Expression:
        """A name, a literal, an object type, a tuple or parentheses."""
        pos = self.pos
        kind = self.kinds[pos]
        if kind == "identifier":
            self.pos = pos + 1
            name = Identifier(self.starts[pos], self.ends[pos], self.values[pos] or "")
            if self.kinds[self.pos] == "<":
                arguments, end = self.type_arguments()
                return ParameterizedType(name.start, end, name, arguments)
            return VariableAccess(name.start, name.end, name)
        if kind == "string" or kind == "left":
            return self.string()
        if kind == "{":
            return self.object_type()
        if kind == "[":
            return self.tuple_type()
        if kind == "(":
            found = self.parenthesized_list(self.type_expression, newlines=False)
            return Parenthesized(found.start, found.end, self.parenthesized_content(found))
        if kind in ("integer", "true", "false", "null"):
            return self.literal()
        raise self.unexpected("BCP279")

    def object_type(self) -> ObjectType:
        """``{ ... }`` as a type."""
        start = self.starts[self.pos]
        self.pos += 1
        items = self.elements("}", self.object_type_property)
        return ObjectType(start, self.expect("}"), items)

    def object_type_property(self) -> Node:
        """``key: type`` or ``*: type``, with its decorators."""
        decorators = self.decorators()
        pos = self.pos
        kind = self.kinds[pos]
        key: Node | None = None
        if kind == "identifier":
            key = Identifier(self.starts[pos], self.ends[pos], self.values[pos] or "")
            self.pos = pos + 1
        elif kind == "*":
            self.pos = pos + 1
        else:
            key = self.recover(lambda: self.quoted_key("BCP317"), False, ":", "newline", "}")
        if self.kinds[self.pos] == ":":
            self.pos += 1
            silent = False
        else:
            colon = self.recover(lambda: self.expect(":"), key is not None and missing(key), "newline", "}")
            silent = isinstance(colon, Skipped) and missing(colon)
        value: Expression = self.recover(self.type_expression, silent, "newline", "}")
        start = decorators[0].start if decorators else self.starts[pos]
        if key is None:
            return ObjectTypeAdditionalProperties(start, value.end, decorators, value)
        return ObjectTypeProperty(start, value.end, decorators, key, value)

    def tuple_type(self) -> TupleType:
        """``[ ... ]`` as a type."""
        start = self.starts[self.pos]
        self.pos += 1
        items = self.elements("]", lambda: self.recover(self.tuple_item, False, "newline", "]"))
        return TupleType(start, self.expect("]"), items)

    def tuple_item(self) -> Node:
        """One item of a tuple, with its decorators."""
        start = self.starts[self.pos]
        decorators = self.decorators()
        value = self.type_expression()
        return TupleTypeItem(start, value.end, decorators, value)

    # ------------------------------------------------------------------------------------------ func

    def typed_lambda(self) -> TypedLambda:
        """``(name type, ...) type => body``"""
        found = self.parenthesized_list(self.typed_parameter, newlines=True)
        parameters = [item for item in found.items if isinstance(item, TypedParameter)]
        return_type: Expression = self.recover(self.declared_type, False, "newline", ")")
        arrow = self.recover(lambda: self.expect("=>"), False, "newline", ")")
        if not isinstance(arrow, Skipped):
            self.skip_newlines_before_body()
        body: Expression = self.recover(self.expression, False, "newline", ")")
        return TypedLambda(found.start, body.end, parameters, return_type, body)

    def typed_parameter(self) -> TypedParameter:
        """``name type`` of a ``func``."""
        name = self.identifier_or_empty("BCP015")
        type_ = self.recover(self.declared_type, False, "newline", ",", ")")
        return TypedParameter(name.start, type_.end, name, type_)

    # ------------------------------------------------------------------------------------------ decorators

    def decorators(self) -> list[Decorator]:
        """The decorators here, each on a line of its own; the position is then at what they decorate."""
        found: list[Decorator] = []
        while self.kinds[self.pos] == "@":
            found.append(self.decorator())
            self.end_of_line()
            self.skip_newlines()
        return found

    def end_of_line(self) -> None:
        """Read the line end that must be here; BCP019 on anything before it, which is skipped."""
        if self.kinds[self.pos] != "newline":
            start, known = self.pos, len(self.findings)
            self.skip_from(start, known, self.unexpected("BCP019"), False, ("newline",))
        if self.kinds[self.pos] == "newline":
            self.pos += 1

    def decorator(self) -> Decorator:
        """``@name(...)``"""
        start = self.starts[self.pos]
        self.pos += 1
        expression: Expression = self.recover(self.decorator_expression, False, "newline")
        return Decorator(start, expression.end, expression)

    def decorator_expression(self) -> Expression:
        """A name or a call, and accesses behind it."""
        name = self.identifier("BCP123")
        node: Expression
        if self.kinds[self.pos] == "(":
            arguments, end = self.call_arguments(True)
            node = FunctionCall(name.start, end, name, arguments)
        else:
            node = VariableAccess(name.start, name.end, name)
        chain = 0
        while self.kinds[self.pos] == ".":
            self.pos += 1
            name = self.identifier_or_empty("BCP020")
            if self.kinds[self.pos] == "(":
                arguments, end = self.call_arguments(True)
                node = InstanceCall(node.start, end, node, name, arguments)
            else:
                node = PropertyAccess(node.start, name.end, node, name, False)
            chain += 1
        self.longest_chain = max(self.longest_chain, chain)
        return node
