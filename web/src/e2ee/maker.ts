// Makes the devices of meetings that are to come: each is made in its worker, sealed in this browser, and looked for
// again there, before anybody is told of its meeting. A device that could not be kept would leave a meeting without a
// host.
//
// Keys never come here; a link's secret does, as it does to whoever makes a meeting and passes the link on.

import type { CreateDevice, CreateMeeting, DeviceCommand, InviteView, MeetingId } from '../protocol/messages';
import type { FromMls, ToMls } from './messages';
import { startWorker } from './workers';

/** A meeting whose device is kept in this browser. */
export interface Made {
  /** What the server is told of it. */
  creation: CreateMeeting;
  /** What comes after the path in its link: `#v1.<secret>`. */
  invite: string;
  /** The links for single people that were asked for. */
  invites: readonly InviteView[];
}

/** Somebody who is to have a link of their own. */
export type Guest = Omit<Extract<DeviceCommand, { type: 'invite' }>, 'type'>;

type Listener = (message: FromMls) => void;
/** Of a worker, what is used here; a test brings its own. */
type MlsWorker = Pick<Worker, 'postMessage' | 'terminate'> & {
  onmessage: ((event: MessageEvent<FromMls>) => void) | null;
};

export class Maker {
  readonly #worker: MlsWorker;
  #listener: Listener = () => undefined;

  constructor(open: (broken: (message: string) => void) => MlsWorker = (broken) => startWorker('mls', broken)) {
    this.#worker = open((message) => this.#listener({ type: 'failed', message, fatal: true }));
    this.#worker.onmessage = ({ data }) => this.#listener(data);
    this.#tell({ type: 'transforms', ports: [] });
  }

  /**
   * Makes a meeting's device with links for `guests`, and keeps it. Null if this browser cannot, or if the device makes
   * not all of the links. One at a time.
   */
  make(parameters: CreateDevice, guests: readonly Guest[] = []): Promise<Made | null> {
    let creation: CreateMeeting | null = null;
    let invite: string | null = null;
    let invites: readonly InviteView[] = [];
    return new Promise((answer) => {
      this.#listener = (message) => {
        if (message.type === 'output' && message.output.type === 'view') {
          // The device before, found again, goes on to say how it stands: its link is not this one's.
          const { view } = message.output;
          if (view.meeting === creation?.meeting) ({ invite, invites } = view);
        } else if (message.type === 'started' && message.creation) {
          creation = message.creation;
          for (const guest of guests) this.#tell({ type: 'command', command: { type: 'invite', ...guest } });
          // Answered after it was sealed: what the worker is asked is done one after the other.
          this.#tell({ type: 'start', start: { how: 'restore', meeting: creation.meeting } });
        } else if (message.type !== 'output') {
          // The device that was found again says what it has kept.
          const isKept = message.type === 'started' && invites.length >= guests.length;
          answer(isKept && creation && invite ? { creation, invite, invites } : null);
        }
      };
      this.#tell({ type: 'start', start: { how: 'create', parameters: { ...parameters } } });
    });
  }

  /** Nothing of a meeting stays in this browser. */
  forget(meeting: MeetingId): void {
    this.#tell({ type: 'forget', meeting });
  }

  /** Ends the worker, once it has done what it was asked. */
  async close(): Promise<void> {
    await new Promise<void>((answer) => {
      this.#listener = () => answer();
      // There is no meeting of this name: its answer comes after everything before.
      this.#tell({ type: 'start', start: { how: 'restore', meeting: '' } });
    });
    this.#worker.terminate();
  }

  #tell(message: ToMls): void {
    this.#worker.postMessage(message);
  }
}
