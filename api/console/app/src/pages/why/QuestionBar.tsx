// What is asked, each part of it to be changed: metric, period, slice, what to compare with, and as known when.
import { type ReactNode, useRef } from "react";
import { MetricPicker, SlicePicker } from "@/parts/Pickers";
import { instantIn, PeriodDialog, TimePicker } from "@/shell/TimePicker";
import { dateTime, iso } from "@/time/instants";
import type { PeriodChoice } from "@/time/period";
import { useZone } from "@/time/zone";
import { type Comparison, comparedBy, comparisonOf, type Question } from "./question";

type Props = {
  asked: Question;
  choice: PeriodChoice;
  change: (asked: Question) => void;
  /** What stands at the end: a button that asks. */
  children?: ReactNode;
};

export function QuestionBar({ asked, choice, change, children }: Props) {
  return (
    <section className="card why-question" aria-label="What is asked">
      <div className="row">
        <MetricPicker metric={asked.metric} choose={(metric) => change({ ...asked, metric })} />
        <TimePicker choice={choice} />
        <ComparePicker asked={asked} change={change} />
      </div>
      <div className="row">
        <SlicePicker where={asked.where} choose={(where) => change({ ...asked, where })} />
        <KnownAtPicker asked={asked} change={change} />
        {children}
      </div>
    </section>
  );
}

type PartProps = Pick<Props, "asked" | "change">;

function ComparePicker({ asked, change }: PartProps) {
  const { during, comparedTo } = asked;
  const zone = useZone();
  const dialog = useRef<HTMLDialogElement>(null);
  const comparison = comparisonOf(during, comparedTo);
  const choose = (value: Comparison | "change") => {
    if (value === "alike") change({ ...asked, comparedTo: null });
    else if (value === "before" || value === "week") {
      change({ ...asked, comparedTo: comparedBy(value, during) });
    } else dialog.current?.showModal();
  };
  const fixed = comparedTo
    ? `${dateTime(comparedTo.from, zone)} to ${dateTime(comparedTo.to, zone)}`
    : "from … to …";
  return (
    <div className="picker">
      <label className="picker">
        <span>Compared with</span>
        <select
          value={comparison}
          onChange={(event) => choose(event.target.value as Comparison | "change")}
        >
          <option value="alike">the same hours and weekdays before</option>
          <option value="before">as long just before</option>
          <option value="week">a week earlier</option>
          <option value="fixed">{comparison === "fixed" ? fixed : "from … to …"}</option>
          {comparison === "fixed" ? <option value="change">change from … to …</option> : null}
        </select>
      </label>
      <PeriodDialog
        dialog={dialog}
        period={comparedTo ?? comparedBy("week", during)}
        choose={(chosen) => change({ ...asked, comparedTo: chosen })}
      />
    </div>
  );
}

function KnownAtPicker({ asked, change }: PartProps) {
  const zone = useZone();
  const { knownAt } = asked;
  const shown = knownAt ? dateTime(knownAt, zone).replace(" ", "T") : "";
  const choose = (typed: string) => {
    // What is shown is no more exact than a minute, and in autumn an hour is there twice.
    if (typed === shown) return;
    const instant = instantIn(typed, zone);
    if (instant !== null) change({ ...asked, knownAt: iso(instant) });
  };
  return (
    <div className="picker">
      <label className="picker" title="Leaves out all that became known later">
        <span>As known at</span>
        <input
          key={shown}
          type="datetime-local"
          defaultValue={shown}
          onBlur={(event) => choose(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && choose(event.currentTarget.value)}
        />
      </label>
      {knownAt ? (
        <button type="button" onClick={() => change({ ...asked, knownAt: null })}>
          All that is known
        </button>
      ) : null}
    </div>
  );
}
