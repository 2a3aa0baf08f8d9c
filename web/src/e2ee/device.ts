// The device whose cryptography runs in WebAssembly, in the types of the protocol. The only file that knows the face
// of the generated module.

import type { CreateMeeting, DeviceCommand, DeviceOutput, DisplayName } from '../protocol/messages';
import load, { Device as Module } from './wasm/crypto.js';
import code from './wasm/crypto_bg.wasm?url';

export class Device {
  readonly #module: Module;

  private constructor(module: Module) {
    this.#module = module;
  }

  /** Fetches and compiles the code. Rejects if the network or the page's policy is in the way. */
  static async load(): Promise<void> {
    await load({ module_or_path: code });
  }

  static create(parameters: Record<string, unknown>): Device {
    return new Device(Module.create(JSON.stringify(parameters), Date.now()));
  }

  static join(parameters: Record<string, unknown>): Device {
    return new Device(Module.join(JSON.stringify(parameters), Date.now()));
  }

  static restore(exported: Uint8Array): Device {
    return new Device(Module.restore(exported, Date.now()));
  }

  /** Takes the link by which a device comes back: it may have an invite of its own. */
  takeLink(secret: string): void {
    this.#module.take_link(secret);
  }

  /** Returns what opens the meeting at the server, if this device created it. */
  get creation(): CreateMeeting | null {
    const json = this.#module.creation();
    return json === undefined ? null : (JSON.parse(json) as CreateMeeting);
  }

  /** Changes the name, before entering. Throws if it is none. */
  rename(name: DisplayName): void {
    this.#module.rename(name);
  }

  /** Throws an `Error` with a sentence if it cannot be done as things stand. */
  command(command: DeviceCommand): void {
    this.#module.command(JSON.stringify(command), Date.now());
  }

  /** Does what is due. */
  timeout(): void {
    this.#module.timeout(Date.now());
  }

  /** Milliseconds until `timeout` is to be called, or null. */
  get dueIn(): number | null {
    const due = this.#module.next_timeout();
    return due === undefined ? null : Math.max(0, due - Date.now());
  }

  /** Takes the next thing that the device says, until there is none. */
  poll(): DeviceOutput | null {
    const json = this.#module.poll();
    return json === undefined ? null : (JSON.parse(json) as DeviceOutput);
  }

  /** Returns what must survive a reload. Secret: to be stored sealed only. */
  export(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#module.export());
  }

  free(): void {
    this.#module.free();
  }
}
