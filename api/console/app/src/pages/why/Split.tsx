// The change split exactly, by what moved and by the mix along each dimension; each split sums to the change.

import type { Metric } from "@/api/generated";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { Difference, Share } from "@/parts/Known";
import { percent, UNIT_OF } from "@/words/figures";
import type { Found } from "./question";
import { type Scale, scaleOf } from "./scale";
import { mixWords, partWords } from "./verdicts";

type Part = Found["parts"][number];

export function Split({ found: { parts, mix, metric } }: { found: Found }) {
  if (!parts.length && !mix.length) return null;
  const scale = scaleOf([...parts, ...mix].map(({ share }) => share));
  return (
    <div className="why-beside why-even">
      <OneSplit title="What moved" parts={parts} words={partWords} {...{ metric, scale }} />
      <OneSplit
        title="Mix, and what is within"
        parts={mix}
        words={mixWords}
        {...{ metric, scale }}
      />
    </div>
  );
}

type Props = {
  title: string;
  parts: Part[];
  words: (name: string) => string;
  metric: Metric;
  scale: Scale;
};

function OneSplit({ title, parts, words, metric, scale }: Props) {
  if (!parts.length) return null;
  const sum = {
    name: "sum",
    effect: parts.reduce((whole, { effect }) => whole + effect, 0),
    share: parts.reduce((whole, { share }) => whole + share, 0),
  };
  const named = (part: Part) => (part === sum ? "Sum: the change" : words(part.name));
  const rows = [...parts, sum];
  return (
    <ChartFrame
      title={title}
      name={title}
      columns={columnsOf(metric, named)}
      rows={rows}
      rowKey={({ name }) => name}
      chart={
        <ul className="why-parts">
          {rows.map((part) => (
            <li
              key={part.name}
              data-sum={part === sum || undefined}
              data-worked-out={part === sum || undefined}
            >
              <span>{named(part)}</span>
              <IntervalBar
                value={part.share}
                {...scale}
                label={`${percent(part.share)} of the change`}
              />
              <Share value={part.share} />
              <Difference value={part.effect} unit={UNIT_OF[metric]} />
            </li>
          ))}
        </ul>
      }
    />
  );
}

function columnsOf(metric: Metric, named: (part: Part) => string): Column<Part>[] {
  return [
    { key: "name", title: "What", value: named },
    {
      key: "share",
      title: "Share of the change",
      figures: true,
      value: ({ share }) => share,
      cell: ({ share }) => <Share value={share} />,
    },
    {
      key: "effect",
      title: "Effect",
      figures: true,
      value: ({ effect }) => effect,
      cell: ({ effect }) => <Difference value={effect} unit={UNIT_OF[metric]} />,
    },
  ];
}
