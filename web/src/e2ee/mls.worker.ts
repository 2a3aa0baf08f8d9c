// The worker in which a device lives: it loads the WebAssembly, keeps the device's time, sends keys to the workers
// that need them, and seals what this browser remembers. The page gets the rest.
//
// One device at a time: a new start replaces it.

import type { MediaKeyChange, MeetingId } from '../protocol/messages';
import { Device } from './device';
import type { FromMls, Start, ToMls } from './messages';
import { IndexedDbShelf } from './shelf';
import { Vault } from './vault';

interface WorkerScope {
  onmessage: ((event: MessageEvent<ToMls>) => void) | null;
  postMessage(message: FromMls): void;
}

/** Longest wait that a timer of the browser can be set to, in milliseconds; the device is asked again then. */
const WAIT_MS_MAX = 2 ** 31 - 1;

const scope = globalThis as unknown as WorkerScope;
const vault = new Vault(new IndexedDbShelf());
let ports: readonly MessagePort[] = [];
let device: Device | null = null;
/** Under what the device is remembered; it says so itself. */
let meeting: MeetingId | null = null;
/** When the meeting that the device made begins, in milliseconds since 1970; 0 for one that began when it was made. */
let beginsMs = 0;
/** Something has to be remembered that is not sealed yet. */
let unsealed = false;
/** Epochs whose keys the transforms have. */
const armed = new Set<number>();
let timer: number | undefined;
/** What the page asked is done one after the other; loading and the vault take their time. */
let last: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  last = last.then(() => take(data)).catch(failed);
};

async function take(message: ToMls): Promise<void> {
  switch (message.type) {
    case 'transforms':
      ports = message.ports;
      break;
    case 'start':
      await start(message.start);
      break;
    case 'rename':
      device?.rename(message.name);
      await drain();
      break;
    case 'command':
      try {
        device?.command(message.command);
      } finally {
        // What is refused may have been noticed, which is said.
        await drain();
      }
      break;
    case 'forget':
      if (meeting === message.meeting) stop();
      await vault.forget(message.meeting);
      break;
  }
}

async function start(how: Start): Promise<void> {
  stop();
  await load();
  const made = await make(how);
  if (!made) return scope.postMessage({ type: 'not_remembered' });
  device = made;
  scope.postMessage({ type: 'started', creation: made.creation });
  await drain();
}

/** A failure to load is told as fatal: without the code there is no device. */
async function load(): Promise<void> {
  try {
    await Device.load();
  } catch (error) {
    throw new Broken(`the cryptography could not be loaded: ${said(error)}`);
  }
}

async function make(how: Start): Promise<Device | null> {
  switch (how.how) {
    case 'create':
      beginsMs = typeof how.parameters.begins_ms === 'number' ? how.parameters.begins_ms : 0;
      return Device.create(how.parameters);
    case 'join':
      return Device.join(how.parameters);
    case 'restore': {
      const exported = await vault.open(how.meeting);
      if (!exported) return null;
      const restored = Device.restore(exported);
      exported.fill(0);
      meeting = how.meeting;
      if (how.secret !== undefined) restored.takeLink(how.secret);
      return restored;
    }
  }
}

function stop(): void {
  clearTimeout(timer);
  device?.free();
  device = null;
  meeting = null;
  beginsMs = 0;
  unsealed = false;
  disarm();
}

/** Takes every key from the transforms. Another device's epochs have the same numbers and other keys. */
function disarm(): void {
  tell({ type: 'mute' });
  for (const epoch of armed) tell({ type: 'drop', epoch });
}

/** Takes everything out of the device, and sets the clock for what it has to do next. */
async function drain(): Promise<void> {
  if (!device) return;
  for (let output = device.poll(); output; output = device.poll()) {
    if (output.type === 'media') tell(output.change);
    else if (output.type === 'remember') unsealed = true;
    else {
      if (output.type === 'view') meeting = output.view.meeting;
      scope.postMessage({ type: 'output', output });
    }
  }
  clearTimeout(timer);
  const wait = device.dueIn;
  if (wait !== null) timer = setTimeout(tick, Math.min(wait, WAIT_MS_MAX)) as unknown as number;
  if (unsealed && meeting !== null) {
    unsealed = false;
    const exported = device.export();
    // What is to come stays until it has been, whatever else is kept meanwhile.
    await vault.seal(meeting, exported, Math.max(Date.now(), beginsMs));
    exported.fill(0);
  }
}

function tick(): void {
  last = last
    .then(() => {
      device?.timeout();
      return drain();
    })
    .catch(failed);
}

function tell(change: MediaKeyChange): void {
  if (change.type === 'install') armed.add(change.epoch);
  if (change.type === 'drop') armed.delete(change.epoch);
  for (const port of ports) port.postMessage(change);
}

/** The code cannot go on. */
class Broken extends Error {}

/** Tells the page. After a fault of the code itself, nothing of its state can be relied on: nothing is sent or opened. */
function failed(error: unknown): void {
  const fatal = error instanceof Broken || error instanceof WebAssembly.RuntimeError;
  if (fatal) {
    clearTimeout(timer);
    device = null;
    disarm();
  }
  scope.postMessage({ type: 'failed', message: said(error), fatal });
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
