// What the metric had been, had the traffic of a cause gone another way, asked when somebody wants to know.
import { useState } from "react";
import { useAnswer } from "@/api/answered";
import { WhatIf } from "@/api/generated";
import { Asked } from "@/parts/Asked";
import { Between, Figure, MetricFigure, Share } from "@/parts/Known";
import { useNames } from "@/parts/Pickers";
import { UNIT_OF } from "@/words/figures";
import { type Otherwise, otherwises, under } from "./onward";
import { type Cause, type Question, variablesOf } from "./question";

type Props = { cause: Cause; asked: Question };

export function WhatIfs({ cause, asked }: Props) {
  const options = otherwises(cause, useNames());
  const [chosen, choose] = useState<string | null>(null);
  const option = options.find(({ words }) => words === chosen);
  if (!options.length) return null;
  return (
    <div className="why-what-if">
      <div className="buttons">
        {options.map(({ words, question }) => (
          <button
            key={words}
            type="button"
            aria-pressed={words === chosen}
            onClick={() => choose(words === chosen ? null : words)}
          >
            {question}
          </button>
        ))}
      </div>
      {option ? <Estimate key={option.words} {...{ option, cause, asked }} /> : null}
    </div>
  );
}

function Estimate({ option, cause, asked }: Props & { option: Otherwise }) {
  const { metric, where } = variablesOf(asked);
  const during = under(asked.during, cause.at);
  const answered = useAnswer(WhatIf, { metric, during, where, ...option.given });
  return (
    <div className="why-estimate" aria-live="polite">
      <Asked answered={answered} what={`what had been: ${option.words}`} lines={2}>
        {({ whatIf }) => (
          <>
            {whatIf.refused ? (
              <p>
                <strong>The data can't say.</strong> {whatIf.refused}.
              </p>
            ) : (
              <p>
                {option.words}, from when it happened on:{" "}
                <strong>
                  <MetricFigure metric={metric} value={whatIf.estimate} />
                </strong>{" "}
                (95 %: <Between low={whatIf.low} high={whatIf.high} unit={UNIT_OF[metric]} />)
                instead of <MetricFigure metric={metric} value={whatIf.observed} />.
              </p>
            )}
            <p className="quiet">
              <Share value={whatIf.moved} /> of the traffic had gone elsewhere
              {whatIf.refused ? null : (
                <>
                  ; worth <Figure value={Math.round(whatIf.effectiveSamples)} unit="count" />{" "}
                  requests of equal weight
                </>
              )}
              .{whatIf.notes.map((note) => ` ${sentence(note)}`)}
            </p>
          </>
        )}
      </Asked>
    </div>
  );
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
