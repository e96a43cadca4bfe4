// Which hours have requests or scores, and how often was each written to?
MATCH (h:Hour)
WHERE h.hour >= datetime($start) AND h.hour < datetime($end)
  AND ($tenants IS NULL OR h.tenant IN $tenants)
RETURN collect(h.tenant) AS tenant, collect(h.hour.epochSeconds) AS hour,
  collect(h.version) AS version
