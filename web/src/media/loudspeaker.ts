// Plays the voices: one hidden audio element for each audio slot, kept over every change of peer connection.
//
// Elements rather than an audio graph: they follow the chosen speaker, and echo cancellation knows their sound.
// A browser that refuses to play before a click is asked again at the next click or key.

const GESTURES = ['pointerdown', 'keydown'] as const;

export class Loudspeaker {
  readonly #elements: HTMLAudioElement[] = [];
  #speaker: string | null = null;
  readonly #again = () => this.#start();

  constructor(speaker: string | null) {
    this.#speaker = speaker;
    for (const gesture of GESTURES) window.addEventListener(gesture, this.#again, { capture: true, passive: true });
  }

  /** Plays these streams, and no others. */
  play(streams: readonly MediaStream[]): void {
    streams.forEach((stream, index) => {
      const element = this.#elements[index] ?? this.#add();
      if (element.srcObject !== stream) element.srcObject = stream;
    });
    for (const element of this.#elements.slice(streams.length)) element.srcObject = null;
    this.#start();
  }

  /** Sends the sound to another device, where the browser can. */
  chooseSpeaker(id: string): void {
    this.#speaker = id;
    for (const element of this.#elements) this.#route(element);
  }

  close(): void {
    for (const gesture of GESTURES) window.removeEventListener(gesture, this.#again, { capture: true });
    for (const element of this.#elements) {
      element.srcObject = null;
      element.remove();
    }
    this.#elements.length = 0;
  }

  #add(): HTMLAudioElement {
    const element = document.createElement('audio');
    element.hidden = true;
    this.#elements.push(element);
    document.body.append(element);
    this.#route(element);
    return element;
  }

  #route(element: HTMLAudioElement): void {
    // A speaker that is gone leaves the sound where it was.
    if (this.#speaker !== null && 'setSinkId' in element) element.setSinkId(this.#speaker).catch(() => undefined);
  }

  #start(): void {
    for (const element of this.#elements) {
      if (element.srcObject && element.paused) element.play().catch(() => undefined);
    }
  }
}
