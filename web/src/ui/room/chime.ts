// The soft sound of a knock: two notes, made on the spot, so that there is no file to load.

/** Notes in hertz (E5, A5) and when each begins, in seconds. */
const NOTES = [
  { hertz: 659.25, at: 0 },
  { hertz: 880, at: 0.16 },
] as const;
const LOUDNESS = 0.06;
const NOTE_SECONDS = 0.5;

let context: AudioContext | null = null;

/** Plays the chime once. Silent where the browser has no sound or allows none yet. */
export function chime(): void {
  // Before the first click or key on this page, browsers allow no sound.
  if (!navigator.userActivation.hasBeenActive) return;
  try {
    context ??= new AudioContext();
    void context.resume();
    for (const { hertz, at } of NOTES) playNote(context, hertz, context.currentTime + at);
  } catch {
    // No sound device: the knock is still shown and announced.
  }
}

function playNote(audio: AudioContext, hertz: number, start: number): void {
  const note = new OscillatorNode(audio, { type: 'sine', frequency: hertz });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(LOUDNESS, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + NOTE_SECONDS);
  note.connect(volume).connect(audio.destination);
  note.start(start);
  note.stop(start + NOTE_SECONDS);
}
