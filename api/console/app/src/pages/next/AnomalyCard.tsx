// Hours that were dearer than expected: where, what made them so, and which recorded events did it.
import { Link } from "wouter";
import { IntervalBar } from "@/parts/Interval";
import { CauseLink, Figure, Instant, Share, SliceName, Tag } from "@/parts/Known";
import { trendsAddress } from "@/words/addresses";
import { digits, percent, spaced } from "@/words/figures";
import { sliceOf, sliceWords } from "@/words/slices";
import { useAsOf } from "./asOf";
import { type Anomaly, DRIVER, whyOf } from "./costs";

export function AnomalyCard({ anomaly }: { anomaly: Anomaly }) {
  const { at, until, where, driver, spentUsd, expectedUsd, highUsd, score } = anomaly;
  const [asOf] = useAsOf();
  const why = whyOf(anomaly, asOf);
  const slice = sliceOf(where);
  const name = `${sliceWords(where)}, ${at}`;
  return (
    <article className="card" aria-label={`Dearer than expected: ${name}`}>
      <h3 className="row">
        <span>
          <Instant at={at} /> to <Instant at={until} />
        </span>
        <Tag tone="warn">{DRIVER[driver]}</Tag>
      </h3>
      <p>
        <SliceName refs={where} />:{" "}
        <strong>
          <Figure value={spentUsd} unit="usd" />
        </strong>{" "}
        where <Figure value={expectedUsd} unit="usd" /> was to be expected, and at most{" "}
        <Figure value={highUsd} unit="usd" />; <Figure value={anomaly.requests} unit="count" />{" "}
        requests where <Figure value={anomaly.requestsExpected} unit="count" /> were to be expected.{" "}
        <span className="quiet">{digits(score)} standard errors from what was to be expected</span>
      </p>
      <Causes anomaly={anomaly} />
      <p className="next-onward">
        {why ? (
          <Link href={why} aria-label={`Why: ${name}`}>
            Why?
          </Link>
        ) : null}
        {slice ? (
          <Link
            href={trendsAddress({ metric: "COST", where: slice })}
            aria-label={`Trend of the cost: ${name}`}
          >
            Trend of the cost
          </Link>
        ) : null}
      </p>
    </article>
  );
}

function Causes({ anomaly: { causes, investigation } }: { anomaly: Anomaly }) {
  if (!causes.length) {
    return (
      <p className="quiet">
        {investigation === null
          ? "It was not investigated: only the dearest are. Ask why to do so."
          : "No recorded event is supported as its cause."}
      </p>
    );
  }
  return (
    <ul className="next-bars">
      {causes.map(
        ({ rank, kind, id, title, at, contribution, contributionLow, contributionHigh }) => (
          <li key={rank}>
            <span>
              {spaced(kind)}{" "}
              <CauseLink kind={kind} id={id}>
                {title || id}
              </CauseLink>{" "}
              <span className="quiet">
                <Instant at={at} />
              </span>
            </span>
            <IntervalBar
              value={contribution}
              low={contributionLow}
              high={contributionHigh}
              label={`${percent(contribution)} of it`}
            />
            <span>
              <Share value={contribution} />{" "}
              <span className="quiet">
                (95 %: <Share value={contributionLow} /> to <Share value={contributionHigh} />)
              </span>
            </span>
          </li>
        ),
      )}
    </ul>
  );
}
