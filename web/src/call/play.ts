// A call as tests play it: feeds events to the reducer, answers as a server and a device would, and keeps what was
// wanted done.

import type {
  ClientMessage,
  DeviceCommand,
  DeviceView,
  Guest,
  MediaOffer,
  MediaState,
  MemberView,
  Participant,
  Rule,
  ServerFrame,
  ServerMessage,
} from '../protocol/messages';
import { type CallEvent, type Effect, initialModel, type Model } from './model';
import { reduce } from './reducer';

export const media = (on: Partial<MediaState> = {}): MediaState => ({
  microphone: true,
  camera: true,
  screen: false,
  screen_audio: false,
  ...on,
});
export const offer = (name: string): MediaOffer => ({ sdp: name, up: [], down: [] });

/** Participant `id` as the server lists it, with the device `D<id>`. */
export const person = (id: number, rest: Partial<Participant> = {}): Participant => ({
  id,
  device: `D${id}`,
  role: 'participant',
  media: media(),
  presence: 'connected',
  of_organisation: false,
  ...rest,
});
export const guest = (id: number): Guest => ({
  id,
  device: `D${id}`,
  knock: 'sealed',
  waiting_ms: 5,
  of_organisation: false,
});

/** The device `D<id>`, called `P<id>`, as a member of the group. */
export const member = (id: number, rest: Partial<MemberView> = {}): MemberView => ({
  device: `D${id}`,
  leaf: id * 10,
  name: `P${id}`,
  host: false,
  method: 'manual',
  hand: false,
  media: media(),
  allowed: media({ screen: true, screen_audio: true }),
  may_chat: true,
  given: [],
  taken: [],
  role: rest.host ? null : 'participant',
  ...rest,
});
export const knocker = (id: number): DeviceView['guests'][number] => ({
  guest: id,
  device: `D${id}`,
  name: `G${id}`,
  passcode: 'not_needed',
  admitting: false,
  of_organisation: false,
  invite: null,
});

const outside: DeviceView = {
  meeting: 'a'.repeat(32),
  me: 'D1',
  stage: 'outside',
  invite: '#v1.secret',
  title: null,
  encryption: 'pending',
  alarms: [],
  heartbeat: 'fresh',
  epoch: 0,
  epoch_certified: false,
  suite: 'x_wing',
  code: null,
  members: [],
  guests: [],
  locked: false,
  conduct: { floor: [], controls: [], locks_at_ms: null, suspended: false, spotlight: null },
  banned: [],
  invites: [],
  keeps_log: false,
  certificate: { type: 'none' },
  passcode: { type: 'none' },
  personal_link_wanted: false,
  materials: [],
  host: false,
};

export const admitted = (rest: object = {}): ServerMessage => ({
  type: 'admitted',
  you: 1,
  role: 'participant',
  epoch: 3,
  in_group: true,
  resume: 'token1',
  title: 'sealed',
  room_epoch: 1,
  media_allowed: media({ screen: true, screen_audio: true }),
  ...rest,
});
export const joined = (rest: object = {}): ServerMessage => ({
  type: 'joined',
  answer: { sdp: 'answer', generation: 1 },
  media: media(),
  participants: [person(1), person(2)],
  lobby: [],
  seq: 10,
  ...rest,
});
export const waiting: ServerMessage = { type: 'waiting', you: 1, host_present: true, title: 'sealed' };

/** What the device signs; which right it shows is its own business. */
export const signed: ClientMessage = {
  type: 'enter',
  meeting: outside.meeting,
  device: 'D1',
  proof: 'proof',
  credential: { type: 'link', tag: 'tag', knock: 'knock' },
  client: 1,
};

export class Play {
  model: Model = initialModel(media());
  /** What the last step wanted done. */
  effects: Effect[] = [];
  nowMs = 1_000;
  #view = outside;
  #sends = 0;
  readonly #requests = new Map<ClientMessage['type'], number>();

  do(...events: CallEvent[]): this {
    this.effects = [];
    for (const event of events) {
      const step = reduce(this.model, event, this.nowMs);
      this.model = step.model;
      this.effects.push(...step.effects);
    }
    for (const effect of this.effects) if (effect.type === 'send') this.#requests.set(effect.body.type, effect.id);
    return this;
  }

  /** The server says something. */
  hear(body: ServerMessage, rest: Omit<ServerFrame, 'body'> = {}): this {
    return this.do({ type: 'socket_message', frame: { ...rest, body } });
  }
  /** The server answers the newest request of a type. */
  reply(to: ClientMessage['type'], body: ServerMessage): this {
    return this.hear(body, { re: this.request(to) });
  }
  refuse(to: ClientMessage['type'], rule: Rule): this {
    return this.reply(to, { type: 'refused', rule, message: 'no' });
  }
  request(type: ClientMessage['type']): number {
    return this.#requests.get(type) ?? -1;
  }

  /** The device says how it stands; what is not named stays. */
  view(change: Partial<DeviceView> = {}): this {
    this.#view = { ...this.#view, ...change };
    return this.do({ type: 'device', output: { type: 'view', view: this.#view } });
  }
  /** The device wants something sent. */
  deviceSends(message: ClientMessage): this {
    this.#sends += 1;
    return this.do({ type: 'device', output: { type: 'send', send: this.#sends, message } });
  }
  get sends(): number {
    return this.#sends;
  }

  enter(resume: string | null = null, afterReload = false): this {
    return this.do({ type: 'enter', name: 'Asha', resume, afterReload });
  }
  /** A connection opens, and the device signs what it is asked to. */
  connect(challenge = 'challenge'): this {
    this.do({ type: 'socket_up' }).hear({ type: 'welcome', version: '1', boot_epoch: 1, challenge });
    return this.deviceSends(signed);
  }
  /** The server lets the device in, and the device is in the group. */
  letIn(rest: object = {}): this {
    return this.reply('enter', admitted(rest)).view({
      stage: 'member',
      epoch: 3,
      encryption: 'verified',
      epoch_certified: true,
      title: 'Weekly',
      members: [member(1), member(2)],
    });
  }
  /** A guest who knocked, was admitted and is in the room. */
  intoRoom(rest: object = {}): this {
    this.enter().do({ type: 'offer_ready', attempt: 1, offer: offer('first') });
    this.view().connect().reply('enter', waiting).letIn();
    return this.reply('join', joined(rest));
  }
  /** The same with the host's key. */
  intoRoomAsHost(rest: object = {}): this {
    return this.intoRoom(rest).view({ host: true, members: [member(1, { host: true }), member(2)] });
  }
  /** Comes back after the connection dropped. */
  comeBack(rest: object = {}): this {
    this.do({ type: 'socket_down' });
    const { attempt } = this.model;
    this.do({ type: 'offer_ready', attempt, offer: offer('next') })
      .connect()
      .reply('enter', admitted());
    return this.reply('join', joined({ answer: { sdp: 'answer', generation: attempt }, seq: 20, ...rest }));
  }

  get shown() {
    return this.model.shown;
  }
  get sent(): ClientMessage[] {
    return this.effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []));
  }
  /** What the device was told. */
  get told(): DeviceCommand[] {
    return this.effects.flatMap((effect) => (effect.type === 'device' ? [effect.command] : []));
  }
  get kinds(): string[] {
    return this.effects.map((effect) => {
      if (effect.type === 'send') return `send ${effect.body.type}`;
      return effect.type === 'device' ? `device ${effect.command.type}` : effect.type;
    });
  }
  get notices(): [string, string | null][] {
    return this.shown.notices.map(({ kind, name }) => [kind, name]);
  }
}
