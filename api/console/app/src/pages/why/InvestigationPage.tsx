// An investigation that was kept, as it was told then, under its permanent address.
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { KeptInvestigation } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Instant, SliceName } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { useId } from "@/shell/location";
import { whyAddress } from "@/words/addresses";
import { METRIC_NAME } from "@/words/figures";
import { cypherOf, Investigated } from "./Investigated";
import { type Found, questionOf } from "./question";
import { inSentence } from "./verdicts";
import "./why.css";

export default function InvestigationPage() {
  const id = useId();
  const variables = { id };
  const answered = useAnswer(KeptInvestigation, variables);
  const found = answered.data?.investigation;
  return (
    <Page
      title={
        found ? `Why did ${inSentence(METRIC_NAME[found.metric])} change?` : "Why: what was found"
      }
      graphql={{ document: KeptInvestigation, variables }}
      {...(found ? { cypher: cypherOf(found) } : {})}
    >
      <Asked answered={answered} what={`investigation ${variables.id}`} lines={6}>
        {({ investigation }) =>
          investigation ? <Kept found={investigation} /> : <Absent id={variables.id} />
        }
      </Asked>
    </Page>
  );
}

function Kept({ found }: { found: Found }) {
  const asked = questionOf(found);
  const { during, where, askedAt, knownAt } = found;
  return (
    <>
      <section className="card why-question" aria-label="What was asked">
        <p>
          Asked of <SliceName refs={where} />, from <Instant at={during.from} /> to{" "}
          <Instant at={during.to} />
          {knownAt ? (
            <>
              , as known at <Instant at={knownAt} />
            </>
          ) : null}
          . This is what was told{" "}
          {askedAt ? (
            <>
              at <Instant at={askedAt} age />
            </>
          ) : (
            "then"
          )}
          ; facts that came later are not in it.
        </p>
        <p className="buttons">
          <Link className="why-action" href={whyAddress(asked)}>
            Ask anew, or something else
          </Link>
        </p>
      </section>
      <Investigated found={found} asked={asked} />
    </>
  );
}

function Absent({ id }: { id: string }) {
  return (
    <Empty title={`No investigation ${id} is kept.`}>
      Only the newest are kept, and only those that found something to compare with.{" "}
      <Link href="/why">Ask anew</Link>: the same question of the same facts has the same answer.
    </Empty>
  );
}
