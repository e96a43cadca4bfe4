// The API key, where the service asks for one: kept for this tab alone, until it is closed.

const NAME = "routecause.key";

export function apiKey(): string | null {
  return sessionStorage.getItem(NAME);
}

export function keepKey(key: string | null) {
  if (key) sessionStorage.setItem(NAME, key);
  else sessionStorage.removeItem(NAME);
}
