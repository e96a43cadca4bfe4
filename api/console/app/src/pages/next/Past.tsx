// Chooses as of when the page tells what comes next, and says so wherever that is not now.
import { AsOfButton, AsOfNote } from "@/shell/AsOf";
import { useAsOf } from "./asOf";

export function PastPicker() {
  const [asOf, choose] = useAsOf();
  return <AsOfButton at={asOf} title="As it would have been told then" choose={choose} />;
}

/** Says that this is the past, and the way back to now. */
export function PastNote() {
  const [asOf, choose] = useAsOf();
  if (asOf === null) return null;
  return <AsOfNote at={asOf} said="This does not change by itself." choose={choose} />;
}
