// Why a metric changed: a form where nothing is asked yet, else the answer, with its question to be changed.
import { useLocation } from "wouter";
import { useAnswer } from "@/api/answered";
import { Why } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { Page } from "@/parts/Page";
import { useSearchParams } from "@/shell/location";
import { lately, type PeriodChoice, useNow } from "@/time/period";
import { whyAddress } from "@/words/addresses";
import { METRIC_NAME } from "@/words/figures";
import { cypherOf, Investigated } from "./Investigated";
import { QuestionBar } from "./QuestionBar";
import { moved, type Question, questionIn, variablesOf } from "./question";
import { Start } from "./Start";
import { inSentence } from "./verdicts";
import "./why.css";

export default function WhyPage() {
  const [search] = useSearchParams();
  const asked = questionIn(search);
  return asked ? <Answer asked={asked} /> : <Start search={search} />;
}

function Answer({ asked }: { asked: Question }) {
  const [, go] = useLocation();
  const now = useNow();
  const variables = variablesOf(asked);
  const answered = useAnswer(Why, variables);
  const change = (next: Question) => go(whyAddress(next));
  const choice: PeriodChoice = {
    period: asked.during,
    range: null,
    setRange: (range) => change(moved(asked, lately(range, now))),
    setPeriod: (during) => change(moved(asked, during)),
  };
  const found = answered.data?.whyChanged;
  return (
    <Page
      title={`Why did ${inSentence(METRIC_NAME[asked.metric])} change?`}
      graphql={{ document: Why, variables }}
      {...(found ? { cypher: cypherOf(found) } : {})}
    >
      <QuestionBar asked={asked} choice={choice} change={change} />
      {answered.loading ? <Working /> : null}
      <Asked answered={answered} what="why it changed" lines={6}>
        {(data) => <Investigated found={data.whyChanged} asked={asked} />}
      </Asked>
    </Page>
  );
}

/** What is being done meanwhile: it may take a second or two. */
function Working() {
  return (
    <p className="quiet">
      Comparing with what it is like, looking for where and since when it differs, and putting every
      recorded incident and change to the test…
    </p>
  );
}
