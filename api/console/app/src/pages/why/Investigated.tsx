// An investigation: what can be said, where it is, what did it, and what to do next.
import investigationCypher from "../../../../../../graph/cypher/investigation.cypher?raw";
import { AroundChart } from "./AroundChart";
import { Causes } from "./Causes";
import { Next } from "./Next";
import { Paths } from "./Paths";
import type { Found, Question } from "./question";
import { Said } from "./Said";
import { Split } from "./Split";
import { Where } from "./Where";

export function Investigated({ found, asked }: { found: Found; asked: Question }) {
  return (
    <>
      <Said found={found} />
      <div className="why-beside">
        <AroundChart found={found} asked={asked} />
        <Where found={found} asked={asked} />
      </div>
      <Causes found={found} asked={asked} />
      <Paths causes={found.causes} />
      <Split found={found} />
      <Next found={found} asked={asked} />
    </>
  );
}

/** The graph of what was found, in Neo4j Browser. */
export function cypherOf({ id }: Found) {
  return { text: investigationCypher, parameters: { investigation: id, tenants: null } };
}
