// The frame of a page: its title, in the window too, and the doors to GraphiQL and Neo4j Browser.
import { type ReactNode, useEffect, useRef } from "react";
import { useLocation } from "wouter";
import type { TrustedDocument } from "@/api/trusted";
import { about } from "@/shell/about";
import { graphiqlAddress, neo4jAddress } from "@/words/addresses";

type Behind<Data, Variables> = {
  document: TrustedDocument<Data, Variables>;
  variables: Variables;
};

type Props = {
  title: string;
  /** What stands beside the title: a state, a period. */
  beside?: ReactNode;
  /** The GraphQL behind what is on the page. */
  // biome-ignore lint/suspicious/noExplicitAny: any document may be opened in GraphiQL
  graphql?: Behind<any, any>;
  /** The Cypher that shows the same in the graph, with its parameters. */
  cypher?: { text: string; parameters?: Record<string, unknown> };
  children: ReactNode;
};

export function Page({ title, beside, graphql, cypher, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [location] = useLocation();
  useEffect(() => {
    document.title = `${title} · Routecause`;
  }, [title]);
  // A new page is read from its top, by eyes and by screen readers.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the location is what the page changes with
  useEffect(() => {
    window.scrollTo(0, 0);
    if (document.activeElement === document.body) return;
    heading.current?.focus({ preventScroll: true });
  }, [location]);
  return (
    <main id="page">
      <div className="page-head">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {beside}
        <div className="page-doors">
          {graphql && about.graphiql ? (
            <a href={graphiqlAddress(graphql.document.text, graphql.variables)}>GraphiQL</a>
          ) : null}
          {cypher && about.neo4jBrowser ? (
            <a href={neo4jAddress(about.neo4jBrowser, cypher.text, cypher.parameters)}>
              Neo4j Browser
            </a>
          ) : null}
        </div>
      </div>
      {children}
    </main>
  );
}
