// Ctrl-K: jumps to any page, deployment, incident, change, request or question by its name.
import { Command } from "cmdk";
import { useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useNames } from "@/parts/Pickers";
import { dateTime } from "@/time/instants";
import { useZone } from "@/time/zone";
import { address, requestAddress } from "@/words/addresses";
import { fitting, jumpsTo } from "./jumps";
import { ALL_PAGES } from "./pages";

// So many of a long list are offered; typing finds the others.
const MOST = 200;

export default function Palette({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const [, go] = useLocation();
  useEffect(() => dialog.current?.showModal(), []);
  const jump = (path: string) => {
    close();
    go(path);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it; this is for the pointer beside it
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Jump to"
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <Command label="Jump to" loop>
        <Command.Input
          autoFocus
          value={typed}
          onValueChange={setTyped}
          placeholder="A page, a name, a request’s id, or a question"
        />
        <Command.List>
          <Command.Empty>Nothing has this name.</Command.Empty>
          <Found typed={typed.trim()} jump={jump} />
        </Command.List>
      </Command>
    </dialog>
  );
}

type FoundProps = { typed: string; jump: (path: string) => void };

function Found({ typed, jump }: FoundProps) {
  return (
    <>
      <Command.Group heading="Pages">
        {ALL_PAGES.map(({ path, fullName }) => (
          <Command.Item key={path} value={`page ${fullName}`} onSelect={() => jump(path)}>
            {fullName}
          </Command.Item>
        ))}
      </Command.Group>
      <Names typed={typed} jump={jump} />
      {typed ? (
        <Command.Group heading="What was typed" forceMount>
          <Command.Item
            forceMount
            value={`request ${typed}`}
            onSelect={() => jump(requestAddress(typed))}
          >
            Open request <b>{typed}</b>
          </Command.Item>
          <Command.Item
            forceMount
            value={`ask ${typed}`}
            onSelect={() => jump(address("/ask", { question: typed }))}
          >
            Ask <b>{typed}</b>
          </Command.Item>
        </Command.Group>
      ) : null}
    </>
  );
}

function Names({ typed, jump }: FoundProps) {
  const names = useNames();
  const zone = useZone();
  const groups = useMemo(() => (names ? jumpsTo(names) : []), [names]);
  return groups.map(([heading, jumps]) => (
    <Command.Group key={heading} heading={heading}>
      {fitting(jumps, typed, MOST).map(({ words, name, path, at }) => (
        <Command.Item key={words} value={words} onSelect={() => jump(path)}>
          {name} {at ? <small>{dateTime(at, zone)}</small> : null}
        </Command.Item>
      ))}
    </Command.Group>
  ));
}
