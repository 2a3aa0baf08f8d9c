// What the start page can do: make a meeting, or open one from a link. Implements what `App.svelte` hands to it.

import { oneLine } from '../call/text';
import { fragmentOf, inviteLink, parseInvite } from '../protocol/invite';
import { limits, type MeetingId, type Template, type TemplateId } from '../protocol/messages';
import type { CreationRight } from './address';
import type { NewMeeting, StartTrouble } from './contract';
import { createMeeting } from './create';
import type { OwnDevice } from './device';
import { standing } from './hosting';
import { device } from './memory';
import { Secrets } from './secrets';
import { templates } from './templates';

const plain: NewMeeting = { title: null, passcode: null, admits: false, controls: [] };
/** Until the person is asked, on the way in. Nobody else sees it. */
const NAMELESS = 'Host';

export interface StartEvents {
  /** A meeting was made: its call is next, with the device that made it. */
  opened(meeting: MeetingId, device: OwnDevice): void;
}

export class Start {
  /** Whether meetings can be made here: by a creation key that this browser holds, or as who is signed in. */
  mayCreate = $state(false);
  /** Somebody is signed in who may start no meetings. */
  isMember = $state(false);
  creating = $state(false);
  trouble = $state<StartTrouble | null>(null);
  /** What a meeting can begin with, where there is a choice. */
  templates = $state.raw<readonly Template[]>([]);
  /** Whoever is signed in, in the place of the key. */
  #right: CreationRight | null = null;
  readonly #secrets = new Secrets();
  readonly #events: StartEvents;

  constructor(events: StartEvents) {
    this.#events = events;
  }

  /** Finds by which right this browser makes meetings. */
  async look(): Promise<void> {
    if ((await this.#kept()) !== null) {
      this.mayCreate = true;
      return;
    }
    const here = await standing();
    this.isMember = here === 'member';
    if (here !== 'host') return;
    this.#right = { by: 'session' };
    this.mayCreate = true;
    this.templates = await templates();
  }

  /** Takes a right from the address, and makes a meeting by it: at once, unless there is something to choose first. A key
   * is kept for the next one. */
  async createWith(right: CreationRight | null): Promise<void> {
    if (right?.by === 'session') {
      this.#right = right;
      this.mayCreate = true;
      this.creating = true;
      this.templates = await templates();
      this.creating = false;
      if (this.templates.length > 0) return;
    }
    if (right?.by === 'key') {
      this.mayCreate = true;
      void this.#secrets.creationKey.write(right.key);
    }
    await this.#create(right, plain);
  }

  /** Makes a meeting as who is signed in, or by the key of this browser. */
  async create(template: TemplateId | null): Promise<void> {
    const controls = this.templates.find(({ id }) => id === template)?.controls ?? [];
    await this.#create(this.#right, { ...plain, controls });
  }

  /** Opens the meeting of a whole invite link or its path. */
  join(text: string): void {
    const invite = parseInvite(text, location.origin);
    if (invite) location.assign(inviteLink(location.origin, invite.meeting, fragmentOf(invite.secret)));
    else this.trouble = 'link_invalid';
  }

  async #kept(): Promise<CreationRight | null> {
    const key = await this.#secrets.creationKey.read();
    return key === null ? null : { by: 'key', key };
  }

  async #create(given: CreationRight | null, wishes: NewMeeting): Promise<void> {
    if (this.creating) return;
    this.creating = true;
    this.trouble = null;
    const right = given ?? (await this.#kept());
    this.mayCreate = right !== null;
    const created =
      right === null
        ? ({ trouble: 'refused' } as const)
        : await createMeeting(right, device.name.read() ?? NAMELESS, {
            title: oneLine(wishes.title ?? '', limits.titleCharsMax),
            passcode: oneLine(wishes.passcode ?? '', limits.passcodeCharsMax),
            admits: wishes.admits,
            controls: wishes.controls,
          });
    this.creating = false;
    if (!('trouble' in created)) {
      this.#events.opened(created.meeting, created.device);
      return;
    }
    this.trouble = created.trouble;
    if (created.trouble === 'signed_out') {
      device.signedIn.forget();
      this.#right = null;
      this.templates = [];
      this.mayCreate = (await this.#kept()) !== null;
    }
  }
}
