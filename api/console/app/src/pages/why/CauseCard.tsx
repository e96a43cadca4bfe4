// One cause: how much of the change it accounts for, how, on what evidence, and what to do with it.
import { Link } from "wouter";
import { Fact } from "@/parts/Fact";
import { IntervalBar } from "@/parts/Interval";
import { CauseLink, Instant, MetricFigure, Share, SliceName, Tag } from "@/parts/Known";
import { requestsAddress } from "@/words/addresses";
import { percent, spaced } from "@/words/figures";
import { hurt } from "./onward";
import type { Cause, Found, Question } from "./question";
import type { Scale } from "./scale";
import { mechanismWords } from "./verdicts";
import { WhatIfs } from "./WhatIfs";

type Props = { cause: Cause; found: Found; asked: Question; scale: Scale };

export function CauseCard({ cause, found, asked, scale }: Props) {
  const { rank, kind, id, title, at, contribution, contributionLow, contributionHigh } = cause;
  const limits = `${percent(contributionLow)} to ${percent(contributionHigh)}`;
  return (
    <article className="why-cause" data-cause={id}>
      <header className="row">
        <span className="why-rank" aria-hidden="true">
          {rank}
        </span>
        <h3>
          <CauseLink kind={kind} id={id}>
            {title || id}
          </CauseLink>
        </h3>
        <Tag tone={kind === "incident" ? "bad" : "accent"}>{spaced(kind)}</Tag>
        <span className="quiet">
          {id}, <Instant at={at} />
        </span>
      </header>
      <div className="why-bar">
        <IntervalBar
          value={contribution}
          low={contributionLow}
          high={contributionHigh}
          {...scale}
          label={`${percent(contribution)} of the change, 95 % interval ${limits}`}
        />
        <span>
          <Share value={contribution} /> of the change{" "}
          <span className="quiet">
            (95 %: <Share value={contributionLow} /> to <Share value={contributionHigh} />)
          </span>
        </span>
      </div>
      <Facts cause={cause} found={found} />
      <Evidence cause={cause} />
      <p className="why-onward">
        <Link
          href={requestsAddress(hurt(asked, cause))}
          aria-label={`Requests that it reached: ${title}`}
        >
          Requests that it reached
        </Link>
      </p>
      <WhatIfs cause={cause} asked={asked} />
    </article>
  );
}

function Facts({ cause, found }: Pick<Props, "cause" | "found">) {
  return (
    <dl className="facts">
      <Fact name="What it did">{mechanismWords(cause, found.metric, found.delta)}</Fact>
      <Fact name="Without it">
        <MetricFigure metric={found.metric} value={cause.counterfactual} />{" "}
        <span className="quiet">
          instead of <MetricFigure metric={found.metric} value={found.after} />
        </span>
      </Fact>
      <Fact name="Confidence">
        <Share value={cause.confidence} />
      </Fact>
      {cause.where.length ? (
        <Fact name="It acted on">
          <SliceName refs={cause.where} />
        </Fact>
      ) : null}
    </dl>
  );
}

function Evidence({ cause: { evidence, evidenceAgainst } }: Pick<Props, "cause">) {
  return (
    <div className="why-evidence">
      <div>
        <h4>For it</h4>
        <ul>
          {evidence.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </div>
      <div>
        <h4>Against it</h4>
        {evidenceAgainst.length ? (
          <ul>
            {evidenceAgainst.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        ) : (
          <p className="quiet">Nothing that was looked at speaks against it.</p>
        )}
      </div>
    </div>
  );
}
