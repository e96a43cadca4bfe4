// The address as it stands in the window, with every character that was escaped in it.
//
// The router unescapes addresses once before anyone sees them, after which a name with a `%` in it
// can't be read any more; here they are read from the window itself.
import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";

type Change = (before: URLSearchParams) => URLSearchParams;
/** `replace` leaves no step to go back to: for what is typed letter by letter. */
export type How = { replace?: boolean };

/** The parameters of the address, and a way to change them. */
export function useSearchParams(): [URLSearchParams, (change: Change, how?: How) => void] {
  const [, navigate] = useLocation();
  const told = useSearch();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the window's own changes with what the router tells
  const search = useMemo(() => new URLSearchParams(window.location.search), [told]);
  const set = useCallback(
    (change: Change, how?: How) => {
      const next = change(new URLSearchParams(window.location.search)).toString();
      const address = window.location.pathname + (next ? `?${next}` : "");
      if (address !== window.location.pathname + window.location.search) navigate(address, how);
    },
    [navigate],
  );
  return [search, set];
}

/** The identifier that ends the path: `/deployments/apex%40aws` is about `apex@aws`. */
export function useId(): string {
  // Only so that whoever uses it is shown anew when the page changes.
  useLocation();
  return idIn(window.location.pathname);
}

/** What follows the first part of a path, unescaped; as it stands where it can't be. */
export function idIn(path: string): string {
  const text = path.split("/").slice(2).join("/");
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
