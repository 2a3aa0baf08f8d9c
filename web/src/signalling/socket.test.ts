import { beforeEach, describe, expect, it } from 'vitest';
import { limits, type ServerFrame } from '../protocol/messages';
import { backoff } from './backoff';
import { SignallingSocket, type SocketSurroundings } from './socket';

/** One end of a WebSocket: what the browser would do with it is done by the test. */
class Wire {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  bufferedAmount = 0;
  sent: string[] = [];
  closed = false;
  send(text: string) {
    this.sent.push(text);
  }
  close() {
    this.closed = true;
  }
  says(body: object) {
    this.onmessage?.({ data: JSON.stringify({ body }) });
  }
}

/** Time that stands still until it is moved. */
class Clock {
  nowMs = 0;
  timers = new Map<number, { dueMs: number; run: () => void }>();
  next = 1;
  pass(ms: number) {
    const end = this.nowMs + ms;
    for (;;) {
      const due = [...this.timers].filter(([, { dueMs }]) => dueMs <= end).sort((a, b) => a[1].dueMs - b[1].dueMs)[0];
      if (!due) break;
      this.nowMs = due[1].dueMs;
      this.timers.delete(due[0]);
      due[1].run();
    }
    this.nowMs = end;
  }
}

let clock: Clock;
let wires: Wire[];
let log: string[];
let frames: ServerFrame[];
let socket: SignallingSocket;
const wire = () => wires[wires.length - 1] as Wire;

beforeEach(() => {
  clock = new Clock();
  wires = [];
  log = [];
  frames = [];
  const around: SocketSurroundings = {
    open: () => {
      const opened = new Wire();
      wires.push(opened);
      return opened as unknown as WebSocket;
    },
    nowMs: () => clock.nowMs,
    random: () => 0.5,
    setTimer: (run, ms) => {
      clock.timers.set(clock.next, { dueMs: clock.nowMs + ms, run });
      return clock.next++;
    },
    clearTimer: (timer) => clock.timers.delete(timer),
  };
  socket = new SignallingSocket(
    'ws://x',
    {
      up: () => log.push('up'),
      down: () => log.push('down'),
      gone: () => log.push('gone'),
      message: (frame) => frames.push(frame),
    },
    around,
  );
});

/** Opens, and has the server greet. */
function comeUp(): void {
  socket.open();
  wire().onopen?.();
  wire().says({ type: 'welcome', version: '1', boot_epoch: 1, challenge: 'c' });
}

/** Lets the server answer pings for `ms`. */
function live(ms: number): void {
  for (let passed = 0; passed < ms; passed += 1000) {
    clock.pass(1000);
    wire().says({ type: 'pong' });
  }
}

