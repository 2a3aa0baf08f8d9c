// The signalling connection: one WebSocket at a time, kept alive, noticed when dead, opened again.
//
// States: idle -> opening -> open -> (lost) waiting -> opening ...; gone once the server was silent for as long as a
// place is kept. Not responsible for what is said on it (`call/`), nor for saying `enter` again: `up` tells when.
// Every socket and timer is owned here, and none outlives `close`.

import { type ClientFrame, limits, type RequestId, type ServerFrame, SUBPROTOCOL } from '../protocol/messages';
import { backoff } from './backoff';
import { parseFrame } from './frame';

/** Silence after which a connection that answers pings counts as dead, in milliseconds: two pings unanswered. */
const SILENCE_MS = limits.pingIntervalMs * 2;
/** Time since a ping after which a rest is over, in milliseconds: less than its interval by what timers are late or early. */
const RESTED_MS = limits.pingIntervalRestingMs - 100;
/** Time a connection may take to open, in milliseconds, before the next try. */
const OPENING_MS = 5000;
/** Time a connection must have lasted, in milliseconds, before the next loss counts as a new one. */
const STABLE_MS = 5000;
/** Bytes that may wait to be sent; more means a dead path that TCP has not noticed. */
const BUFFERED_BYTES_MAX = 1024 * 1024;
/** The pings of this file; the reducer's requests count from 1, so that no answer is mistaken. */
const PING_ID: RequestId = 0;

export interface SocketEvents {
  up(): void;
  down(): void;
  gone(): void;
  message(frame: ServerFrame): void;
}

/** What the socket needs of its surroundings; a test brings its own. */
export interface SocketSurroundings {
  open(url: string): WebSocket;
  nowMs(): number;
  random(): number;
  setTimer(run: () => void, ms: number): number;
  clearTimer(timer: number): void;
}

const browser: SocketSurroundings = {
  open: (url) => new WebSocket(url, SUBPROTOCOL),
  nowMs: () => performance.now(),
  random: () => Math.random(),
  setTimer: (run, ms) => window.setTimeout(run, ms),
  clearTimer: (timer) => window.clearTimeout(timer),
};

/** Call `open` once; then `send` while up. `close` ends it for good. */
export class SignallingSocket {
  #socket: WebSocket | null = null;
  #isUp = false;
  #closed = false;
  /** Connections dialled since the last stable one, that one included. */
  #tries = 0;
  /** Since when there is no connection; null while there is one. */
  #lostSinceMs: number | null = null;
  #heardMs = 0;
  #saidMs = 0;
  #openedMs = 0;
  /** When the first ping was sent to which nothing has come back; null if there is none. */
  #askedMs: number | null = null;
  #pingedMs = 0;
  #mayRest = false;
  /** Whether the last ping said that the next one takes longer. */
  #isResting = false;
  #retryTimer: number | null = null;
  #aliveTimer: number | null = null;
  readonly #url: string;
  readonly #events: SocketEvents;
  readonly #around: SocketSurroundings;

  constructor(url: string, events: SocketEvents, around: SocketSurroundings = browser) {
    this.#url = url;
    this.#events = events;
    this.#around = around;
  }

