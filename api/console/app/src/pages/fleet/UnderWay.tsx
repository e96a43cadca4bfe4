// What is going on: open incidents, the gravest first, and planned work that is under way.
import type { UnderWayQuery } from "@/api/generated";
import { Instant, NodeLink, Tag } from "@/parts/Known";
import { Folded } from "@/parts/More";
import { ms } from "@/time/instants";

const SHOWN = 4;

/** Open incidents by gravity, then the newest first. */
function gravestFirst(incidents: UnderWayQuery["incidents"]): UnderWayQuery["incidents"] {
  return [...incidents].sort(
    (a, b) => a.severity.localeCompare(b.severity) || ms(b.openedAt) - ms(a.openedAt),
  );
}

export function UnderWayList({ found }: { found: UnderWayQuery }) {
  const incidents = gravestFirst(found.incidents);
  if (incidents.length === 0 && found.maintenance.length === 0) return null;
  return (
    <section className="card fleet-under-way" aria-labelledby="fleet-under-way">
      <h2 id="fleet-under-way">
        {incidents.length === 1 ? "1 open incident" : `${incidents.length} open incidents`}
        {found.maintenance.length > 0 ? `, ${found.maintenance.length} under maintenance` : ""}
      </h2>
      <ul>
        {incidents.slice(0, SHOWN).map((one) => (
          <Incident key={one.id} incident={one} />
        ))}
        {found.maintenance.map((work) => (
          <li key={work.id}>
            <Tag tone="warn">maintenance</Tag>
            <NodeLink kind="maintenance" id={work.id}>
              {work.title}
            </NodeLink>
            <span className="quiet">
              <Scope kind={work.scopeKind} id={work.scopeId} /> until{" "}
              <Instant at={work.endsAt} age />
            </span>
          </li>
        ))}
      </ul>
      <Folded count={incidents.length - SHOWN}>
        <ul>
          {incidents.slice(SHOWN).map((one) => (
            <Incident key={one.id} incident={one} />
          ))}
        </ul>
      </Folded>
    </section>
  );
}

function Incident({ incident }: { incident: UnderWayQuery["incidents"][number] }) {
  const { id, severity, title, scopeKind, scopeId, openedAt } = incident;
  const grave = severity === "sev1" || severity === "sev2";
  return (
    <li data-incident={id}>
      <Tag tone={grave ? "bad" : "warn"}>{severity}</Tag>
      <NodeLink kind="incident" id={id}>
        {title}
      </NodeLink>
      <span className="quiet">
        <Scope kind={scopeKind} id={scopeId} /> since <Instant at={openedAt} age />
      </span>
    </li>
  );
}

function Scope({ kind, id }: { kind: string; id: string | null }) {
  return id === null ? "everywhere," : `${kind} ${id},`;
}
