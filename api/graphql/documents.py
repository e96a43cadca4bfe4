"""Known documents, parsed and validated once; the cache is bounded by their tokens."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    TokenKind,
    parse,
)
from graphql.validation import specified_rules, validate

from api.graphql.limits import oversize
from api.graphql.settings import GraphqlSettings

_ERRORS_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Known:
    """A document and what is wrong with it."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    tokens: int


class Documents:
    """The documents of one schema."""

    schema: GraphQLSchema
    """To be set once it is made: it is made of what needs these documents."""

    def __init__(self, *, limits: GraphqlSettings) -> None:
        self._limits = limits
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._tokens = 0

    @property
    def held_tokens(self) -> int:
        """Tokens of all documents that are kept."""
        return self._tokens

    def known(self, text: str) -> Known:
        """A document, parsed and validated now or before. Raises GraphQLError (syntax, tokens)."""
        found = self._known.get(text)
        if found is not None:
            self._known.move_to_end(text)
            return found
        document = parse(text, max_tokens=self._limits.query_tokens)
        # The cheap counting first: the rules take longer the larger a document unfolds.
        errors = oversize(document, limits=self._limits) or self._validated(document)
        found = Known(document, tuple(errors), _token_count(document))
        self._keep(text, found)
        return found

    def _validated(self, document: DocumentNode) -> list[GraphQLError]:
        rules = list(specified_rules)
        if not self._limits.introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        return validate(self.schema, document, rules, max_errors=_ERRORS_AT_MOST)

    def _keep(self, text: str, found: Known) -> None:
        self._known[text] = found
        self._tokens += found.tokens
        while self._tokens > self._limits.document_cache_tokens and self._known:
            _, dropped = self._known.popitem(last=False)
            self._tokens -= dropped.tokens


def _token_count(document: DocumentNode) -> int:
    count = 0
    token = document.loc.start_token if document.loc else None
    while token is not None and token.kind is not TokenKind.EOF:
        count += 1
        token = token.next
    return max(1, count)
