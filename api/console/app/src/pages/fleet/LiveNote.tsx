// Says whether the fleet on the page is followed as it changes, and when that is tried again.
import { span } from "@/time/instants";
import { useNow } from "@/time/period";
import type { Live } from "./live";

const WORD = { off: "", joining: "Joining…", live: "Live", broken: "Not live" };

export function LiveNote({ live }: { live: Live }) {
  if (live.state === "off") return null;
  return (
    <p className="fleet-live" data-live={live.state}>
      <i aria-hidden="true" />
      <span role="status">{WORD[live.state]}</span>
      {live.state === "broken" ? <Again at={live.again} /> : null}
    </p>
  );
}

function Again({ at }: { at: number | null }) {
  const now = useNow(1000);
  if (at === null) return <span className="quiet">live again when the service answers</span>;
  return <span className="quiet">tried again in {span(at - now)}</span>;
}
