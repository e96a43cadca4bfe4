// Dark or light: as the system has it, or as was chosen here.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const NAME = "routecause.theme";
const listeners = new Set<() => void>();
const dark = matchMedia("(prefers-color-scheme: dark)");

function chosen(): Theme {
  const kept = localStorage.getItem(NAME);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function setTheme(theme: Theme) {
  localStorage.setItem(NAME, theme);
  applyTheme();
  for (const tell of listeners) tell();
}

/** The stylesheet's colours follow `color-scheme`, which is all there is to set. */
export function applyTheme() {
  const theme = chosen();
  document.documentElement.style.colorScheme = theme === "system" ? "light dark" : theme;
}

function subscribe(tell: () => void) {
  listeners.add(tell);
  dark.addEventListener("change", tell);
  return () => {
    listeners.delete(tell);
    dark.removeEventListener("change", tell);
  };
}

export function useChosenTheme(): Theme {
  return useSyncExternalStore(subscribe, chosen);
}

/** Which of both is on the screen. */
export function useTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, () => {
    const theme = chosen();
    if (theme !== "system") return theme;
    return dark.matches ? "dark" : "light";
  });
}
