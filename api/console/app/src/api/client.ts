// Asks the service: trusted documents by their hash, with a limit of time, and errors that say what to do.
import { createClient } from "graphql-sse";
import { refuse, seen, unreachable } from "./connection";
import { apiKey } from "./key";
import type { TrustedDocument } from "./trusted";

const LIMIT_MS = 60_000;

/** Why a question got no answer. */
export class AnswerError extends Error {
  readonly code: string;
  readonly field: string | null;
  readonly retryAfterS: number | null;

  constructor(message: string, code: string, field?: unknown, retryAfterS?: unknown) {
    super(message);
    this.name = "AnswerError";
    this.code = code;
    this.field = typeof field === "string" ? field : null;
    this.retryAfterS = typeof retryAfterS === "number" ? retryAfterS : null;
  }

  /** Whether the same question may be answered later, with nothing changed. */
  get passes(): boolean {
    return this.code === UNREACHABLE || this.code.endsWith("_UNAVAILABLE");
  }
}

export const UNREACHABLE = "UNREACHABLE";
const TIMEOUT = "TIMEOUT";
export const UNAUTHENTICATED = "UNAUTHENTICATED";
export const FORBIDDEN = "FORBIDDEN";
/** The service knows no document of this hash: it is of another version than the page. */
export const OTHER_VERSION = "PERSISTED_QUERY_NOT_FOUND";

type GivenError = {
  message: string;
  extensions?: { code?: unknown; field?: unknown; retryAfterS?: unknown };
};
/** GraphQL's errors, or the one of what stands before GraphQL. */
type Given<Data> = {
  data?: Data | null;
  errors?: GivenError[];
  error?: { code?: string; message?: string };
};

function headers(): Record<string, string> {
  const key = apiKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

function persisted(hash: string) {
  return { persistedQuery: { version: 1, sha256Hash: hash } };
}

/** Another key is asked for wherever one was refused. */
function heeded(problem: AnswerError): AnswerError {
  if (problem.code === UNAUTHENTICATED || problem.code === FORBIDDEN) refuse(problem.message);
  return problem;
}

function errorOf(given: GivenError): AnswerError {
  const { code, field, retryAfterS } = given.extensions ?? {};
  return new AnswerError(
    given.message,
    typeof code === "string" ? code : "ERROR",
    field,
    retryAfterS,
  );
}

/** The answer to a question. Throws AnswerError; an aborted `signal` throws what aborted it. */
export async function ask<Data, Variables>(
  document: TrustedDocument<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
  limitMs = LIMIT_MS,
): Promise<Data> {
  const limit = AbortSignal.timeout(limitMs);
  let response: Response;
  try {
    response = await fetch("/graphql", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...headers(),
      },
      body: JSON.stringify({
        operationName: document.name,
        variables,
        extensions: persisted(document.hash),
      }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    if (limit.aborted) throw new AnswerError(`No answer within ${limitMs / 1000} s.`, TIMEOUT);
    unreachable();
    throw new AnswerError("The service can't be reached.", UNREACHABLE);
  }
  return answered<Data>(response, signal);
}

async function answered<Data>(response: Response, signal?: AbortSignal): Promise<Data> {
  let given: Given<Data>;
  try {
    given = (await response.json()) as Given<Data>;
  } catch (problem) {
    if (signal?.aborted) throw problem;
    // A proxy before the service, or a service that died in the middle of its answer.
    unreachable();
    throw new AnswerError(`The service can't be reached (HTTP ${response.status}).`, UNREACHABLE);
  }
  seen();
  const [problem] = given.errors ?? [];
  if (problem) throw heeded(errorOf(problem));
  if (given.error?.message) {
    throw heeded(new AnswerError(given.error.message, given.error.code ?? "ERROR"));
  }
  if (given.data === undefined || given.data === null) {
    throw new AnswerError(`The service answered without data (HTTP ${response.status}).`, "ERROR");
  }
  return given.data;
}

const events = createClient({
  url: "/graphql",
  headers,
  // The caller decides whether to ask again: what was told before has to be marked stale first.
  retryAttempts: 0,
});

/** What follows a subscription. */
type Follower<Data> = {
  next: (data: Data) => void;
  failed: (problem: AnswerError) => void;
  ended?: () => void;
};

/** Follow a subscription until its end, or until what is returned is called. */
export function follow<Data, Variables extends Record<string, unknown>>(
  document: TrustedDocument<Data, Variables>,
  variables: Variables,
  { next, failed, ended }: Follower<Data>,
): () => void {
  return events.subscribe<Data, { persistedQuery: unknown }>(
    {
      operationName: document.name,
      query: document.text,
      variables,
      extensions: persisted(document.hash),
    },
    {
      next: (given) => {
        seen();
        const [problem] = given.errors ?? [];
        if (problem) failed(heeded(errorOf(problem as GivenError)));
        else if (given.data) next(given.data);
      },
      error: (problem) => failed(refusalOf(problem)),
      complete: () => ended?.(),
    },
  );
}

function refusalOf(problem: unknown): AnswerError {
  if (problem instanceof AnswerError) return problem;
  if (Array.isArray(problem) && problem[0]) return errorOf(problem[0] as GivenError);
  const response = (problem as { response?: Response }).response;
  if (response?.status === 401) {
    return heeded(new AnswerError("An API key is needed.", UNAUTHENTICATED));
  }
  if (response?.status === undefined || response.status >= 500) unreachable();
  return new AnswerError("The stream from the service ended.", UNREACHABLE);
}
