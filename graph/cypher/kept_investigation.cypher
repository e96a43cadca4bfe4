// What was answered under an investigation's id?
MATCH (n:Investigation {id: $investigation})
WHERE $tenants IS NULL OR all(tenant IN coalesce(n.tenants, ['']) WHERE tenant IN $tenants)
RETURN n.answer AS answer
