// Where the load of what is imagined lost goes, and what that does to who takes it over.
import { Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import type { Column } from "@/parts/DataTable";
import { IntervalBar } from "@/parts/Interval";
import { Figure, NodeLink } from "@/parts/Known";
import { digits } from "@/words/figures";
import { AT_RISK, type Risk } from "./risk";
import { Chance } from "./riskColumns";

type Props = {
  taking: readonly Risk[];
  before: readonly Risk[] | undefined;
  without: readonly string[];
};

export function MovedLoad({ taking, before, without }: Props) {
  const most = Math.max(...taking.map(({ movedLoad }) => movedLoad));
  const usual = new Map(before?.map((risk) => [risk.deployment, risk]));
  const title = `Where the load of ${without.join(", ")} goes`;
  if (!taking.length) {
    return (
      <Empty title={`${title}: nowhere that is known.`}>
        Either nothing is sent there, or nothing else may serve it.
      </Empty>
    );
  }
  return (
    <ChartFrame
      title={title}
      name={title.toLowerCase()}
      columns={COLUMNS}
      rows={taking}
      rowKey={({ deployment }) => deployment}
      chart={
        <ul className="next-bars">
          {taking.map(({ deployment, movedLoad, probabilityOverload }) => (
            <li key={deployment}>
              <NodeLink kind="deployment" id={deployment} />
              <IntervalBar
                value={movedLoad}
                to={most}
                label={`${deployment} takes over ${digits(movedLoad)} requests per second`}
              />
              <span>
                +<Figure value={movedLoad} unit="rate" /> requests/s;{" "}
                <span data-risk={(probabilityOverload ?? 0) >= AT_RISK || undefined}>
                  overload <Chance value={usual.get(deployment)?.probabilityOverload} /> →{" "}
                  <Chance value={probabilityOverload} />
                </span>
              </span>
            </li>
          ))}
        </ul>
      }
    />
  );
}

const COLUMNS: readonly Column<Risk>[] = [
  { key: "deployment", title: "Deployment", value: ({ deployment }) => deployment },
  {
    key: "moved",
    title: "Takes over, requests per second",
    figures: true,
    value: ({ movedLoad }) => movedLoad,
    cell: ({ movedLoad }) => <Figure value={movedLoad} unit="rate" />,
  },
  {
    key: "probability",
    title: "Overload",
    figures: true,
    value: ({ probabilityOverload }) => probabilityOverload,
    cell: ({ probabilityOverload }) => <Chance value={probabilityOverload} />,
  },
];
