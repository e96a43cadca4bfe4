"""Known documents, parsed, validated and compiled once; the cache is bounded by their tokens.

Trusted documents are kept for good, beside it: there are few, and they are ours.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
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

from api.graphql import trusted
from api.graphql.compiled import CompiledOperation, compiled_operations
from api.graphql.limits import oversize
from api.graphql.settings import GraphqlSettings
from api.graphql.trusted import UntrustedDocument

_ERRORS_AT_MOST: Final = 20
_PLACEHOLDER: Final = parse("{ __typename }")
"""What stands for a document that is not to be parsed."""


@dataclass(frozen=True, slots=True)
class Known:
    """A document, what is wrong with it, and those of its operations that are compiled."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    tokens: int
    operations: Mapping[str | None, CompiledOperation] = field(
        default_factory=dict[str | None, CompiledOperation]
    )
    digest: str | None = None
    """Its hash, where it was sent with it."""


class Documents:
    """The documents of one schema."""

    schema: GraphQLSchema
    """To be set once it is made: it is made of what needs these documents."""

    def __init__(self, *, limits: GraphqlSettings) -> None:
        self._limits = limits
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._tokens = 0
        self._trusted: dict[str, Known | None] = dict.fromkeys(trusted.documents().values())
        self._texts = dict(trusted.documents())

    @property
    def held_tokens(self) -> int:
        """Tokens of all documents that are kept and may be dropped."""
        return self._tokens

    def text(self, digest: str) -> str | None:
        """The text of a document that is trusted, or was sent with its hash and is still kept."""
        return self._texts.get(digest)

    def known(self, text: str, *, digest: str | None = None) -> Known:
        """A document, parsed and validated now or before. Raises GraphQLError (syntax, tokens).

        `digest` is its hash, where it was sent with it and is right.
        """
        found = self._known.get(text)
        if found is not None and (digest is None or found.digest is not None or found.errors):
            self._known.move_to_end(text)
            return found
        if text in self._trusted:
            found = self._trusted[text] = self._trusted[text] or self._read(text, digest=None)
            return found
        if self._limits.trusted_documents_only:
            return _UNTRUSTED
        found = self._read(text, digest=digest)
        self._keep(text, found)
        return found

    def _read(self, text: str, *, digest: str | None) -> Known:
        document = parse(text, max_tokens=self._limits.query_tokens)
        # The cheap counting first: the rules take longer the larger a document unfolds.
        errors = oversize(document, limits=self._limits) or self._validated(document)
        return Known(
            document,
            tuple(errors),
            _token_count(document),
            operations={} if errors else compiled_operations(self.schema, document),
            digest=None if errors else digest,
        )

    def _validated(self, document: DocumentNode) -> list[GraphQLError]:
        rules = list(specified_rules)
        if not self._limits.introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        return validate(self.schema, document, rules, max_errors=_ERRORS_AT_MOST)

    def _keep(self, text: str, found: Known) -> None:
        before = self._known.pop(text, None)
        self._tokens += found.tokens - (before.tokens if before else 0)
        self._known[text] = found
        if found.digest is not None:
            self._texts[found.digest] = text
        while self._tokens > self._limits.document_cache_tokens and self._known:
            _, dropped = self._known.popitem(last=False)
            self._tokens -= dropped.tokens
            if dropped.digest is not None:
                del self._texts[dropped.digest]


def _token_count(document: DocumentNode) -> int:
    count = 0
    token = document.loc.start_token if document.loc else None
    while token is not None and token.kind is not TokenKind.EOF:
        count += 1
        token = token.next
    return max(1, count)


def _untrusted() -> Known:
    refusal = UntrustedDocument("only trusted documents are answered here; ask one of them")
    error = GraphQLError(str(refusal), extensions={"code": refusal.code})
    return Known(_PLACEHOLDER, (error,), tokens=1)


_UNTRUSTED: Final = _untrusted()
