// How loud a microphone is, for the meter that shows people they are heard. Local only: nothing of it is sent.

/** Level at which the meter is empty, in decibels relative to full scale: a quiet room. */
const FLOOR_DB = -60;
/** Level at which it is full: loud speech. */
const CEILING_DB = -12;
/** Samples looked at, about 10 ms at 48 kHz. */
const WINDOW_SAMPLES = 512;
const GESTURES = ['pointerdown', 'keydown'] as const;
const LISTENING = { capture: true, passive: true };

/** Owns an audio graph from one track; `close` releases it. */
export class LevelMeter {
  readonly #context: AudioContext;
  readonly #analyser: AnalyserNode;
  readonly #source: MediaStreamAudioSourceNode;
  readonly #samples = new Float32Array(WINDOW_SAMPLES);
  /** Browsers hold a graph back until the person has clicked or typed. */
  readonly #resume = () => void this.#context.resume().catch(() => undefined);

  constructor(track: MediaStreamTrack) {
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = WINDOW_SAMPLES;
    this.#source = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#source.connect(this.#analyser);
    for (const gesture of GESTURES) window.addEventListener(gesture, this.#resume, LISTENING);
  }

  /** Returns the present level, 0 to 1. */
  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    return levelOf(this.#samples);
  }

  close(): void {
    for (const gesture of GESTURES) window.removeEventListener(gesture, this.#resume, LISTENING);
    this.#source.disconnect();
    this.#context.close().catch(() => undefined);
  }
}

/** Returns the loudness of samples in [-1, 1] on a scale of 0 to 1, linear in decibels. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return 0;
  const db = 10 * Math.log10(sum / samples.length);
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}
