// A call that goes nowhere: it keeps what the interface asks and shows what a scene wants shown.

import { contentOf } from '../../call/material';
import type { CallState, ChatLine, Knock, Material, Person } from '../../call/state';
import type { DeviceKey, DeviceView, MaterialKind, MemberView, ParticipantId, Source } from '../../protocol/messages';
import type { Call, DeviceTrouble, LocalDevices, ShownTile } from '../../session/contract';
import { paintedStream } from './painting';

export const YOU = 1;

const NAMES = [
  'Asha Rao',
  'Ben Okafor',
  'Chandra Devi',
  'Dmitri Volkov',
  'Élodie Martin',
  'Farid Hosseini',
  'Grace Wanjiru',
  'Hana Suzuki',
  'Ifeoma Eze',
  'Jonas Lindqvist',
  'किरण बेदी',
  'Leïla Ben Youssef',
  'Marta Kowalska',
  'Nguyễn Thị Hoa',
  'Olu Adeyemi',
  'Priya Raghunathan-Venkataraman of the State Emergency Operations Centre',
  'Quentin Dubois',
];

const METHODS = ['creator', 'manual', 'passcode', 'manual', 'rule', 'invite'] as const;

/** A key for each person. Keys are random; these are chosen so that neighbours have colours far apart. */
function deviceOf(id: ParticipantId): DeviceKey {
  const digits = String(id).padStart(4, '0');
  const sum = [...digits].reduce((total, digit) => total + Number(digit), 0);
  return `${digits}${String.fromCharCode(64 + ((id * 3 - sum + 64) % 8))}`.padEnd(43, 'h');
}

/** A person of the gallery; odd ones have their camera on. */
export function person(id: ParticipantId, more: Partial<Person> = {}): Person {
  return {
    id,
    device: deviceOf(id),
    name: NAMES[(id - 1) % NAMES.length] ?? 'Nobody',
    role: id === YOU ? 'host' : 'participant',
    media: { microphone: id % 3 !== 0, camera: id % 4 !== 0, screen: false, screen_audio: false },
    presence: 'connected',
    hand: false,
    verified: true,
    method: METHODS[id === YOU ? 0 : 1 + (id % (METHODS.length - 1))] ?? 'manual',
    ofOrganisation: id % 2 === 1,
    ...more,
  };
}

export function knock(id: ParticipantId, name: string, more: Partial<Knock> = {}): Knock {
  return {
    id,
    device: deviceOf(id),
    name,
    waiting_ms: 0,
    passcode: 'not_needed',
    admitting: false,
    ofOrganisation: false,
    invite: null,
    ...more,
  };
}

/** A line that somebody wrote, some minutes ago. */
export function line(id: number, from: ParticipantId, text: string, minutesAgo = 0): ChatLine {
  const { device, name } = person(from);
  return { id, from: device, name, text, own: from === YOU, atMs: Date.now() - minutesAgo * 60_000 };
}

const MEDIUM = [{ control: 'MEET.SHARE.HOST', value: 'granted' }];
const ALLOWED = { microphone: true, camera: true, screen: true, screen_audio: true };

function member(one: Person, leaf: number): MemberView {
  const { device, name, hand, media } = one;
  const method = one.method ?? 'manual';
  return {
    device,
    leaf,
    name: name || null,
    host: one.role === 'host',
    method,
    hand,
    media,
    allowed: ALLOWED,
    may_chat: true,
    given: [],
    taken: [],
    role: one.role === 'host' ? null : 'participant',
  };
}

function emptyView(people: readonly Person[]): DeviceView {
  return {
    meeting: 'k7f3q2zx5v6w8r9t1y4u2n3m4b5c6d7e',
    me: person(YOU).device,
    stage: 'member',
    invite: '#v1.Zm9vYmFyYmF6cXV4MTIzNA',
    title: 'Weekly coordination',
    encryption: 'verified',
    alarms: [],
    heartbeat: 'fresh',
    epoch: 12,
    epoch_certified: true,
    suite: 'x_wing',
    code: { group: '481902775310648823117590264431', root: '7350918264' },
    members: people.map(member),
    guests: [],
    locked: false,
    conduct: { floor: MEDIUM, controls: MEDIUM, locks_at_ms: null, suspended: false, spotlight: null },
    banned: [],
    invites: [],
    keeps_log: true,
    certificate: { type: 'none' },
    passcode: { type: 'none' },
    personal_link_wanted: false,
    materials: [],
    host: true,
  };
}

