// Service level objectives: what is promised, what is left of each error budget, and what to do.
import { useEffect, useRef } from "react";
import { useAnswer } from "@/api/answered";
import { Slos } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { More, useFirst } from "@/parts/More";
import { Page } from "@/parts/Page";
import { useParameters } from "@/shell/address";
import objectivesAsked from "../../../../../../graph/cypher/objectives.cypher?raw";
import { pace, useAsOf } from "./asOf";
import { ObjectiveCard } from "./ObjectiveCard";
import { byUrgency, isNamed, type Slo } from "./objectives";
import { PastNote, PastPicker } from "./Past";
import { TenantPicker } from "./TenantPicker";

export function ObjectivesPart() {
  const [asOf] = useAsOf();
  const [search] = useParameters();
  const tenant = search.get("tenant");
  const variables = { at: asOf, knownAt: asOf };
  const answered = useAnswer(Slos, variables, pace(asOf));
  const at = asOf ?? new Date().toISOString();
  const tenants = tenant === null ? null : [tenant];
  return (
    <Page
      title="Next: objectives"
      beside={
        <>
          <PastPicker />
          <TenantPicker />
        </>
      }
      graphql={{ document: Slos, variables }}
      cypher={{ text: objectivesAsked, parameters: { at, knownAt: at, tenants } }}
    >
      <PastNote />
      <Asked key={asOf} answered={answered} what="the objectives" lines={10}>
        {({ slos }) => (
          <Shown
            slos={tenant === null ? slos : slos.filter((one) => one.tenant === tenant)}
            named={search.get("slo")}
          />
        )}
      </Asked>
    </Page>
  );
}

function Shown({ slos, named }: { slos: readonly Slo[]; named: string | null }) {
  const first = useRef<HTMLElement>(null);
  // The one that a link names comes into view, once it is there.
  useEffect(() => {
    if (named !== null) first.current?.scrollIntoView({ block: "start" });
  }, [named]);
  const urgent = byUrgency(slos);
  const place = urgent.findIndex((slo) => isNamed(slo, named));
  const [shown, more] = useFirst(urgent, Math.max(30, place + 1));
  if (!slos.length) {
    return (
      <Empty title="No objective is in force.">
        Send one as an event of kind slo, or take another tenant.
      </Empty>
    );
  }
  const calm = slos.filter(({ action, alerts }) => action === "continue" && !alerts.length).length;
  return (
    <>
      <p>
        <strong>
          {calm} of {slos.length}
        </strong>{" "}
        objectives need nothing; those that need most come first.
        {named !== null && place < 0 ? ` None is called ${named}.` : ""}
      </p>
      <div className="next-objectives">
        {shown.map((slo, index) => (
          <ObjectiveCard
            key={`${slo.tenant} ${slo.id}`}
            slo={slo}
            named={isNamed(slo, named)}
            place={index === place ? first : null}
          />
        ))}
      </div>
      <More {...more} what="objectives" />
    </>
  );
}
