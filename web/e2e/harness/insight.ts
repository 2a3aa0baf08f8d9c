// What passes inside a person's page and is not shown: frames as they come from the wire, keys that the device gives
// to its transforms, what the transforms say became of frames, and each state of the encryption.
//
// The product's own workers are served with some lines before their first one. Nothing of the product is built for it.

import type { Page } from 'playwright-core';
import type { StreamTally } from '../../src/e2ee/messages.ts';
import type { Encryption, MediaKeyChange } from '../../src/protocol/messages.ts';
import type { Person } from './person.ts';

/** An encoded frame, as the server has forwarded it. */
export interface WireFrame {
  /** When it came, in milliseconds since 1970. */
  at: number;
  media: 'audio' | 'video';
  bytes: Uint8Array<ArrayBuffer>;
}

/** What the transforms were told about keys, and when, in milliseconds since 1970. */
export interface KeyNote {
  at: number;
  change: MediaKeyChange;
}

interface Noted {
  frames: { at: number; media: 'audio' | 'video'; data: ArrayBuffer }[];
  keys: KeyNote[];
  tallies: Record<string, StreamTally>;
  encryption: { at: number; state: Encryption }[];
}

declare global {
  interface Window {
    /** Set by the test, not by Sabha. */
    noted: Noted;
  }
}

export interface InsightOptions {
  /** Keeps every frame that is received, up to this number. None otherwise. */
  frames?: number;
  /** A device that does not obey: it drops no key, closes no connection, ends no worker, and goes on sending. */
  disobeys?: boolean;
}

/** Looks into a page from its next load on. */
export class Insight {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async into(person: Person, options: InsightOptions = {}): Promise<Insight> {
    const { page } = person;
    await person.context.addInitScript(watchPage, options);
    await prefix(page, '**/assets/mls.worker-*.js', `(${watchKeys})(${JSON.stringify(options)});`);
    if (options.frames) await prefix(page, '**/assets/transform.worker-*.js', `(${watchFrames})();`);
    return new Insight(page);
  }

  /** Every change of keys so far. */
  keys(): Promise<KeyNote[]> {
    return this.#page.evaluate(() => window.noted.keys);
  }

  /** The base keys that the device had so far, by epoch. */
  async baseKeys(): Promise<Map<number, Uint8Array<ArrayBuffer>>> {
    const found = new Map<number, Uint8Array<ArrayBuffer>>();
    for (const { change } of await this.keys()) {
      if (change.type === 'install')
        found.set(change.epoch, Uint8Array.from(Buffer.from(change.base_key, 'base64url')));
    }
    return found;
  }

  /** The frames kept so far, oldest first. */
  async frames(): Promise<WireFrame[]> {
    const kept = await this.#page.evaluate(() =>
      window.noted.frames.map(({ at, media, data }) => {
        let text = '';
        for (const byte of new Uint8Array(data)) text += String.fromCharCode(byte);
        return { at, media, text: btoa(text) };
      }),
    );
    return kept.map(({ at, media, text }) => ({ at, media, bytes: Uint8Array.from(Buffer.from(text, 'base64')) }));
  }

  /** What became of the frames of every stream that still exists, as last told. */
  tallies(): Promise<StreamTally[]> {
    return this.#page.evaluate(() => Object.values(window.noted.tallies));
  }

  /** Frames that were let through, out or in, and those that were not, by reason. */
  async sums(kind: 'send' | 'receive'): Promise<Record<string, number>> {
    const sums: Record<string, number> = { passed: 0 };
    for (const { stream, passed, dropped } of await this.tallies()) {
      if (stream.kind !== kind) continue;
      sums.passed = (sums.passed ?? 0) + passed;
      for (const [reason, count] of Object.entries(dropped)) sums[reason] = (sums[reason] ?? 0) + count;
    }
    return sums;
  }

  /** How the encryption stood, each state once for each time it was shown. */
  encryption(): Promise<Noted['encryption']> {
    return this.#page.evaluate(() => window.noted.encryption);
  }
}

/** Serves a script with `lines` before it. */
async function prefix(page: Page, url: string, lines: string): Promise<void> {
  await page.context().route(url, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${lines}\n${await response.text()}` });
  });
}

// The functions below run in the page and in its workers, each by itself.

function watchPage({ frames = 0, disobeys = false }: InsightOptions): void {
  const noted: Noted = { frames: [], keys: [], tallies: {}, encryption: [] };
  window.noted = noted;
  new BroadcastChannel('insight').onmessage = ({ data }) => {
    if (data.what === 'key') noted.keys.push(data.note);
    else if (noted.frames.length < frames) noted.frames.push(data.frame);
  };
  const Native = window.Worker;
  window.Worker = class extends Native {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      this.addEventListener('message', ({ data }) => {
        if (data?.type !== 'tallies') return;
        for (const tally of data.streams) noted.tallies[JSON.stringify(tally.stream)] = tally;
      });
    }
  };
  if (disobeys) {
    RTCPeerConnection.prototype.close = () => undefined;
    RTCRtpSender.prototype.replaceTrack = new Proxy(RTCRtpSender.prototype.replaceTrack, {
      apply: (target, self, [track]) => (track ? Reflect.apply(target, self, [track]) : Promise.resolve()),
    });
    Native.prototype.terminate = () => undefined;
  }
  let last: string | undefined;
  new MutationObserver(() => {
    const state = document.querySelector<HTMLElement>('[data-testid="encryption-state"]')?.dataset.state;
    if (state === undefined || state === last) return;
    last = state;
    noted.encryption.push({ at: Date.now(), state: state as Encryption });
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state'] });
}

function watchKeys({ disobeys = false }: InsightOptions): void {
  const channel = new BroadcastChannel('insight');
  const post = MessagePort.prototype.postMessage as (message: unknown) => void;
  MessagePort.prototype.postMessage = function (this: MessagePort, change: { type: string }) {
    channel.postMessage({ what: 'key', note: { at: Date.now(), change } });
    if (!disobeys || (change.type !== 'drop' && change.type !== 'mute')) post.call(this, change);
  };
}

function watchFrames(): void {
  interface Transformer {
    options: { kind: 'send' | 'receive'; codec: string };
    readable: ReadableStream<{ data: ArrayBuffer }>;
    writable: WritableStream;
    sendKeyFrameRequest(): Promise<unknown>;
  }
  const channel = new BroadcastChannel('insight');
  let handle: ((event: { transformer: Transformer }) => void) | null = null;
  Object.defineProperty(globalThis, 'onrtctransform', {
    set: (given) => {
      handle = given;
    },
  });
  addEventListener('rtctransform', (event) => {
    const { transformer } = event as unknown as { transformer: Transformer };
    const { options, writable } = transformer;
    const media = options.codec === 'opus' ? 'audio' : 'video';
    const tap = new TransformStream<{ data: ArrayBuffer }, { data: ArrayBuffer }>({
      transform(frame, controller) {
        const { data } = frame;
        if (data.byteLength > 0) channel.postMessage({ what: 'frame', frame: { at: Date.now(), media, data } });
        controller.enqueue(frame);
      },
    });
    const readable = options.kind === 'send' ? transformer.readable : transformer.readable.pipeThrough(tap);
    const sendKeyFrameRequest = () => transformer.sendKeyFrameRequest();
    handle?.({ transformer: { options, readable, writable, sendKeyFrameRequest } });
  });
}