function emptyState(): CallState {
  const people = [person(YOU)];
  return {
    phase: 'joined',
    link: 'connected',
    path: 'connected',
    joinedAt: Date.now() - 754_000,
    e2ee: emptyView(people),
    title: 'Weekly coordination',
    you: YOU,
    role: 'host',
    hostPresent: true,
    media: { microphone: true, camera: true, screen: false, screen_audio: false },
    participants: people,
    strangers: 0,
    lobby: [],
    chat: [],
    quality: new Map(),
    speaking: [],
    slots: new Map(),
    over: null,
    log: null,
    certificate: null,
    notices: [],
    leaveQuestion: false,
    askedToSpeak: null,
    sentBack: null,
    spotlight: null,
    materials: [],
  };
}

class FakeDevices implements LocalDevices {
  microphones = [
    { id: 'm1', label: 'Built-in microphone' },
    { id: 'm2', label: 'USB headset (Jabra Evolve2 65)' },
  ];
  cameras = [{ id: 'c1', label: 'Integrated camera' }];
  speakers = [{ id: 's1', label: 'System default' }];
  microphone = $state<string | null>('m1');
  camera = $state<string | null>('c1');
  speaker = $state<string | null>('s1');
  microphoneTrouble = $state<DeviceTrouble | null>(null);
  cameraTrouble = $state<DeviceTrouble | null>(null);
  preview = $state.raw<MediaStream | null>(paintedStream(YOU, 'camera'));
  level = () => 0.35 + 0.3 * Math.sin(performance.now() / 160);
  chooseMicrophone = async (id: string) => {
    this.microphone = id;
  };
  chooseCamera = async (id: string) => {
    this.camera = id;
  };
  chooseSpeaker = async (id: string) => {
    this.speaker = id;
  };
}

export class FakeCall implements Call {
  state = $state.raw<CallState>(emptyState());
  devices = new FakeDevices();
  microphoneOn = $state(true);
  cameraOn = $state(true);
  sharing = $state(false);
  canShare = true;
  inviteLink = 'https://sabha.example.org/m/k7f3q2zx5v6w8r9t1y4u#v1.Zm9vYmFyYmF6cXV4MTIzNA';
  rememberedName = 'Asha Rao';
  readonly comingBack = false;
  demands = [];
  /** What the stage last said is on screen. */
  shown = $state.raw<readonly ShownTile[]>([]);
  readonly #streams = new Map<string, MediaStream>();

  /** Changes the state. Who is in the room is in the group too, unless the change says otherwise. */
  patch(change: Partial<CallState>): void {
    const next = { ...this.state, ...change };
    const members = next.participants.map(member);
    const follows = change.participants && !change.e2ee && next.e2ee;
    this.state = follows ? { ...next, e2ee: { ...follows, members } } : next;
  }

