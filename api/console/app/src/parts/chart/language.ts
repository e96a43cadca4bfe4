// Has to be loaded before uPlot, which formats figures in the browser's language as soon as it is
// loaded, and fails where that is no language tag: Chromium without a locale calls itself
// `en-US@posix`.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en", configurable: true });
}
