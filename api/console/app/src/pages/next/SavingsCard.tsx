// Cheaper routes at equal quality: what another deployment had cost for the same requests.
import { useAnswer } from "@/api/answered";
import { Savings, type SavingsQuery } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Between, Difference, Figure, NodeLink, SliceName } from "@/parts/Known";
import type { Period } from "@/time/period";
import { difference } from "@/words/figures";
import { sliceWords } from "@/words/slices";

type Saving = SavingsQuery["savings"][number];

export function SavingsCard({ period }: { period: Period }) {
  const answered = useAnswer(Savings, { during: period }, { keep: true });
  return (
    <Asked answered={answered} what="cheaper routes" lines={6}>
      {({ savings }) =>
        savings.length ? (
          <Shown savings={savings} />
        ) : (
          <Empty title="No cheaper route at equal quality is known.">
            It takes scored requests of the like on another deployment; a longer period has more.
          </Empty>
        )
      }
    </Asked>
  );
}

function Shown({ savings }: { savings: readonly Saving[] }) {
  return (
    <ChartFrame
      title="Cheaper routes at equal quality"
      name="Cheaper routes at equal quality"
      columns={COLUMNS}
      more={LIMITS}
      rows={savings}
      rowKey={({ where, route }) => `${sliceWords(where)} ${route}`}
      first={15}
      above={
        <p className="quiet">
          What each slice had cost in this period, had another deployment served it as well.
          Intervals are of 95 %.
        </p>
      }
    />
  );
}

const figures = true;

const COLUMNS: readonly Column<Saving>[] = [
  {
    key: "where",
    title: "Slice",
    value: ({ where }) => sliceWords(where),
    cell: ({ where }) => <SliceName refs={where} />,
  },
  {
    key: "route",
    title: "Instead on",
    value: ({ route }) => route,
    cell: ({ route }) => <NodeLink kind="deployment" id={route} />,
  },
  {
    key: "spent",
    title: "Spent",
    figures,
    value: ({ spentUsd }) => spentUsd,
    cell: ({ spentUsd }) => <Figure value={spentUsd} unit="usd" />,
  },
  {
    key: "saved",
    title: "Had been saved",
    figures,
    value: ({ savedUsd }) => savedUsd,
    cell: ({ savedUsd, savedLowUsd, savedHighUsd }) => (
      <>
        <strong>
          <Figure value={savedUsd} unit="usd" />
        </strong>
        <div className="quiet">
          <Between low={savedLowUsd} high={savedHighUsd} unit="usd" />
        </div>
      </>
    ),
  },
  {
    key: "quality",
    title: "Quality there",
    figures,
    value: ({ qualityDelta }) => qualityDelta,
    cell: ({ qualityDelta, qualityLow, qualityHigh }) => (
      <>
        <Difference value={qualityDelta} unit="score" />
        <div className="quiet">
          <data value={qualityLow}>{difference(qualityLow, "score")}</data> to{" "}
          <data value={qualityHigh}>{difference(qualityHigh, "score")}</data>
        </div>
      </>
    ),
  },
  {
    key: "requests",
    title: "Requests",
    figures,
    value: ({ requests }) => requests,
    cell: ({ requests }) => <Figure value={requests} unit="count" />,
  },
  {
    key: "samples",
    title: "Worth in samples",
    figures,
    value: ({ samples }) => samples,
    cell: ({ samples }) => <Figure value={samples} unit="count" />,
  },
];

/** What stands below other figures in the table. */
const LIMITS: readonly Column<Saving>[] = [
  { key: "savedLow", title: "Saved, lower 95 %", value: ({ savedLowUsd }) => savedLowUsd },
  { key: "savedHigh", title: "Saved, upper 95 %", value: ({ savedHighUsd }) => savedHighUsd },
  { key: "qualityLow", title: "Quality, lower 95 %", value: ({ qualityLow }) => qualityLow },
  { key: "qualityHigh", title: "Quality, upper 95 %", value: ({ qualityHigh }) => qualityHigh },
];
