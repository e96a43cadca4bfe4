// Incidents, changes and planned work that reach a deployment in a period, newest first.
import type { HappeningsQuery } from "@/api/generated";
import { CauseLink, Instant, SliceName, Tag } from "@/parts/Known";
import type { Ref } from "@/words/slices";

type Props = {
  found: HappeningsQuery;
  deployment: string;
  touches: (kind: string, id: string) => boolean;
};

type Happened = {
  kind: string;
  tone: "bad" | "warn" | "accent";
  word: string;
  id: string;
  title: string;
  at: string;
  /** Null while it goes on; undefined where it took no time. */
  until?: string | null;
  targets: readonly Ref[];
};

export function Reached({ found, deployment, touches }: Props) {
  const happened = reached(found, deployment, touches);
  return (
    <section className="card" aria-labelledby="fleet-reached">
      <h2 id="fleet-reached">Incidents and changes that reach it</h2>
      {happened.length === 0 ? (
        <p className="quiet">None in this period. A longer one may have some.</p>
      ) : (
        <ul className="fleet-happened">
          {happened.map((one) => (
            <li key={`${one.kind} ${one.id} ${one.at}`}>
              <span>
                <Instant at={one.at} />
                {one.until ? (
                  <>
                    {" "}
                    to <Instant at={one.until} />
                  </>
                ) : null}
                {one.until === null ? " until now" : ""}
              </span>
              <Tag tone={one.tone}>{one.word}</Tag>
              <span>
                <CauseLink kind={one.kind} id={one.id}>
                  {one.title}
                </CauseLink>{" "}
                {one.targets.length > 0 ? (
                  <span className="quiet">
                    on <SliceName refs={one.targets} />
                  </span>
                ) : null}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function reached(
  found: HappeningsQuery,
  deployment: string,
  touches: Props["touches"],
): Happened[] {
  const scope = (kind: string, id: string | null) => (id === null ? [] : [{ kind, id }]);
  const incidents = found.incidents
    .filter(({ affectedDeployments }) => affectedDeployments.includes(deployment))
    .map(({ id, title, severity, openedAt, resolvedAt, scopeKind, scopeId }): Happened => {
      const when = { at: openedAt, until: resolvedAt, targets: scope(scopeKind, scopeId) };
      return { kind: "incident", tone: "bad", word: severity, id, title, ...when };
    });
  const changes = found.changes
    .filter(({ targets }) => !targets.length || targets.some(({ kind, id }) => touches(kind, id)))
    .map(({ id, kind, title, at, targets }): Happened => {
      return { kind, tone: "accent", word: kind, id, title, at, targets };
    });
  const planned = found.maintenance
    .filter(({ scopeKind, scopeId }) => scopeId === null || touches(scopeKind, scopeId))
    .map(({ id, title, startsAt, endsAt, scopeKind, scopeId }): Happened => {
      const when = { at: startsAt, until: endsAt, targets: scope(scopeKind, scopeId) };
      return { kind: "maintenance", tone: "warn", word: "maintenance", id, title, ...when };
    });
  return [...incidents, ...changes, ...planned].sort((a, b) => b.at.localeCompare(a.at));
}
