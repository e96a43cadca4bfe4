// Chooses the instant that the fleet is shown at, and whose knowledge of it counts.
import { Instant } from "@/parts/Known";
import { AsOfButton, AsOfNote } from "@/shell/AsOf";
import type { Moment } from "./moment";

type Props = { moment: Moment; choose: (moment: Moment) => void };

/** The button that leads back in time. */
export function MomentPicker({ moment, choose }: Props) {
  return (
    <AsOfButton
      at={moment.at}
      title="The fleet as it was"
      choose={(at, given) => choose({ at, knownAt: given.has("known") ? at : null })}
    >
      <label className="fleet-check">
        <input type="checkbox" name="known" defaultChecked={moment.knownAt !== null} />
        As known then: leave out what was recorded later
      </label>
    </AsOfButton>
  );
}

/** Says that this is the past, whose knowledge it shows, and the way back to now. */
export function MomentNote({ moment: { at, knownAt }, choose }: Props) {
  if (at === null) return null;
  const known = (instant: string | null) => (knownAt === null ? null : instant);
  return (
    <AsOfNote
      at={at}
      said={
        knownAt === null ? (
          "With all that is known today; this does not change by itself."
        ) : (
          <>
            Only with what was known at <Instant at={knownAt} />.
          </>
        )
      }
      choose={(next) => choose({ at: next, knownAt: known(next) })}
    >
      <label className="fleet-check">
        <input
          type="checkbox"
          checked={knownAt !== null}
          onChange={(event) => choose({ at, knownAt: event.target.checked ? at : null })}
        />
        As known then
      </label>
    </AsOfNote>
  );
}
