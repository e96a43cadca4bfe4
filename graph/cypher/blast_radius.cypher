// What does an incident reach: which deployments, running which models, where?
MATCH (i:Incident {id: $incident})
MATCH told = (i)-[:HAS_REVISION]->(:IncidentRevision)
OPTIONAL MATCH reach = (i)-[:AFFECTS]->()<-[:RUNS_ON|RUNS_MODEL|PART_OF]-{1,2}(:Deployment)
OPTIONAL MATCH direct = (i)-[:AFFECTS]->(:Deployment)-[:RUNS_ON|RUNS_MODEL]->()
RETURN told, reach, direct
LIMIT 100
