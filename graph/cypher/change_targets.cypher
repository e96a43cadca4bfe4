// What did each of the changes of a period touch?
MATCH (v:ChangeRevision)
WHERE v.at >= datetime($start) AND v.at < datetime($end) AND v.recordedAt <= datetime($knownAt)
MATCH path = (v)<-[:HAS_REVISION]-(:Change)-[:TARGETS]->()
RETURN path
ORDER BY v.at DESC
LIMIT 50
