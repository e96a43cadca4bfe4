"""Operations turned into Python once, then answered without walking their document again.

What is compiled is a query whose root fields answer at once and whose selections below them only
give out attributes; anything else goes the ordinary way through graphql-core. So does every answer
that has an error: it is made by graphql-core from what the resolvers gave, which are never called
twice, so that each answer is the one that graphql-core would have made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from operator import attrgetter
from typing import Any, Final, cast

from graphql import (
    BREAK,
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLField,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    Visitor,
    execute_sync,  # pyright: ignore[reportUnknownVariableType]  # half typed there
    get_argument_values,
    get_variable_values,
    is_leaf_type,
    is_list_type,  # pyright: ignore[reportUnknownVariableType]  # half typed there
    is_non_null_type,  # pyright: ignore[reportUnknownVariableType]  # half typed there
    is_object_type,
    visit,
)
from graphql.execution.collect_fields import (
    FieldDetailsList,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import Path
from strawberry.types.field import StrawberryField

Complete = Callable[[Any], Any]
"""From what a resolver gave to what is sent. Raises where that is not what was promised."""
Nullness = Callable[[Complete], Complete]
"""Adds to what tells a value how None is told."""

_COERCION_ERRORS: Final = 50
"""As graphql-core's own executor has it."""
_LARGEST_INT: Final = 2**31 - 1
_SMALLEST_INT: Final = -(2**31)
_NO_VARIABLES: Final = VariableValues({}, {})


class _Unpromised(Exception):
    """A value that the schema does not allow, or that only graphql-core can judge."""


class _Uncompiled(Exception):
    """A part of a document that must go the ordinary way."""


@dataclass(frozen=True, slots=True)
class _Root:
    """One root field: where its answer goes, how it is asked and how its answer is told."""

    key: str
    field: GraphQLField | None
    kind: Any
    details: FieldDetailsList
    complete: Complete


class CompiledOperation:
    """One query of a document. Make them with `compiled_operations`."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        """Raises `_Uncompiled`."""
        self._schema = schema
        self._document = document
        self._operation = operation
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        if operation.operation is not OperationType.QUERY or schema.query_type is None:
            raise _Uncompiled
        self._type = schema.query_type
        details = {name: FragmentDetails(found) for name, found in self._fragments.items()}
        plan = _Plan(schema, operation, details)
        self._roots = [plan.root(key, found) for key, found in plan.roots(self._type).items()]
        self.label = label(document)
        """What the metrics call it."""

    def answer(self, variables: Mapping[str, Any] | None, *, context: object) -> ExecutionResult:
        """The operation's answer for raw variables; errors are as graphql-core makes them."""
        given = dict(variables or {})
        outcomes: dict[str, object] = {}
        coerced = get_variable_values(
            self._schema,
            self._operation.variable_definitions or (),
            given,
            max_errors=_COERCION_ERRORS,
        )
        if isinstance(coerced, list):
            return self._by_the_book(given, context, outcomes)
        try:
            data = {
                root.key: root.complete(self._resolved(root, coerced, context, outcomes))
                for root in self._roots
            }
        except Exception:  # noqa: BLE001  # whatever it is, graphql-core makes an answer of it
            return self._by_the_book(given, context, outcomes)
        return ExecutionResult(data, None)

    def _resolved(
        self, root: _Root, variables: VariableValues, context: object, outcomes: dict[str, object]
    ) -> object:
        if root.field is None:
            return self._type.name
        node = root.details[0].node
        info = _info(
            node.name.value,
            [each.node for each in root.details],
            root.kind,
            self._type,
            Path(None, root.key, self._type.name),
            self._schema,
            self._fragments,
            None,
            self._operation,
            variables.coerced,
            context,
            _never,
            None,
            None,
        )
        arguments = get_argument_values(root.field, node, variables)
        resolve = cast("Callable[..., object]", root.field.resolve)
        try:
            outcomes[root.key] = resolve(None, info, **arguments)
        except Exception as error:
            outcomes[root.key] = _Raised(error)
            raise
        return outcomes[root.key]

    def _by_the_book(
        self, variables: dict[str, Any], context: object, outcomes: dict[str, object]
    ) -> ExecutionResult:
        """The same through graphql-core, with what the resolvers gave already."""

        def replay(
            resolve: Callable[..., object],
            source: object,
            info: Any,
            **given: object,
        ) -> object:
            if info.path.prev is not None or info.path.key not in outcomes:
                return resolve(source, info, **given)
            outcome = outcomes[str(info.path.key)]
            if isinstance(outcome, _Raised):
                raise outcome.error
            return outcome

        name = self._operation.name
        return execute_sync(
            self._schema,
            self._document,
            context_value=context,
            variable_values=variables,
            operation_name=name.value if name else None,
            middleware=[replay],
        )


