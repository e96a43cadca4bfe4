// Questions as React sees them: what is known, how old it is, and what went wrong since.
import { keepPreviousData, QueryClient, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { AnswerError, ask } from "./client";
import { useConnection } from "./connection";
import type { TrustedDocument } from "./trusted";

export type Answered<Data> = {
  /** The last answer, even where a later one failed. */
  data: Data | undefined;
  /** Why the last question got no answer. */
  problem: AnswerError | null;
  /** Whether nothing is known yet. */
  loading: boolean;
  /** Whether a question is on its way. */
  asking: boolean;
  /** Whether what is shown is older than it should be. */
  stale: boolean;
  /** When the answer came, in ms since 1970; 0 before the first. */
  at: number;
  again: () => void;
};

export type Asking = {
  /** Ask again this often. */
  everyMs?: number;
  /** False holds the question back. */
  enabled?: boolean;
  /** Show the answer to the last question until the next one's is there, or where that gets none. */
  keep?: boolean;
};

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        gcTime: 10 * 60_000,
        // An error is shown at once; what passes is asked again when the service is back.
        retry: false,
        networkMode: "always",
        refetchOnWindowFocus: true,
      },
    },
  });
}

/** Ask a question, and again whenever it should be. */
export function useAnswer<Data, Variables>(
  document: TrustedDocument<Data, Variables>,
  variables: Variables,
  { everyMs, enabled = true, keep = false }: Asking = {},
): Answered<Data> {
  const { up } = useConnection();
  const query = useQuery<Data, Error>({
    queryKey: [document.name, variables],
    queryFn: ({ signal }) => ask(document, variables, signal),
    enabled,
    refetchInterval: everyMs ?? false,
    ...(keep ? { placeholderData: keepPreviousData } : {}),
  });
  const problem = query.error === null ? null : problemOf(query.error);
  const question = withoutInstants(document.name, variables);
  const last = useRef<{ question: string; data: Data; at: number } | null>(null);
  if (query.data !== undefined && !query.isPlaceholderData) {
    last.current = { question, data: query.data, at: query.dataUpdatedAt };
  }
  // A period that ends now is a new question each minute: where that gets no answer, the last stays.
  const kept = keep && last.current?.question === question ? last.current.data : undefined;
  const data = query.data ?? kept;
  return {
    data,
    problem,
    loading: data === undefined && problem === null,
    asking: query.isFetching,
    stale: data !== undefined && (problem !== null || !up),
    at: last.current?.at ?? 0,
    again: () => void query.refetch(),
  };
}

const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** What is asked for, whenever it is asked about. */
function withoutInstants(name: string, variables: unknown): string {
  return `${name} ${JSON.stringify(variables).replace(INSTANT, "")}`;
}

function problemOf(error: Error): AnswerError {
  return error instanceof AnswerError ? error : new AnswerError(error.message, "ERROR");
}
