// Work that can wait until the browser has drawn what people look at.

/** Longest wait, in milliseconds: a machine that is always busy gets to it as well. */
const WAIT_MS_MAX = 1000;
/** The wait where a browser cannot say when it is idle, in milliseconds: a few frames. */
const BLIND_WAIT_MS = 100;

/** Runs `work` when the browser has nothing better to do. Returns what calls it off. */
export function whenIdle(work: () => void): () => void {
  if (!('requestIdleCallback' in globalThis)) {
    const timer = setTimeout(work, BLIND_WAIT_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(work, { timeout: WAIT_MS_MAX });
  return () => cancelIdleCallback(handle);
}
