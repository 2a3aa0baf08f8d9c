// Looks again every few seconds, while somebody looks.

const EVERY_MS = 10_000;

/** Runs `look` now and every ten seconds while the page is shown. Returns what ends it. */
export function again(look: () => Promise<unknown>): () => void {
  void look();
  const timer = setInterval(() => {
    if (!document.hidden) void look();
  }, EVERY_MS);
  return () => clearInterval(timer);
}
