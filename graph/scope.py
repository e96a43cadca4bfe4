"""Which tenants a caller may see: made once at the edge, applied once at the store's door."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class TenantScope:
    """All tenants (`tenants is None`) or exactly the named ones."""

    tenants: frozenset[str] | None = None

    @classmethod
    def all(cls) -> Self:
        """Every tenant: an operator's key, or loopback without keys."""
        return cls(None)

    @classmethod
    def of(cls, *tenants: str) -> Self:
        """Only the named tenants."""
        return cls(frozenset(tenants))

    def __contains__(self, tenant: str) -> bool:
        """Whether the tenant is visible."""
        return self.tenants is None or tenant in self.tenants

    @property
    def parameter(self) -> list[str] | None:
        """The value of `$tenants` in Cypher: null for all, else a sorted list."""
        return None if self.tenants is None else sorted(self.tenants)
