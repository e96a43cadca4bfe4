// The verdict in a word and two sentences, with the figures and how much data stands behind them.
import { Fact } from "@/parts/Fact";
import { Difference, Instant, MetricFigure, Share, Tag } from "@/parts/Known";
import { counted, UNIT_OF } from "@/words/figures";
import type { Found } from "./question";
import { goodness, remedies, VERDICT } from "./verdicts";

export function Said({ found }: { found: Found }) {
  const { verdict, summary, metric, coverage } = found;
  const { word, tone } = VERDICT[verdict];
  const next = remedies(verdict, metric);
  return (
    <section className="card why-said" aria-labelledby="why-said" data-verdict={verdict}>
      <div className="row">
        <h2 id="why-said">What can be said</h2>
        <Tag tone={tone}>{word}</Tag>
      </div>
      <p className="why-summary">{summary}</p>
      <Figures found={found} />
      {coverage.warning ? (
        <p className="why-warning">
          <strong>Scores are missing.</strong> {coverage.warning}
        </p>
      ) : null}
      {next.length ? (
        <div>
          <h3>What to try</h3>
          <ul className="why-list">
            {next.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </div>
      ) : null}
    </section>
  );
}

const GOODNESS = { 1: "good", [-1]: "bad", 0: "plain" } as const;

function Figures({ found }: { found: Found }) {
  const { metric, before, after, delta, deltaLow, deltaHigh } = found;
  const unit = UNIT_OF[metric];
  // Only a change that is surely one is called good or bad.
  const sure = deltaLow !== null && deltaHigh !== null && deltaLow * deltaHigh > 0;
  return (
    <dl className="facts">
      <Fact name="Before → after">
        <MetricFigure metric={metric} value={before} /> →{" "}
        <MetricFigure metric={metric} value={after} />
      </Fact>
      <div>
        <dt>Change (95 % interval)</dt>
        <dd
          className="why-delta"
          data-goodness={sure ? GOODNESS[goodness(metric, delta ?? 0)] : "plain"}
        >
          <Difference value={delta} unit={unit} />{" "}
          <span className="quiet">
            (<Difference value={deltaLow} unit={unit} /> to{" "}
            <Difference value={deltaHigh} unit={unit} />)
          </span>
        </dd>
      </div>
      <Fact name="Compared with">
        {found.baseline}{" "}
        <span className="quiet">
          (<Instant at={found.comparedTo.from} /> to <Instant at={found.comparedTo.to} />)
        </span>
      </Fact>
      <Fact name="It began">
        <Onset found={found} />
      </Fact>
      <Rests found={found} />
    </dl>
  );
}

function Onset({ found: { onset, onsetLow, onsetHigh } }: { found: Found }) {
  if (!onset) return <span className="quiet">can't be told</span>;
  if (!onsetLow || !onsetHigh || onsetLow === onsetHigh) return <Instant at={onset} />;
  return (
    <>
      <Instant at={onsetLow} /> to <Instant at={onsetHigh} />
    </>
  );
}

/** On how much data the answer rests. */
function Rests({ found: { coverage } }: { found: Found }) {
  const { requests, scored, scoredShare, expectedScoredShare } = coverage;
  return (
    <Fact name="Rests on">
      <data value={requests}>{counted(requests, "request")}</data>
      {scored === null ? null : (
        <>
          , <data value={scored}>{counted(scored, "score")}</data>{" "}
          <span className="quiet">
            (<Share value={scoredShare} /> scored, <Share value={expectedScoredShare} /> expected by
            now)
          </span>
        </>
      )}
    </Fact>
  );
}
