// The question that an address names in its fragment, which no server sees.

/** A tab of `#query=…&variables=…`; null where the fragment names no question. */
export function linkedTab(fragment) {
  const given = new URLSearchParams(fragment.replace(/^#/, ""));
  const query = given.get("query");
  return query ? { query, variables: given.get("variables") ?? "" } : null;
}
