// What the start page can do: make a meeting, or open one from a link. Implements what `App.svelte` hands to it.

import { inviteLink, parseInvite } from '../protocol/gate';
import type { CreationKey } from '../protocol/messages';
import type { StartTrouble } from './contract';
import { createMeeting } from './create';
import { device } from './memory';

export class Start {
  /** Whether this device holds a creation key. */
  mayCreate = $state(device.creationKey.read() !== null);
  creating = $state(false);
  trouble = $state<StartTrouble | null>(null);

  /** Takes a key from the address, and makes a meeting by it at once. */
  async createWith(key: CreationKey | null): Promise<void> {
    if (key !== null) {
      device.creationKey.write(key);
      this.mayCreate = true;
    }
    // Going back must not make another meeting.
    await this.#create(key, (path) => location.replace(path));
  }

  /** Makes a meeting by the key of this device. */
  async create(): Promise<void> {
    await this.#create(null, (path) => location.assign(path));
  }

  /** Opens the meeting of a whole invite link or its path. */
  join(text: string): void {
    const invite = parseInvite(text, location.origin);
    if (invite) location.assign(inviteLink(location.origin, invite));
    else this.trouble = 'link_invalid';
  }

  async #create(given: CreationKey | null, go: (path: string) => void): Promise<void> {
    const key = given ?? device.creationKey.read();
    if (key === null) {
      this.trouble = 'refused';
      return;
    }
    if (this.creating) return;
    this.creating = true;
    this.trouble = null;
    const created = await createMeeting(key);
    this.creating = false;
    if ('meeting' in created) go(`/m/${created.meeting}`);
    else this.trouble = created.trouble;
  }
}
