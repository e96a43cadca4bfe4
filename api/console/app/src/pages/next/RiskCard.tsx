// Which deployments may get more load than they can carry, as things are and without some of them.
import { Asked, Empty } from "@/parts/Asked";
import { ChartFrame } from "@/parts/ChartFrame";
import { NodeLinks } from "@/parts/Known";
import { counted } from "@/words/figures";
import { MovedLoad } from "./MovedLoad";
import { AT_RISK, chance, type Risk, summaryOf, takingOver } from "./risk";
import { riskColumns, TOLD } from "./riskColumns";
import type { LoadAsked } from "./useLoad";
import { useRisk, useWithout } from "./useRisk";
import { Without } from "./Without";

export function RiskCard({ asked }: { asked: LoadAsked }) {
  const [without] = useWithout();
  const answered = useRisk(asked, without);
  const usual = useRisk(asked, [], without.length > 0);
  const before = without.length ? usual.data?.capacityRisk : undefined;
  return (
    <>
      <Without />
      {/* What is known of one question is never shown under another. */}
      <Asked key={without.join()} answered={answered} what="the risk of overload" lines={8}>
        {({ capacityRisk }) => <Risks risks={capacityRisk} before={before} without={without} />}
      </Asked>
    </>
  );
}

type Props = {
  risks: readonly Risk[];
  /** The same as things are, where some are imagined lost. */
  before: readonly Risk[] | undefined;
  without: readonly string[];
};

function Risks({ risks, before, without }: Props) {
  if (!risks.length) {
    return (
      <Empty title="No deployment is known, so nothing can be overloaded.">
        Send configuration or requests first; the fleet shows what has arrived.
      </Empty>
    );
  }
  const columns = riskColumns(without.length > 0, before);
  const rowKey = ({ deployment }: Risk) => deployment;
  const named = without.length
    ? `Risk of overload without ${without.join(", ")}`
    : "Risk of overload";
  return (
    <>
      {without.length ? (
        <MovedLoad taking={takingOver(risks)} before={before} without={without} />
      ) : null}
      <ChartFrame
        title={named}
        name={named}
        columns={columns}
        more={TOLD}
        rows={risks}
        rowKey={rowKey}
        first={25}
        above={
          <>
            <Said risks={risks} />
            <p className="quiet">
              In requests per second of all tenants: a deployment carries them together. Within the
              horizon chosen above.
            </p>
          </>
        }
      />
    </>
  );
}

/** The same in words; what is not known is never called safe. */
function Said({ risks }: { risks: readonly Risk[] }) {
  const { atRisk, judged, unknown, lost } = summaryOf(risks);
  return (
    <p>
      <strong>
        {judged
          ? `${atRisk.length || "None"} of ${counted(judged, "deployment")} whose capacity is known ${atRisk.length > 1 ? "are" : "is"} at risk: ${chance(AT_RISK)} or more likely to get too much.`
          : "Whether any is at risk is not known, as no capacity is."}
      </strong>{" "}
      {unknown.length ? <Listed words="Not known what they can carry:" risks={unknown} /> : null}
      {lost.length ? <Listed words="Serving nothing:" risks={lost} /> : null}
    </p>
  );
}

function Listed({ words, risks }: { words: string; risks: readonly Risk[] }) {
  return (
    <>
      {words}{" "}
      <NodeLinks refs={risks.map(({ deployment }) => ({ kind: "deployment", id: deployment }))} />.{" "}
    </>
  );
}
