// What the service says of itself in the page that it serves: which doors there are.

type About = {
  /** Whether GraphiQL is served at /graphql. */
  graphiql: boolean;
  /** The address of Neo4j Browser; null where none was told. */
  neo4jBrowser: string | null;
  /** The address of the guide, opened in Neo4j Browser. */
  guide: string | null;
  metrics: boolean;
};

const NOTHING: About = { graphiql: true, neo4jBrowser: null, guide: null, metrics: false };

function read(): About {
  const told = document.querySelector<HTMLMetaElement>('meta[name="routecause"]')?.content ?? "";
  try {
    return { ...NOTHING, ...(JSON.parse(told) as Partial<About>) };
  } catch {
    // The page of the development server, which nobody filled in.
    return NOTHING;
  }
}

export const about = read();