  get #conduct(): DeviceView['conduct'] {
    return (
      this.state.e2ee?.conduct ?? { floor: [], controls: [], locks_at_ms: null, suspended: false, spotlight: null }
    );
  }

  /** Changes what the device has verified. */
  patchView(change: Partial<DeviceView>): void {
    if (this.state.e2ee) this.patch({ e2ee: { ...this.state.e2ee, ...change } });
  }

  streamOf(participant: ParticipantId, source: Source): MediaStream | null {
    const media = this.state.participants.find(({ id }) => id === participant)?.media;
    if (!media?.[source] || (source !== 'camera' && source !== 'screen')) return null;
    const key = `${participant} ${source}`;
    const stream = this.#streams.get(key) ?? paintedStream(participant, source);
    this.#streams.set(key, stream);
    return stream;
  }

  openDevices = async () => undefined;
  enter = () => this.patch({ phase: 'entering' });
  leave = () => this.patch({ phase: 'over', over: { reason: 'left', by: null } });
  cancelLeave = () => this.patch({ leaveQuestion: false });
  end = () =>
    this.patch({ phase: 'over', over: { reason: 'ended', by: 'Asha Rao' }, log: 'sabha/', certificate: '{}' });
  saveLog = () => undefined;
  makeCertificate = () => undefined;
  countersign = () => undefined;
  saveCertificate = () => undefined;
  handOver = () => this.leave();
  retry = () => this.patch({ phase: 'prejoin', over: null });
  setMicrophone = (on: boolean) => {
    this.microphoneOn = on;
  };
  setCamera = (on: boolean) => {
    this.cameraOn = on;
  };
  share = async (on: boolean) => {
    this.sharing = on;
  };
  show = (tiles: readonly ShownTile[]) => {
    this.shown = tiles;
  };
  askDemands = () => {};
  showFile = async () => 'unknown_type' as const;
  showText = (text: string) => {
    this.showMaterial(YOU, 'text', contentOf(new TextEncoder().encode(text)), { state: 'own' });
    return null;
  };
  takeMaterialAway = () => this.patch({ materials: this.state.materials.filter(({ state }) => state !== 'own') });
  dismiss = (notice: number) => this.patch({ notices: this.state.notices.filter(({ id }) => id !== notice) });
  makeHost = (id: ParticipantId) => this.#change(id, { role: 'host' });
  muteAll = () => undefined;
  askToSpeak = () => undefined;
  declineToSpeak = () => this.patch({ askedToSpeak: null });
  setRole = () => undefined;
  invite = (name: string, until_ms: number, devices: number) =>
    this.patchView({
      invites: [
        ...(this.state.e2ee?.invites ?? []),
        { invite: `I${name}`, name, until_ms, devices, fragment: '#v1.gallery', used_by: [] },
      ],
    });
  withdrawInvite = (invite: DeviceKey) =>
    this.patchView({ invites: this.state.e2ee?.invites.filter((one) => one.invite !== invite) ?? [] });
  linkOf = (fragment: string) => `https://meet.example.org/m/gallery${fragment}`;
  liftBan = (device: DeviceKey) =>
    this.patchView({ banned: this.state.e2ee?.banned.filter((one) => one.device !== device) ?? [] });
  spotlight = (spotlight: ParticipantId | null) => this.patch({ spotlight });
  sendBack = (id: ParticipantId) => this.remove(id);
  setRight = () => undefined;
  setControl = (control: string, value: string) =>
    this.patchView({
      conduct: {
        ...this.#conduct,
        controls: [...this.#conduct.controls.filter((setting) => setting.control !== control), { control, value }],
      },
    });
  suspend = (suspended: boolean) => this.patchView({ conduct: { ...this.#conduct, suspended } });
  lock = (locked: boolean) => this.patchView({ locked });
  raiseHand = (hand: boolean) => this.#change(YOU, { hand });

  shutMail(): void {
    const passcode = this.state.e2ee?.passcode;
    if (passcode?.type === 'set') this.patchView({ passcode: { ...passcode, by_mail: false } });
  }

  setPasscode(passcode: string | null, admits: boolean): void {
    this.patchView({
      passcode: passcode === null ? { type: 'none' } : { type: 'set', passcode, admits, wrong: 0, by_mail: false },
    });
  }

  submitPasscode(): void {
    this.patchView({ stage: 'proving' });
  }

  chat(text: string): void {
    this.say(YOU, text);
  }

  /** Somebody shows restricted material. */
  showMaterial(from: ParticipantId, kind: MaterialKind, content: string | null, more: Partial<Material> = {}): void {
    const { device, name } = person(from);
    const material: Material = {
      from: device,
      name,
      id: 'M',
      kind,
      parts: 3,
      done: 3,
      state: 'here',
      content,
      ...more,
    };
    this.patch({ materials: [...this.state.materials, material] });
  }

  /** Somebody writes. */
  say(from: ParticipantId, text: string): void {
    this.patch({ chat: [...this.state.chat, line((this.state.chat.at(-1)?.id ?? 0) + 1, from, text)] });
  }

  admit(id: ParticipantId): void {
    const found = this.state.lobby.find((entry) => entry.id === id);
    this.deny(id);
    if (found) this.patch({ participants: [...this.state.participants, person(id, { name: found.name })] });
  }

  admitAll(): void {
    for (const { id } of this.state.lobby) this.admit(id);
  }

  deny(id: ParticipantId): void {
    this.patch({ lobby: this.state.lobby.filter((entry) => entry.id !== id) });
  }

  remove(id: ParticipantId): void {
    this.patch({ participants: this.state.participants.filter((entry) => entry.id !== id) });
  }

  mute(id: ParticipantId, source: Source): void {
    const found = this.state.participants.find((entry) => entry.id === id);
    if (found) this.#change(id, { media: { ...found.media, [source]: false } });
  }

  #change(id: ParticipantId, change: Partial<Person>): void {
    this.patch({
      participants: this.state.participants.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)),
    });
  }
}
