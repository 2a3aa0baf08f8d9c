// Keeps the screen from going dark during a call, where the browser can.

export class ScreenLock {
  #wanted = false;
  #lock: WakeLockSentinel | null = null;
  readonly #again = () => void this.#take();

  constructor() {
    // A lock is lost whenever the page is hidden.
    document.addEventListener('visibilitychange', this.#again);
  }

  hold(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) void this.#take();
    else this.#release();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#again);
    this.hold(false);
  }

  async #take(): Promise<void> {
    if (!this.#wanted || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    if (this.#lock && !this.#lock.released) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      this.#lock = lock;
      if (!this.#wanted) this.#release();
    } catch {
      // Refused, for example on a low battery: the screen goes dark as usual.
    }
  }

  #release(): void {
    this.#lock?.release().catch(() => undefined);
    this.#lock = null;
  }
}