@dataclass(frozen=True, slots=True)
class _Raised:
    """What a resolver raised."""

    error: Exception


def compiled_operations(
    schema: GraphQLSchema, document: DocumentNode
) -> dict[str | None, CompiledOperation]:
    """Those of a valid document's operations that can be compiled, by their names.

    The only operation of a document is under None too, for it needs not be named.
    """
    if _has_directives(document):
        return {}
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    found: dict[str | None, CompiledOperation] = {}
    for operation in operations:
        try:
            made = CompiledOperation(schema, document, operation)
        except _Uncompiled:
            continue
        if operation.name is not None:
            found[operation.name.value] = made
        if len(operations) == 1:
            found[None] = made
    return found


def label(document: DocumentNode | None) -> str:
    """What the metrics call a valid document: its root field, a name of the schema's."""
    roots = {
        selection.name.value
        for definition in (document.definitions if document else ())
        if isinstance(definition, OperationDefinitionNode)
        for selection in definition.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    if len(roots) != 1:
        return "several"
    (root,) = roots
    return "introspection" if root.startswith("__") else root


class _Directives(Visitor):
    """Looks for what may change a selection from one request to the next."""

    found = False

    def enter_directive(self, *_: object) -> object:
        self.found = True
        return BREAK

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: object) -> object:
        self.found = self.found or bool(node.variable_definitions)
        return BREAK if self.found else None


def _has_directives(document: DocumentNode) -> bool:
    looking = _Directives()
    visit(document, looking)
    return looking.found


@dataclass(frozen=True, slots=True)
class _Plan:
    """Makes the parts of one operation, by graphql-core's own rules of merging selections."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDetails]

    def roots(self, query: GraphQLObjectType) -> GroupedFieldSet:
        """The root fields by the names of their answers."""
        return collect_fields(
            self.schema, self.fragments, _NO_VARIABLES, query, self.operation
        ).grouped_field_set

    def root(self, key: str, details: FieldDetailsList) -> _Root:
        """A root field, which has a resolver that answers at once."""
        name = details[0].node.name.value
        if name == "__typename":
            return _Root(key, None, None, details, _same)
        query = cast("GraphQLObjectType", self.schema.query_type)
        field = query.fields.get(name)
        told = _strawberry_field(field)
        if field is None or told is None or told.is_basic_field or told.is_async:
            raise _Uncompiled
        kind = _kind(field)
        return _Root(key, field, kind, details, self._complete(kind, details))

    def _complete(self, kind: Any, details: FieldDetailsList) -> Complete:
        """How values of a type are told."""
        if is_non_null_type(kind):
            return self._complete_either(_inner(kind), details, _required)
        return self._complete_either(kind, details, _optional)

    def _complete_either(self, kind: Any, details: FieldDetailsList, null: Nullness) -> Complete:
        """How values of a type are told, None as `null` has it."""
        if is_leaf_type(kind):
            return _leaf(kind, null)
        if is_list_type(kind):
            return null(_each(self._complete(_inner(kind), details)))
        if is_object_type(kind):
            return null(self._object(kind, details))
        raise _Uncompiled

    def _object(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Complete:
        """How an object is told: each of its attributes that is selected."""
        if kind.is_type_of is not None:
            raise _Uncompiled
        selected = collect_subfields(
            self.schema, self.fragments, _NO_VARIABLES, self.operation, kind, details
        ).grouped_field_set
        attributes: dict[str, tuple[str, Complete]] = {}
        for key, found in selected.items():
            node = found[0].node
            if node.name.value == "__typename":
                attributes[key] = ("__class__", _constant(kind.name))
                continue
            field = kind.fields.get(node.name.value)
            told = _strawberry_field(field)
            if field is None or told is None or not told.is_basic_field or field.args:
                raise _Uncompiled
            if told.default_resolver is not getattr:
                raise _Uncompiled
            attributes[key] = (told.python_name, self._complete(_kind(field), found))
        return _attributes(attributes)


def _strawberry_field(field: GraphQLField | None) -> StrawberryField | None:
    told = field.extensions.get("strawberry-definition") if field is not None else None
    return told if isinstance(told, StrawberryField) else None


def _kind(field: GraphQLField) -> Any:
    """The type of a field; graphql-core's types are only half typed."""
    return cast("Any", field).type


