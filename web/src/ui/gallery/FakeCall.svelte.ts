// A call that goes nowhere: it keeps what the interface asks and shows what a scene wants shown.

import type { CallState } from '../../call/state';
import type { Guest, Participant, ParticipantId, Source } from '../../protocol/messages';
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

/** A person of the gallery; odd ones have their camera on. */
export function person(id: ParticipantId, more: Partial<Participant> = {}): Participant {
  return {
    id,
    name: NAMES[(id - 1) % NAMES.length] ?? 'Nobody',
    role: id === YOU ? 'host' : 'participant',
    media: { microphone: id % 3 !== 0, camera: id % 4 !== 0, screen: false, screen_audio: false },
    presence: 'connected',
    ...more,
  };
}

export function guest(id: ParticipantId, name: string, waiting_ms = 0): Guest {
  return { id, name, waiting_ms };
}

function emptyState(): CallState {
  return {
    phase: 'joined',
    link: 'connected',
    path: 'connected',
    joinedAt: Date.now() - 754_000,
    title: 'Weekly coordination',
    you: YOU,
    role: 'host',
    hostPresent: true,
    media: { microphone: true, camera: true, screen: false, screen_audio: false },
    participants: [person(YOU)],
    lobby: [],
    quality: new Map(),
    speaking: [],
    slots: new Map(),
    over: null,
    notices: [],
    leaveQuestion: false,
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
  /** What the stage last said is on screen. */
  shown = $state.raw<readonly ShownTile[]>([]);
  readonly #streams = new Map<string, MediaStream>();

  patch(change: Partial<CallState>): void {
    this.state = { ...this.state, ...change };
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
  end = () => this.patch({ phase: 'over', over: { reason: 'ended', by: 'Asha Rao' } });
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
  dismiss = (notice: number) => this.patch({ notices: this.state.notices.filter(({ id }) => id !== notice) });
  makeHost = (id: ParticipantId) => this.#change(id, { role: 'host' });

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

  #change(id: ParticipantId, change: Partial<Participant>): void {
    this.patch({
      participants: this.state.participants.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)),
    });
  }
}
