// Questions in words: the steps as they are taken, the answer with what it rests on, and what to ask next.
import "./ask.css";
import { type FormEvent, useEffect, useRef } from "react";
import { useAnswer } from "@/api/answered";
import { Questions } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Instant, Tag } from "@/parts/Known";
import { Page } from "@/parts/Page";
import { useParameters } from "@/shell/address";
import { TurnView } from "./TurnView";
import { useConversation } from "./useConversation";

const EXAMPLES = [
  "What is healthy?",
  "Why did quality drop yesterday?",
  "Which deployment is slowest today?",
  "What changed in the last 24 hours?",
  "What comes in the next hour, and what is at risk?",
  "Which budgets run out this month?",
];

export default function AskPage() {
  const { turns, open, ask, stop, clear } = useConversation();
  const [parameters, change] = useParameters();
  const field = useRef<HTMLInputElement>(null);
  const linked = parameters.get("question");
  // What was asked already is not asked again on the way back from a citation.
  const asked = useRef<string | null>(turns.at(-1)?.question ?? null);
  const put = (question: string) => {
    asked.current = question;
    change({ question }, { replace: true });
    ask(question);
  };
  // A link holds a question: it is asked when it is opened.
  useEffect(() => {
    if (!linked || asked.current === linked) return;
    const soon = setTimeout(() => {
      asked.current = linked;
      ask(linked);
    });
    return () => clearTimeout(soon);
  }, [linked, ask]);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const question = field.current?.value.trim();
    if (!question) return;
    put(question);
    event.currentTarget.reset();
  };
  const startAnew = () => {
    asked.current = null;
    clear();
    change({ question: null }, { replace: true });
    field.current?.focus();
  };
  return (
    <Page title="Ask">
      <form className="ask-form" onSubmit={submit}>
        <label>
          <span className="unseen">Your question</span>
          <input
            ref={field}
            name="question"
            autoComplete="off"
            maxLength={2000}
            placeholder={
              turns.length
                ? "And then? Short follow-ups are understood."
                : "Why are premium users slow?"
            }
          />
        </label>
        {open ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="submit" className="main">
            Ask
          </button>
        )}
        {turns.length ? (
          <button type="button" onClick={startAnew}>
            Start anew
          </button>
        ) : null}
      </form>
      {turns.length === 0 ? <Beginnings put={put} /> : null}
      <div className="ask-turns">
        {turns.map((turn) => (
          <TurnView key={turn.id} turn={turn} put={put} />
        ))}
      </div>
    </Page>
  );
}

/** What can be asked, and what was asked before. */
function Beginnings({ put }: { put: (question: string) => void }) {
  const answered = useAnswer(Questions, { first: 12 });
  return (
    <div className="ask-beginnings">
      <section className="card">
        <h2>For example</h2>
        <ul>
          {EXAMPLES.map((question) => (
            <li key={question}>
              <button type="button" onClick={() => put(question)}>
                {question}
              </button>
            </li>
          ))}
        </ul>
        <p className="quiet">
          Every figure, name and time in an answer came from the data. Where that does not tell, the
          answer begins with “I can’t tell”.
        </p>
      </section>
      <section className="card">
        <h2>Asked before</h2>
        <Asked answered={answered} what="what was asked before">
          {({ questions }) =>
            questions.length ? (
              <ul className="ask-before">
                {questions.map(({ id, at, question, certain }) => (
                  <li key={id}>
                    <button type="button" onClick={() => put(question)}>
                      {question}
                    </button>{" "}
                    <span className="quiet">
                      <Instant at={at} />
                    </span>{" "}
                    {certain ? null : <Tag>could not tell</Tag>}
                  </li>
                ))}
              </ul>
            ) : (
              <Empty title="Nothing was asked yet." />
            )
          }
        </Asked>
      </section>
    </div>
  );
}