def _inner(kind: Any) -> Any:
    """What a list or a non-null type is made of."""
    return kind.of_type


def _same(value: Any) -> Any:
    return value


def _never(_: object) -> bool:
    """Whether a value is to be awaited: root resolvers that are compiled are synchronous."""
    return False


# Built by place: naming fourteen fields takes as long as the rest of the call.
_info = cast("Callable[..., GraphQLResolveInfo[Any]]", GraphQLResolveInfo)


def _constant(value: str) -> Complete:
    return lambda _: value


def _required(complete: Complete) -> Complete:
    def required(value: Any) -> Any:
        if value is None:
            raise _Unpromised
        return complete(value)

    return required


def _optional(complete: Complete) -> Complete:
    def optional(value: Any) -> Any:
        return None if value is None else complete(value)

    return optional


def _each(complete: Complete) -> Complete:
    def each(value: Any) -> list[Any]:
        # Another iterable might be spent by this, and graphql-core would then find nothing.
        if type(value) is not list and type(value) is not tuple:
            raise _Unpromised
        return [complete(item) for item in cast("list[Any]", value)]

    return each


def _attributes(attributes: Mapping[str, tuple[str, Complete]]) -> Complete:
    keys = tuple(attributes)
    names = tuple(name for name, _ in attributes.values())
    completes = tuple(complete for _, complete in attributes.values())
    get = attrgetter(*names)
    if len(keys) == 1:
        (key,), (complete,) = keys, completes
        return lambda value: {key: complete(get(value))}
    plan = tuple(zip(keys, completes, strict=True))

    def told(value: Any) -> dict[str, Any]:
        return {key: complete(each) for (key, complete), each in zip(plan, get(value), strict=True)}

    return told


def _leaf(kind: GraphQLLeafType, null: Nullness) -> Complete:
    """How a scalar or an enum is told: as graphql-core does, the usual values in a shorter way."""

    def coerced(value: Any) -> Any:
        told = kind.coerce_output_value(value)
        if told is None:
            raise _Unpromised
        return told

    judged = null(coerced)
    if isinstance(kind, GraphQLEnumType):
        return _enum(kind, judged)
    quick = _QUICK.get(kind.name)
    return judged if quick is None else quick(judged)


def _enum(kind: GraphQLEnumType, judged: Complete) -> Complete:
    own = getattr(kind, "wrapped_cls", None)
    if own is None:
        return judged
    names: dict[Any, Any] = {member: judged(member) for member in own}
    return lambda value: names[value] if type(value) is own else judged(value)


def _text(judged: Complete) -> Complete:
    return lambda value: value if type(value) is str else judged(value)


def _float(judged: Complete) -> Complete:
    return lambda value: value if type(value) is float and isfinite(value) else judged(value)


def _int(judged: Complete) -> Complete:
    def told(value: Any) -> Any:
        if type(value) is int and _SMALLEST_INT <= value <= _LARGEST_INT:
            return value
        return judged(value)

    return told


def _boolean(judged: Complete) -> Complete:
    return lambda value: value if value is True or value is False else judged(value)


_QUICK: Final[Mapping[str, Callable[[Complete], Complete]]] = {
    "String": _text,
    "ID": _text,
    "Float": _float,
    "Int": _int,
    "Boolean": _boolean,
}