  /** Opens the connection, and keeps it open. */
  open(): void {
    if (this.#closed || this.#socket || this.#retryTimer !== null) return;
    this.#lostSinceMs = this.#around.nowMs();
    this.#dial();
  }

  /** Sends a request; false if there is no connection to send it on. */
  send(frame: ClientFrame): boolean {
    const socket = this.#socket;
    if (!socket || !this.#isUp) return false;
    if (socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.#lose();
      return false;
    }
    socket.send(JSON.stringify(frame));
    if (frame.body.type !== 'ping') {
      this.#saidMs = this.#around.nowMs();
      this.#rouse();
    }
    return true;
  }

  /** Says whether a dead path may be noticed later, since nothing happens that it would interrupt. */
  rest(mayRest: boolean): void {
    this.#mayRest = mayRest;
    if (!mayRest) this.#rouse();
  }

  /** Drops the connection and opens another at once. */
  reopen(): void {
    if (this.#socket && this.#isUp) this.#lose();
    else this.hurry();
  }

  /** Tries now instead of when the next try is due: the network came back. */
  hurry(): void {
    if (this.#closed || this.#retryTimer === null) return;
    this.#stop('retry');
    this.#dial();
  }

  /** Checks at once whether the path still carries an answer: the network changed under it. */
  probe(): void {
    if (!this.#isUp) this.hurry();
    else if (this.#isResting) this.#rouse();
    else this.#ping();
  }

  close(): void {
    this.#closed = true;
    this.#stop('retry');
    this.#drop();
  }

  #dial(): void {
    this.#tries += 1;
    let socket: WebSocket;
    try {
      socket = this.#around.open(this.#url);
    } catch {
      this.#retry();
      return;
    }
    this.#socket = socket;
    this.#aliveTimer = this.#around.setTimer(() => this.#lose(), OPENING_MS);
    // Each listener checks that its socket is still the one in use: a dropped one may speak once more.
    socket.onopen = () => {
      if (socket === this.#socket) this.#opened();
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (socket === this.#socket) this.#heard(event.data);
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#lose();
    };
  }

  #opened(): void {
    this.#isUp = true;
    this.#openedMs = this.#heardMs = this.#saidMs = this.#around.nowMs();
    this.#askedMs = null;
    this.#isResting = false;
    this.#stop('alive');
    this.#keepAlive(limits.pingIntervalMs);
    this.#events.up();
  }

  #heard(data: unknown): void {
    this.#heardMs = this.#around.nowMs();
    this.#askedMs = null;
    if (typeof data !== 'string') return;
    const frame = parseFrame(data);
    if (!frame) return;
    // Only a server that talks counts as found, not a proxy that accepts and drops; and one that greets and closes
    // must not be dialled without a pause.
    this.#lostSinceMs = null;
    if (this.#heardMs - this.#openedMs >= STABLE_MS) this.#tries = 1;
    if (frame.body.type !== 'pong') this.#events.message(frame);
  }

  #keepAlive(afterMs: number): void {
    this.#aliveTimer = this.#around.setTimer(() => {
      const nowMs = this.#around.nowMs();
      if (this.#isDead(nowMs)) {
        this.#lose();
        return;
      }
      // While an answer is awaited there is no rest; once it is there, the rest of the interval is.
      const rests = this.#mayRest && nowMs - this.#saidMs >= limits.pingIntervalRestingMs;
      if (this.#askedMs === null && this.#isResting && rests && nowMs - this.#pingedMs < RESTED_MS) {
        this.#keepAlive(this.#pingedMs + limits.pingIntervalRestingMs - nowMs);
        return;
      }
      this.#isResting = rests;
      this.#ping();
      this.#keepAlive(limits.pingIntervalMs);
    }, afterMs);
  }

  #isDead(nowMs: number): boolean {
    if (this.#askedMs === null || nowMs - this.#heardMs < SILENCE_MS) return false;
    // After a rest the silence before the first ping says nothing.
    return nowMs - this.#askedMs >= (this.#isResting ? SILENCE_MS : limits.pingIntervalMs);
  }

  /** Ends a rest: the next ping is due at once. */
  #rouse(): void {
    if (!this.#isResting || !this.#isUp) return;
    this.#isResting = false;
    this.#stop('alive');
    this.#keepAlive(0);
  }

  #ping(): void {
    this.#pingedMs = this.#around.nowMs();
    this.#askedMs ??= this.#pingedMs;
    this.send({ id: PING_ID, body: { type: 'ping', resting: this.#isResting } });
  }

  #lose(): void {
    const wasUp = this.#isUp;
    this.#drop();
    if (this.#closed) return;
    this.#lostSinceMs ??= this.#around.nowMs();
    if (wasUp) this.#events.down();
    this.#retry();
  }

  #retry(): void {
    // `down` may have closed this socket.
    if (this.#closed || this.#retryTimer !== null) return;
    const lostForMs = this.#around.nowMs() - (this.#lostSinceMs ?? this.#around.nowMs());
    const waitMs = backoff(this.#tries - 1, lostForMs, limits.resumeWindowMs, this.#around.random());
    if (waitMs === null) {
      this.#closed = true;
      this.#events.gone();
      return;
    }
    this.#retryTimer = this.#around.setTimer(() => {
      this.#retryTimer = null;
      this.#dial();
    }, waitMs);
  }

  /** Lets go of the socket in use, without a word to the events. */
  #drop(): void {
    this.#stop('alive');
    const socket = this.#socket;
    this.#socket = null;
    this.#isUp = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #stop(which: 'retry' | 'alive'): void {
    const timer = which === 'retry' ? this.#retryTimer : this.#aliveTimer;
    if (timer !== null) this.#around.clearTimer(timer);
    if (which === 'retry') this.#retryTimer = null;
    else this.#aliveTimer = null;
  }
}
