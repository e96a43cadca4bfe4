// A draft of the postmortem, drawn up when asked for, to be corrected here and saved as Markdown.
import { useState } from "react";
import { Link } from "wouter";
import { useAnswer } from "@/api/answered";
import { Postmortem, type PostmortemQuery } from "@/api/generated";
import { Asked, Empty } from "@/parts/Asked";
import { save } from "@/parts/DataTable";
import { Instant } from "@/parts/Known";
import { investigationAddress } from "@/words/addresses";

type Draft = NonNullable<PostmortemQuery["postmortem"]>;

export function PostmortemCard({ incident }: { incident: string }) {
  const [wanted, setWanted] = useState(false);
  const answered = useAnswer(Postmortem, { incident }, { enabled: wanted });
  return (
    <section className="card" aria-labelledby="postmortem">
      <h2 id="postmortem">Postmortem</h2>
      {wanted ? (
        <Asked answered={answered} what="the draft" lines={12}>
          {({ postmortem }) =>
            postmortem ? (
              <Drafted key={postmortem.generatedAt} draft={postmortem} />
            ) : (
              <Empty title="There is nothing to draft from." />
            )
          }
        </Asked>
      ) : (
        <div className="row">
          <button type="button" onClick={() => setWanted(true)}>
            Draft a postmortem
          </button>
          <span className="quiet">
            Timeline, impact, cause with its evidence, and what is not known. Every figure is
            measured.
          </span>
        </div>
      )}
    </section>
  );
}

function Drafted({ draft }: { draft: Draft }) {
  const [text, setText] = useState(draft.markdown);
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <>
      <div className="row">
        <button
          type="button"
          className="main"
          onClick={() => save(`postmortem-${draft.incident.id}.md`, text, "text/markdown")}
        >
          Save as Markdown
        </button>
        <button type="button" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
        <span className="quiet">
          Drawn up <Instant at={draft.generatedAt} seconds />
        </span>
        {draft.investigation ? (
          <Link href={investigationAddress(draft.investigation)}>The investigation behind it</Link>
        ) : null}
      </div>
      <label>
        <span className="unseen">The draft</span>
        <textarea
          className="incidents-draft"
          rows={28}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
    </>
  );
}
