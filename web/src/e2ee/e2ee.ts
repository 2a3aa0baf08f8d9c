// End-to-end encryption, as the session sees it: one device, and the transforms of the streams it sends and receives.
//
// Keys never come here. What is attached sends and plays nothing until the device has keys; what is not attached must
// not be used at all.

import type { DeviceCommand, DisplayName, MeetingId } from '../protocol/messages';
import type { FromMls, Start, StreamTally, ToMls } from './messages';
import { canTransform, Transforms } from './transforms';
import { startWorker } from './workers';

export interface E2eeEvents {
  /** The device said something, or could not do something. */
  said(message: FromMls): void;
  /** What became of the frames of some streams, at most once a second and kind. */
  counted(streams: readonly StreamTally[]): void;
}

/** Whether this browser can encrypt. Where it cannot there is no call: there is no clear one either. */
export function isSupported(): boolean {
  return canTransform() && 'WebAssembly' in globalThis && globalThis.isSecureContext;
}

export class E2ee {
  readonly transforms: Transforms;
  readonly #mls: Worker;

  /** Throws where `isSupported` is false. */
  constructor(events: E2eeEvents) {
    if (!isSupported()) throw new Error('this browser cannot encrypt media');
    const broken = (message: string) => events.said({ type: 'failed', message, fatal: true });
    this.transforms = new Transforms({ counted: events.counted, broken });
    this.#mls = startWorker('mls', broken);
    this.#mls.onmessage = ({ data }: MessageEvent<FromMls>) => events.said(data);
    const { ports } = this.transforms;
    this.#tell({ type: 'transforms', ports }, [...ports]);
  }

  /** Makes, or finds again, the device. Answered by `started`, `not_remembered` or `failed`. */
  start(start: Start): void {
    this.#tell({ type: 'start', start });
  }

  /** Changes the name, before the device enters. */
  rename(name: DisplayName): void {
    this.#tell({ type: 'rename', name });
  }

  command(command: DeviceCommand): void {
    this.#tell({ type: 'command', command });
  }

  /** Nothing of a meeting stays in this browser. */
  forget(meeting: MeetingId): void {
    this.#tell({ type: 'forget', meeting });
  }

  /** The device is gone; what it wanted to be remembered stays. */
  close(): void {
    this.#mls.terminate();
    this.transforms.close();
  }

  #tell(message: ToMls, transfer: Transferable[] = []): void {
    this.#mls.postMessage(message, transfer);
  }
}
