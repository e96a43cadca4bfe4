// Every group before and after, with intervals: picks what is drawn, and leads to why it changed.
import { Link } from "wouter";
import { Asked as Answer, Empty } from "@/parts/Asked";
import { type Column, DataTable } from "@/parts/DataTable";
import {
  Between,
  Difference,
  Figure,
  Instant,
  MetricFigure,
  NodeLink,
  NodeLinks,
} from "@/parts/Known";
import { whyAddress } from "@/words/addresses";
import { BETTER, METRIC_NAME, UNIT_OF } from "@/words/figures";
import { type Asked, againstWords } from "./asked";
import { type Compared, isNone, keyText, LINES_AT_MOST, nameOf, sliceOfGroup } from "./groups";
import { latestOf } from "./lines";
import type { Trends } from "./useTrends";

type Props = { asked: Asked; trends: Trends };
type Cell = { one: Compared } & Props;

export function GroupTable({ asked, trends }: Props) {
  const { comparedTo, compared } = trends;
  return (
    <section className="card" aria-labelledby="trends-groups">
      <h2 id="trends-groups">Against {againstWords(asked.against, asked.period)}</h2>
      <p className="quiet">
        Before is <Instant at={comparedTo.from} /> to <Instant at={comparedTo.to} />. What is bold
        changed by more than chance explains (95 %).
      </p>
      <Answer answered={compared} what="the groups" lines={6}>
        {({ compare }) =>
          compare.length ? (
            <DataTable
              caption="Groups before and after"
              columns={columns({ asked, trends })}
              rows={compare}
              rowKey={({ key }) => keyText(key)}
              sorted={{ key: "delta", descending: BETTER[asked.metric] !== 1 }}
              first={25}
            />
          ) : (
            <Empty title="No group has requests in either period.">
              Take a longer period, or leave out a part of the slice.
            </Empty>
          )
        }
      </Answer>
    </section>
  );
}

function columns(given: Props): Column<Compared>[] {
  const { asked, trends } = given;
  const { metric, groupBy } = asked;
  const unit = UNIT_OF[metric];
  const latest = new Map(trends.series.map((one) => [keyText(one.key), latestOf(one)]));
  return [
    ...(groupBy.length ? grouped(given) : []),
    {
      key: "latest",
      title: "Latest",
      figures: true,
      value: ({ key }) => latest.get(keyText(key))?.value,
      cell: ({ key }) => (
        <Figure
          value={latest.get(keyText(key))?.value}
          unit={unit}
          why="known of drawn lines only"
        />
      ),
    },
    {
      key: "after",
      title: METRIC_NAME[metric],
      figures: true,
      value: ({ after }) => after,
      cell: ({ after }) => <MetricFigure metric={metric} value={after} />,
    },
    {
      key: "interval",
      title: "95 % interval",
      figures: true,
      value: ({ afterLow }) => afterLow,
      cell: ({ afterLow, afterHigh }) => <Between low={afterLow} high={afterHigh} unit={unit} />,
    },
    {
      key: "before",
      title: "Before",
      figures: true,
      value: ({ before }) => before,
      cell: ({ before }) => <MetricFigure metric={metric} value={before} />,
    },
    {
      key: "delta",
      title: "Change",
      figures: true,
      value: ({ delta }) => delta,
      cell: (one) => <Change one={one} {...given} />,
    },
    {
      key: "count",
      title: metric === "QUALITY" ? "Scores" : "Requests",
      figures: true,
      value: ({ countAfter }) => countAfter,
      cell: ({ countAfter, countBefore }) => (
        <span className="trends-change">
          <Figure value={countAfter} unit="count" />
          <small className="quiet">
            before <Figure value={countBefore} unit="count" />
          </small>
        </span>
      ),
    },
    {
      key: "why",
      title: "Cause",
      value: () => null,
      cell: (one) => <WhyLink one={one} {...given} />,
    },
  ];
}

/** Which line a group has, and its name. */
function grouped(given: Props): Column<Compared>[] {
  const places = new Map(given.trends.groups.map(({ key }, place) => [keyText(key), place]));
  return [
    {
      key: "drawn",
      title: "Drawn",
      value: ({ key }) => places.get(keyText(key)),
      cell: (one) => <Picked one={one} {...given} place={places.get(keyText(one.key))} />,
    },
    {
      key: "group",
      title: "Group",
      value: ({ key }) => nameOf(key),
      cell: ({ key }) => (
        <span className="trends-group">
          <NodeLinks refs={key}>
            {(ref) => (isNone(ref) ? nameOf([ref]) : <NodeLink {...ref} />)}
          </NodeLinks>
        </span>
      ),
    },
  ];
}

/** Whether a group is drawn, and in which colour. */
function Picked({ one, asked, trends, place }: Cell & { place: number | undefined }) {
  const key = keyText(one.key);
  const shown = trends.groups.map((group) => keyText(group.key));
  const chosen = place !== undefined;
  const toggle = () => {
    const next = chosen ? shown.filter((other) => other !== key) : [...shown, key];
    asked.change({ lines: next.join(",") || null });
  };
  return (
    <label className="trends-check">
      <input
        type="checkbox"
        checked={chosen}
        disabled={!chosen && shown.length >= LINES_AT_MOST}
        onChange={toggle}
      />
      <span className="unseen">draw {nameOf(one.key)}</span>
      <i
        className="trends-swatch"
        style={chosen ? { background: `var(--line-${place + 1})` } : undefined}
      />
    </label>
  );
}

function Change({ one: { delta, deltaLow, deltaHigh }, asked: { metric } }: Cell) {
  const unit = UNIT_OF[metric];
  const beyond = deltaLow !== null && deltaHigh !== null && (deltaLow > 0 || deltaHigh < 0);
  const good = delta === null ? 0 : Math.sign(delta) * BETTER[metric];
  const tone = !beyond || good === 0 ? undefined : good > 0 ? "better" : "worse";
  const title = tone ? `${tone} than before` : undefined;
  return (
    <span
      className="trends-change"
      data-beyond={beyond || undefined}
      data-tone={tone}
      title={title}
    >
      <span>
        {tone ? <span className="trends-tone">{tone} </span> : null}
        <Difference value={delta} unit={unit} />
      </span>
      {deltaLow === null ? null : (
        <small className="quiet">
          <Difference value={deltaLow} unit={unit} /> to{" "}
          <Difference value={deltaHigh} unit={unit} />
        </small>
      )}
    </span>
  );
}

function WhyLink({ one, asked, trends }: Cell) {
  const { metric, period, knownAt } = asked;
  const where = sliceOfGroup(one.key, asked.where);
  // No slice tells some dimensions apart, such as the length of the prompt.
  if (where === null || one.delta === null) return null;
  const href = whyAddress({
    metric,
    during: period,
    comparedTo: trends.comparedTo,
    where,
    knownAt,
  });
  return (
    <Link href={href} aria-label={`Why: ${nameOf(one.key)}`}>
      Why?
    </Link>
  );
}
