// A button that copies text to the clipboard, and says what came of it.
import { useState } from "react";

type Props = {
  name: string;
  text: () => string;
  /** What to do where the browser does not let it. */
  otherwise: string;
};

export function Copy({ name, text, otherwise }: Props) {
  const [told, tell] = useState("");
  const copy = async () => {
    try {
      // Without TLS there may be no clipboard at all.
      await navigator.clipboard.writeText(text());
      tell("Copied.");
    } catch {
      tell(`The browser did not allow it; ${otherwise}.`);
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()}>
        {name}
      </button>
      <span role="status">{told}</span>
    </>
  );
}
