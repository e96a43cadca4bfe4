// Where the change is: the fewest slices that carry it, each with its share and what leads on from it.
import { Link } from "wouter";
import { Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { Difference, Figure, MetricFigure, Share, SliceName } from "@/parts/Known";
import { requestsAddress, trendsAddress, whyAddress } from "@/words/addresses";
import { percent, UNIT_OF } from "@/words/figures";
import { narrowed, sliceOf, sliceWords } from "@/words/slices";
import { telling } from "@/words/telling";
import type { Found, Question } from "./question";
import { type Scale, scaleOf } from "./scale";

type Slice = Found["slices"][number];
type Props = { found: Found; asked: Question };

export function Where({ found, asked }: Props) {
  const { slices } = found;
  if (!slices.length) {
    return (
      <Empty title="Where: no slice stands out.">
        Either nothing changed, or the change is the same everywhere.
      </Empty>
    );
  }
  const scale = scaleOf(slices.map(({ share }) => share));
  return (
    <ChartFrame
      title="Where"
      name="Where the change is"
      columns={columnsOf(asked)}
      rows={slices}
      rowKey={({ where }) => sliceWords(where)}
      chart={
        <ol className="why-slices">
          {slices.map((slice) => (
            <li key={sliceWords(slice.where)}>
              <OneSlice slice={slice} scale={scale} asked={asked} />
            </li>
          ))}
        </ol>
      }
    >
      {slices.length > 1 ? (
        <p className="quiet">Slices may overlap, so their shares need not sum to the whole.</p>
      ) : null}
    </ChartFrame>
  );
}

function OneSlice({ slice, scale, asked }: { slice: Slice; scale: Scale; asked: Question }) {
  const { where, share, before, after, mixEffect, withinEffect } = slice;
  const unit = UNIT_OF[asked.metric];
  return (
    <div className="why-slice">
      <h3>
        <SliceName refs={where} />
      </h3>
      <div className="why-bar">
        <IntervalBar value={share} {...scale} label={`${percent(share)} of the change`} />
        <span>
          <Share value={share} /> of the change
        </span>
      </div>
      <p>
        {before === null && after === null ? null : (
          <>
            <MetricFigure metric={asked.metric} value={before} /> →{" "}
            <MetricFigure metric={asked.metric} value={after} />{" "}
          </>
        )}
        <span className="quiet">
          on <Figure value={slice.requestsBefore} unit="count" /> →{" "}
          <Figure value={slice.requestsAfter} unit="count" /> requests; its own change did{" "}
          <Difference value={withinEffect} unit={unit} />, more or less of it{" "}
          <Difference value={mixEffect} unit={unit} />
        </span>
      </p>
      <Onward where={where} asked={asked} />
    </div>
  );
}

/** What leads on from a slice, where it is one that can be asked for. */
function Onward({ where, asked }: { where: Slice["where"]; asked: Question }) {
  const inside = sliceOf(where);
  if (!inside) {
    return <p className="quiet">There is no filter for all of this; its parts lead to Trends.</p>;
  }
  const { metric, during } = asked;
  const only = narrowed(asked.where, inside);
  const name = sliceWords(where);
  return (
    <p className="why-onward">
      <Link href={whyAddress({ ...asked, where: only })} aria-label={`Why, only this: ${name}`}>
        Why, only this
      </Link>
      <Link
        href={trendsAddress({ metric, period: during, where: only })}
        aria-label={`Trends of ${name}`}
      >
        Trends
      </Link>
      <Link
        href={requestsAddress(telling(metric, only, during))}
        aria-label={`Requests of ${name}`}
      >
        Requests
      </Link>
    </p>
  );
}

function columnsOf({ metric }: Question): Column<Slice>[] {
  const unit = UNIT_OF[metric];
  const figures = true;
  return [
    {
      key: "where",
      title: "Slice",
      value: ({ where }) => sliceWords(where),
      cell: ({ where }) => <SliceName refs={where} />,
    },
    {
      key: "share",
      title: "Share",
      figures,
      value: ({ share }) => share,
      cell: ({ share }) => <Share value={share} />,
    },
    {
      key: "before",
      title: "Before",
      figures,
      value: ({ before }) => before,
      cell: ({ before }) => <MetricFigure metric={metric} value={before} />,
    },
    {
      key: "after",
      title: "After",
      figures,
      value: ({ after }) => after,
      cell: ({ after }) => <MetricFigure metric={metric} value={after} />,
    },
    {
      key: "within",
      title: "Its own change",
      figures,
      value: ({ withinEffect }) => withinEffect,
      cell: ({ withinEffect }) => <Difference value={withinEffect} unit={unit} />,
    },
    {
      key: "mix",
      title: "More or less of it",
      figures,
      value: ({ mixEffect }) => mixEffect,
      cell: ({ mixEffect }) => <Difference value={mixEffect} unit={unit} />,
    },
    {
      key: "requestsBefore",
      title: "Requests before",
      figures,
      value: ({ requestsBefore }) => requestsBefore,
    },
    { key: "requestsAfter", title: "After", figures, value: ({ requestsAfter }) => requestsAfter },
  ];
}
