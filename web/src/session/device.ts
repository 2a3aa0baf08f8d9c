// The own device of one meeting, from a session's side: found again or made anew, told and heard.
//
// Knows the order in which a device comes about and nothing of what it says. Not responsible for its keys, which never
// leave the workers behind `e2ee/`.

import { E2ee, type E2eeEvents, isSupported } from '../e2ee/e2ee';
import type { FromMls } from '../e2ee/messages';
import type {
  ControlSettings,
  CreateMeeting,
  DeviceCommand,
  DeviceOutput,
  DisplayName,
  MeetingId,
} from '../protocol/messages';
import type { NewMeeting } from './contract';

/** Time the worker has to erase a device, in milliseconds. Storage takes a few; one that is broken takes for ever. */
const ERASING_MS = 2000;
/** What a device says of a meeting that has ended, while it is being erased. */
const LAST_WORDS: ReadonlySet<DeviceOutput['type']> = new Set(['certificate', 'log']);

export interface DeviceEvents {
  says(output: DeviceOutput): void;
  /** There is no device, and will be none: nothing can be encrypted. */
  failed(): void;
}

/** Of `E2ee`, what is used here; a test brings its own. */
type Encryption = Pick<E2ee, 'close' | 'command' | 'forget' | 'rename' | 'start' | 'transforms'>;

type State =
  | { is: 'none' }
  | { is: 'restoring'; answer: (found: boolean) => void }
  | { is: 'creating'; answer: (body: CreateMeeting | null) => void }
  | { is: 'joining' }
  | { is: 'there' }
  | { is: 'erasing'; answer: () => void }
  | { is: 'broken' };

/** Call `restore` or `create` first, then `enter`; commands in between are the reducer's. `close` ends the workers. */
export class OwnDevice {
  #state: State = { is: 'none' };
  #encryption: Encryption | null = null;
  #events: DeviceEvents | null = null;
  /** What was last said of how things stand, for who listens only then. */
  #view: DeviceOutput | null = null;

  constructor(open: (events: E2eeEvents) => Encryption = (events) => new E2ee(events)) {
    try {
      this.#encryption = open({ said: (message) => this.#heard(message), counted: () => undefined });
    } catch {
      this.#state = { is: 'broken' };
    }
  }

  /** Whether this browser can run a device at all. */
  static isSupported(): boolean {
    return isSupported();
  }

  /** What encrypts and decrypts media; null if nothing can. */
  get transforms(): E2ee['transforms'] | null {
    return this.#state.is === 'broken' ? null : (this.#encryption?.transforms ?? null);
  }

  /** Hears the device from now on, beginning with how things stand. */
  listen(events: DeviceEvents): void {
    this.#events = events;
    if (this.#view) events.says(this.#view);
    if (this.#state.is === 'broken') events.failed();
  }

  /** Looks for the device that this browser had in a meeting, which comes back by this link. False if it remembers none. */
  restore(meeting: MeetingId, secret: string | null = null): Promise<boolean> {
    if (this.#state.is !== 'none') return Promise.resolve(this.#state.is === 'there');
    return new Promise((answer) => {
      this.#state = { is: 'restoring', answer };
      this.#encryption?.start({ how: 'restore', meeting, ...(secret !== null && { secret }) });
    });
  }

  /** Makes a meeting's first device. Returns what opens the meeting at the server, or null if there is no device. */
  create(
    name: DisplayName,
    { title, passcode, admits, controls }: NewMeeting,
    floor: ControlSettings = [],
  ): Promise<CreateMeeting | null> {
    if (this.#state.is !== 'none') return Promise.resolve(null);
    return new Promise((answer) => {
      this.#state = { is: 'creating', answer };
      const parameters = { suite: 'x_wing', name, title, passcode, admits, floor, controls };
      this.#encryption?.start({ how: 'create', parameters });
    });
  }

  /** Is to enter under `name`: the device there is, or else a new one by the secret of the link. */
  enter(meeting: MeetingId, secret: string | null, name: DisplayName): void {
    if (this.#state.is === 'there') {
      this.#encryption?.rename(name);
    } else if (this.#state.is === 'none' && secret !== null) {
      this.#state = { is: 'joining' };
      this.#encryption?.start({ how: 'join', parameters: { meeting, secret, name } });
    }
  }

  command(command: DeviceCommand): void {
    this.#encryption?.command(command);
  }

  /** Erases the device from this browser, and closes. Nothing more is heard of it but the log of what has ended. */
  forget(meeting: MeetingId): Promise<void> {
    const encryption = this.#encryption;
    if (!encryption || this.#state.is === 'broken') {
      this.close();
      return Promise.resolve();
    }
    return new Promise((answer) => {
      this.#settle({ is: 'erasing', answer }, false, null);
      encryption.forget(meeting);
      // One that cannot be found again is erased.
      encryption.start({ how: 'restore', meeting });
      setTimeout(() => this.close(), ERASING_MS);
    });
  }

  close(): void {
    this.#events = null;
    this.#encryption?.close();
    this.#encryption = null;
    this.#settle({ is: 'broken' }, false, null);
  }

  #heard(message: FromMls): void {
    if (this.#state.is === 'erasing') {
      if (message.type === 'output' && LAST_WORDS.has(message.output.type)) this.#events?.says(message.output);
      // What else comes answers what was asked before.
      if (message.type === 'not_remembered' || (message.type === 'failed' && message.fatal)) this.close();
      return;
    }
    switch (message.type) {
      case 'started':
        this.#started(message.creation);
        break;
      case 'not_remembered':
        this.#settle({ is: 'none' }, false, null);
        break;
      case 'output':
        if (message.output.type === 'view') this.#view = message.output;
        this.#events?.says(message.output);
        break;
      case 'failed':
        this.#failed(message.fatal);
        break;
    }
  }

  #started(creation: CreateMeeting | null): void {
    this.#settle({ is: 'there' }, true, creation);
  }

  #failed(fatal: boolean): void {
    switch (this.#state.is) {
      // A command could not be done as things stand: somebody was faster. What came of that is in the next view.
      case 'there':
      case 'none':
        if (!fatal) return;
        break;
      // What was kept is damaged, or of an older version: as good as nothing.
      case 'restoring':
        if (!fatal) {
          this.#settle({ is: 'none' }, false, null);
          return;
        }
        break;
      case 'broken':
        return;
    }
    this.#settle({ is: 'broken' }, false, null);
    this.#events?.failed();
  }

  /** Goes on to `next`, and answers whoever waits. */
  #settle(next: State, found: boolean, body: CreateMeeting | null): void {
    const before = this.#state;
    this.#state = next;
    if (before.is === 'restoring') before.answer(found);
    if (before.is === 'creating') before.answer(body);
    if (before.is === 'erasing') before.answer();
  }
}
