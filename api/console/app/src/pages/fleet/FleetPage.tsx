// The first page: what is healthy, what is not and since when, live, or as it was at any instant.
import { useMemo } from "react";
import { useAnswer } from "@/api/answered";
import { Fleet, UnderWay, type UnderWayQuery } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { Page } from "@/parts/Page";
import { Pick } from "@/parts/Pick";
import { useChoice } from "@/shell/address";
import { iso, MINUTE_MS, SECOND_MS } from "@/time/instants";
import { useNow } from "@/time/period";
import fleetMap from "../../../../../../graph/cypher/fleet_map.cypher?raw";
import { Filters, useFilter } from "./Filters";
import { FleetGrid } from "./FleetGrid";
import { FleetList } from "./FleetList";
import { type Health, kept, troubledSince } from "./fleet";
import { LiveNote } from "./LiveNote";
import { useLiveFleet } from "./live";
import { MomentNote, MomentPicker } from "./MomentBar";
import { type Moment, useMoment } from "./moment";
import { UnderWayList } from "./UnderWay";
import "./fleet.css";

// While the stream tells all, this finds what it can't tell: that it says nothing any more.
const LIVE_EVERY_MS = 15 * SECOND_MS;
const ELSE_EVERY_MS = 5 * SECOND_MS;

export default function FleetPage() {
  const [moment, setMoment] = useMoment();
  const now = moment.at === null;
  const live = useLiveFleet(now);
  const variables = now ? {} : moment;
  const fleet = useAnswer(Fleet, variables, {
    ...(now ? { everyMs: live.state === "live" ? LIVE_EVERY_MS : ELSE_EVERY_MS } : {}),
  });
  const underWay = useUnderWay(moment);
  return (
    <Page
      title="Fleet"
      beside={
        <>
          <LiveNote live={live} />
          <MomentPicker moment={moment} choose={setMoment} />
        </>
      }
      graphql={{ document: Fleet, variables }}
      cypher={{ text: fleetMap }}
    >
      <MomentNote moment={moment} choose={setMoment} />
      <Asked answered={underWay} what="open incidents" lines={2}>
        {(found) => <UnderWayList found={found} />}
      </Asked>
      <Asked answered={fleet} what="the fleet" lines={12}>
        {(data) => <Deployments fleet={data.fleet} underWay={underWay.data} {...moment} />}
      </Asked>
    </Page>
  );
}

/** Open incidents and planned work at the moment, or by the end of this minute. */
function useUnderWay({ at, knownAt }: Moment) {
  const now = useNow();
  return useAnswer(
    UnderWay,
    at === null ? { at: iso(now + MINUTE_MS) } : { at, knownAt },
    at === null ? { everyMs: 15 * SECOND_MS, keep: true } : {},
  );
}

type Props = {
  fleet: readonly Health[];
  underWay: UnderWayQuery | undefined;
} & Moment;

function Deployments({ fleet, underWay, at, knownAt }: Props) {
  const [view, setView] = useChoice("view", ["worst", "place"]);
  const [filter, choose] = useFilter();
  const shown = useMemo(() => kept(fleet, filter), [fleet, filter]);
  const since = useMemo(() => troubledSince(underWay?.incidents ?? []), [underWay]);
  if (fleet.length === 0) return <NoFleet at={at} />;
  const View = view === "worst" ? FleetList : FleetGrid;
  return (
    <>
      <div className="row fleet-tools">
        <Filters fleet={fleet} filter={filter} choose={choose} />
        <Pick
          label="Order"
          value={view}
          options={[
            ["worst", "Worst first"],
            ["place", "By place"],
          ]}
          choose={setView}
        />
      </div>
      {shown.length === 0 ? (
        <Empty title="No deployment is like that.">
          <button type="button" onClick={() => choose({ status: [], model: null, backend: null })}>
            Show all {fleet.length}
          </button>
        </Empty>
      ) : (
        <View fleet={shown} since={since} at={at} knownAt={knownAt} />
      )}
    </>
  );
}

function NoFleet({ at }: { at: string | null }) {
  if (at !== null) {
    return <Empty title="No deployment was known then.">Choose a later instant.</Empty>;
  }
  return (
    <Empty title="No deployment is known yet.">
      Tell the service of one: send a <code>deployment</code> event to <code>/v1/events</code>. It
      shows here by itself.
    </Empty>
  );
}
