// What every group gets over the whole horizon, and which of them is drawn.
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { Between, Figure, NodeLinks, Share } from "@/parts/Known";
import { DEMANDS, type Forecasted, nameOf } from "./load";
import type { LoadAsked } from "./useLoad";

type Props = { asked: LoadAsked; series: readonly Forecasted[]; drawn: Forecasted };

export function GroupTotals({ asked, series, drawn }: Props) {
  const title = `All groups, over the next ${asked.horizon.replace("h", " h")}`;
  return (
    <ChartFrame
      title={title}
      name={title}
      columns={columns(asked, series, nameOf(drawn))}
      rows={series}
      rowKey={nameOf}
      first={8}
    />
  );
}

function columns(
  { demand, set }: LoadAsked,
  series: readonly Forecasted[],
  drawn: string,
): Column<Forecasted>[] {
  const { unit } = DEMANDS[demand];
  const sum = series.reduce((all, { total }) => all + total.expected, 0);
  const share = ({ total }: Forecasted) => (sum > 0 ? total.expected / sum : null);
  return [
    {
      key: "group",
      title: "Group",
      value: nameOf,
      cell: ({ key }) => <NodeLinks refs={key} />,
    },
    {
      key: "expected",
      title: "Expected",
      figures: true,
      value: ({ total }) => total.expected,
      cell: ({ total }) => <Figure value={total.expected} unit={unit} />,
    },
    {
      key: "eighty",
      title: "80 %",
      figures: true,
      value: ({ total }) => total.high80,
      cell: ({ total }) => <Between low={total.low80} high={total.high80} unit={unit} />,
    },
    {
      key: "share",
      title: "Share",
      figures: true,
      value: share,
      cell: (one) => <Share value={share(one)} />,
    },
    {
      key: "warnings",
      title: "Warnings",
      value: ({ warnings }) => warnings.join("; "),
      cell: ({ warnings }) => warnings.join("; ") || "none",
    },
    {
      key: "drawn",
      title: "Drawn",
      value: (one) => (nameOf(one) === drawn ? 1 : 0),
      cell: (one) => (
        <button
          type="button"
          className="next-small"
          aria-pressed={nameOf(one) === drawn}
          aria-label={`Draw ${nameOf(one)}`}
          onClick={() => set.drawn(nameOf(one))}
        >
          Draw
        </button>
      ),
    },
  ];
}
