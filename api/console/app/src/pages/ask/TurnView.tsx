// One question with its steps and its answer.
import { Figure, NodeLink, Tag } from "@/parts/Known";
import { about } from "@/shell/about";
import { graphiqlAddress } from "@/words/addresses";
import { percent } from "@/words/figures";
import { argumentWords, blocks, methodWord, type Step, type Told, type Turn } from "./conversation";

type Put = (question: string) => void;

export function TurnView({ turn, put }: { turn: Turn; put: Put }) {
  const { question, steps, answer, ended } = turn;
  return (
    <article className="card ask-turn" aria-busy={!answer && !ended}>
      <h2>{question}</h2>
      <Steps steps={steps} open={!answer && !ended} />
      <div aria-live="polite">
        {answer ? <AnswerText text={answer.text} /> : null}
        {ended ? <p className="problem">{ended}</p> : null}
      </div>
      {answer ? <Rests answer={answer} put={put} /> : null}
    </article>
  );
}

function Steps({ steps, open }: { steps: readonly Step[]; open: boolean }) {
  const count = steps.length;
  return (
    <details className="ask-steps" open={open}>
      <summary>
        {open ? "Looking it up" : `${count} ${count === 1 ? "step" : "steps"}`}
        {open ? <span className="ask-dots" aria-hidden="true" /> : null}
      </summary>
      <ol>
        {steps.map((step, place) => (
          <li key={place} data-kind={step.kind}>
            <Tag tone={step.kind === "degraded" ? "warn" : "plain"}>{step.kind}</Tag>{" "}
            {step.tool ? <code>{step.tool}</code> : step.text}{" "}
            {step.tool ? <span className="quiet">{argumentWords(step.arguments)}</span> : null}{" "}
            {step.tookMs === null ? null : (
              <span className="quiet">
                in <Figure value={step.tookMs} unit="ms" />
              </span>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}

/** The text as it was laid out, a line that opens a block before what belongs to it. */
function AnswerText({ text }: { text: string }) {
  return (
    <div className="ask-answer">
      {blocks(text).map(({ heading, lines }, place) => (
        <div key={place}>
          {heading ? <p className={headingClass(place, lines.length)}>{heading}</p> : null}
          {lines.length ? (
            <ul>
              {lines.map(({ depth, text: line }, row) => (
                <li key={row} data-depth={depth}>
                  {line}
                </li>
              ))}
            </ul>
          ) : null}
        </div>
      ))}
    </div>
  );
}

/** The first line is the answer; a later one is a heading where something stands below it. */
function headingClass(place: number, below: number): string | undefined {
  if (place === 0) return "ask-first";
  return below ? "ask-heading" : undefined;
}

/** What the answer rests on, what it cost, and what may come next. */
function Rests({ answer, put }: { answer: Told; put: Put }) {
  const { citations, followUps, query, method, confidence, latencyMs, costUsd } = answer;
  return (
    <footer className="ask-rests">
      {answer.degraded ? (
        <p className="stale-note">
          <strong>Degraded.</strong> Claude could not be asked; this is the best answer without it.
        </p>
      ) : null}
      {citations.length ? (
        <p>
          <span className="quiet">Rests on </span>
          {citations.map(({ kind, id }, place) => (
            <span key={`${kind}:${id}`}>
              {place ? ", " : ""}
              <span className="quiet">{kind.replaceAll("_", " ")}</span>{" "}
              <NodeLink kind={kind} id={id} />
            </span>
          ))}
        </p>
      ) : null}
      <p className="quiet">
        Understood by {methodWord(method)}, {percent(confidence)} sure; answered in{" "}
        <Figure value={latencyMs} unit="ms" />; cost <Figure value={costUsd} unit="usd" />
      </p>
      {query ? (
        <details>
          <summary>The GraphQL behind it</summary>
          <pre>{query}</pre>
          {about.graphiql ? <a href={graphiqlAddress(query)}>Open in GraphiQL</a> : null}
        </details>
      ) : null}
      {followUps.length ? (
        <ul className="ask-follow" aria-label="What may come next">
          {followUps.map((question) => (
            <li key={question}>
              <button type="button" onClick={() => put(question)}>
                {question}
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </footer>
  );
}
