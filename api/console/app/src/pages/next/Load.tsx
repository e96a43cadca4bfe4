// The load to come with its limits, and which deployments may get more than they can carry.

import { Forecast } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Page } from "@/parts/Page";
import { Pick } from "@/parts/Pick";
import { SlicePicker } from "@/parts/Pickers";
import { hoursBefore } from "@/time/hours";
import { DIMENSION_NAME } from "@/words/slices";
import bucketColumns from "../../../../../../graph/cypher/bucket_columns.cypher?raw";
import { Fan } from "./Fan";
import { GroupTotals } from "./GroupTotals";
import { byLoad, GROUPS, nameOf } from "./load";
import { PastNote, PastPicker } from "./Past";
import { RiskCard } from "./RiskCard";
import { type LoadAsked, useForecast, useLoadAsked } from "./useLoad";

export function LoadPart() {
  const asked = useLoadAsked();
  const { asOf, variables } = asked;
  return (
    <Page
      title="Next: load"
      beside={<PastPicker />}
      graphql={{ document: Forecast, variables }}
      cypher={{ text: bucketColumns, parameters: { hours: hoursBefore(asOf, 24), tenants: null } }}
    >
      <PastNote />
      <Controls asked={asked} />
      {/* What is known of one question is never shown under another. */}
      <Forecasts key={JSON.stringify(variables)} asked={asked} />
      <RiskCard asked={asked} />
    </Page>
  );
}

function Controls({ asked }: { asked: LoadAsked }) {
  const { horizon, demand, variables, where, set } = asked;
  const by = variables.groupBy?.length === 1 ? (variables.groupBy[0] ?? "") : "";
  return (
    <section className="card" aria-label="What is asked for">
      <div className="row">
        <Pick
          label="How far ahead"
          value={horizon}
          options={[
            ["1h", "1 h"],
            ["6h", "6 h"],
            ["24h", "24 h"],
          ]}
          choose={set.horizon}
        />
        <Pick
          label="Of what"
          value={demand}
          options={[
            ["requests", "Requests"],
            ["tokens", "Tokens"],
            ["cost", "Cost"],
          ]}
          choose={set.demand}
        />
        <label className="picker">
          <span>by</span>
          <select value={by} onChange={({ target }) => set.by(target.value)}>
            <option value="">nothing</option>
            {GROUPS.map((one) => (
              <option key={one} value={one}>
                {DIMENSION_NAME[one].toLowerCase()}
              </option>
            ))}
          </select>
        </label>
      </div>
      <SlicePicker where={where} choose={set.where} />
    </section>
  );
}

function Forecasts({ asked }: { asked: LoadAsked }) {
  return (
    <Asked answered={useForecast(asked)} what="the forecast" lines={9}>
      {({ forecast }) => {
        const series = byLoad(forecast);
        const drawn = series.find((one) => nameOf(one) === asked.drawn) ?? series[0];
        if (!drawn) {
          return (
            <Empty title="No request was recorded, so nothing can be told ahead.">
              Take a wider slice, or look again once requests have come in.
            </Empty>
          );
        }
        return (
          <>
            <Fan key={nameOf(drawn)} asked={asked} series={drawn} all={series} />
            {series.length > 1 ? <GroupTotals asked={asked} series={series} drawn={drawn} /> : null}
          </>
        );
      }}
    </Asked>
  );
}