describe('signalling socket', () => {
  it('sends only while up, and passes on what the server says', () => {
    socket.open();
    expect(socket.send({ id: 1, body: { type: 'end' } })).toBe(false);
    comeUp();
    expect(socket.send({ id: 1, body: { type: 'end' } })).toBe(true);
    expect(wire().sent).toEqual(['{"id":1,"body":{"type":"end"}}']);
    expect(frames.map(({ body }) => body.type)).toEqual(['welcome']);
    expect(wires).toHaveLength(1);
  });

  it('drops what is no message', () => {
    comeUp();
    wire().onmessage?.({ data: 'nonsense' });
    wire().onmessage?.({ data: new ArrayBuffer(2) });
    expect(frames).toHaveLength(1);
    expect(log).toEqual(['up']);
  });

  it('pings every two seconds and keeps a connection that answers', () => {
    comeUp();
    live(20_000);
    expect(wire().sent.filter((text) => text.includes('ping'))).toHaveLength(10);
    expect(log).toEqual(['up']);
    expect(frames).toHaveLength(1);
  });

  it('rests while nothing happens, and pings at once when something does', () => {
    const pings = () =>
      wire()
        .sent.filter((text) => text.includes('"ping"'))
        .map((text) => JSON.parse(text).body);
    const answered = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 1000) {
        const before = wire().sent.length;
        clock.pass(1000);
        if (wire().sent.length > before) wire().says({ type: 'pong' });
      }
    };
    socket.open();
    wire().onopen?.();
    socket.rest(true);
    answered(limits.pingIntervalRestingMs);
    wire().sent = [];
    answered(60_000);
    expect(pings()).toHaveLength(6);
    expect(pings().every(({ resting }) => resting)).toBe(true);

    wire().sent = [];
    answered(5_000);
    socket.send({ id: 1, body: { type: 'leave' } });
    answered(limits.pingIntervalMs);
    expect(pings().at(-1)).toEqual({ type: 'ping', resting: false });

    answered(30_000);
    expect(pings().at(-1)?.resting).toBe(true);
    wire().sent = [];
    socket.rest(false);
    answered(10_000);
    expect(pings().length).toBeGreaterThanOrEqual(5);
    expect(log).toEqual(['up']);
  });

  it('who rests notices a dead path within fourteen seconds', () => {
    socket.open();
    wire().onopen?.();
    socket.rest(true);
    for (let passed = 0; passed < 30_000; passed += 500) {
      clock.pass(500);
      wire().says({ type: 'pong' });
    }
    const first = wires.length;
    clock.pass(limits.pingIntervalRestingMs + 2 * limits.pingIntervalMs);
    expect(log).toEqual(['up', 'down']);
    expect(wires.length).toBeGreaterThan(first);
  });

  it('takes silence for loss, and comes back at once', () => {
    comeUp();
    const first = wire();
    clock.pass(limits.pingIntervalMs * 2);
    expect(log).toEqual(['up', 'down']);
    expect(first.closed).toBe(true);
    clock.pass(0);
    wire().onopen?.();
    expect(log).toEqual(['up', 'down', 'up']);
    expect(wires).toHaveLength(2);
  });

  it('tries in growing steps while nobody answers, and is gone when the place is', () => {
    comeUp();
    live(10_000);
    wire().onclose?.();
    const triedMs: number[] = [];
    const startMs = clock.nowMs;
    for (let count = wires.length; !log.includes('gone'); ) {
      clock.pass(100);
      if (wires.length > count) {
        count = wires.length;
        triedMs.push(clock.nowMs - startMs);
        wire().onclose?.();
      }
    }
    expect(triedMs.slice(0, 6)).toEqual([100, 600, 1600, 3600, 6600, 9600]);
    expect(Math.max(...triedMs)).toBeLessThan(limits.resumeWindowMs);
    expect(log).toEqual(['up', 'down', 'gone']);
    clock.pass(600_000);
    expect(log).toEqual(['up', 'down', 'gone']);
  });

  it('a connection that does not open is given up', () => {
    socket.open();
    clock.pass(5000);
    expect(wires[0]?.closed).toBe(true);
    expect(log).toEqual([]);
    clock.pass(1000);
    expect(wires).toHaveLength(2);
  });

  it('a server that greets and closes is not dialled without a pause', () => {
    comeUp();
    for (let time = 0; time < 30_000; time += 100) {
      clock.pass(100);
      wire().onopen?.();
      wire().says({ type: 'welcome', version: '1', boot_epoch: 1, challenge: 'c' });
      wire().onclose?.();
    }
    expect(wires.length).toBeLessThan(16);
    expect(log).not.toContain('gone');
  });

  it('a dropped socket is not heard any more', () => {
    comeUp();
    const first = wire();
    const listener = first.onmessage;
    socket.reopen();
    listener?.({ data: '{"body":{"type":"done"}}' });
    expect(frames).toHaveLength(1);
    expect(log).toEqual(['up', 'down']);
  });

  it('the network coming back shortens the wait', () => {
    socket.open();
    wire().onclose?.();
    clock.pass(0);
    wire().onclose?.();
    expect(wires).toHaveLength(2);
    socket.hurry();
    expect(wires).toHaveLength(3);
    expect(clock.timers.size).toBe(1);
  });

  it('more waiting to be sent than a live path lets stand is a dead path', () => {
    comeUp();
    wire().bufferedAmount = 2 * 1024 * 1024;
    expect(socket.send({ id: 1, body: { type: 'end' } })).toBe(false);
    expect(log).toEqual(['up', 'down']);
  });

  it('after close nothing is left: no socket, no timer, no word', () => {
    comeUp();
    socket.close();
    expect(wire().closed).toBe(true);
    expect(clock.timers.size).toBe(0);
    socket.open();
    socket.hurry();
    expect(wires).toHaveLength(1);
    expect(log).toEqual(['up']);
  });
});

describe('backoff', () => {
  it('is jittered around its step and ends with the window', () => {
    expect(backoff(0, 0, 60_000, 0.9)).toBe(0);
    expect(backoff(1, 0, 60_000, 0)).toBe(350);
    expect(backoff(1, 0, 60_000, 1)).toBe(650);
    expect(backoff(99, 0, 60_000, 0.5)).toBe(3000);
    expect(backoff(99, 57_500, 60_000, 0.5)).toBeNull();
  });
});
