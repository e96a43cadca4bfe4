// Questions as React sees them: what is known, how old it is, and what went wrong since.
import { QueryClient, useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { AnswerError, ask } from "./client";
import { useConnection } from "./connection";
import { sameQuestion } from "./questions";
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

type Asking = {
  /** Ask again this often. */
  everyMs?: number;
  /** False holds the question back. */
  enabled?: boolean;
  /** While a period that ends now moves on: show the last answer until the next one is there. */
  keep?: boolean;
  /** Ask again only where it was asked for, or the service was away: what is worked out at length, or changed by hand afterwards. */
  once?: boolean;
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
  { everyMs, enabled = true, keep = false, once = false }: Asking = {},
): Answered<Data> {
  const { up } = useConnection();
  const query = useQuery<Data, Error>({
    queryKey: [document.name, variables],
    queryFn: ({ signal }) => ask(document, variables, signal),
    enabled,
    refetchInterval: everyMs ?? false,
    ...(once ? { staleTime: Number.POSITIVE_INFINITY, refetchOnWindowFocus: false } : {}),
  });
  const problem = query.error === null ? null : problemOf(query.error);
  const question = JSON.stringify([document.name, variables]);
  const last = useRef<Last<Data> | null>(null);
  if (query.data !== undefined) {
    last.current = { question, data: query.data, at: query.dataUpdatedAt };
  } else if (last.current && !(keep && sameQuestion(last.current.question, question, Date.now()))) {
    last.current = null;
  } else if (last.current) {
    last.current = { ...last.current, question };
  }
  const data = last.current?.data;
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

/** The last answer, and the question that it may still stand for. */
type Last<Data> = { question: string; data: Data; at: number };

function problemOf(error: Error): AnswerError {
  return error instanceof AnswerError ? error : new AnswerError(error.message, "ERROR");
}
