// Own microphone, camera and speaker: opened when wanted, released when not, and what is wrong with them.
//
// Invariants: a camera that is off has no open track (its light is out); a microphone that is off has a disabled one;
// a track that arrives after it is no longer wanted is stopped at once. Not responsible for sending (`peer.ts`).

import type { Device, DeviceTrouble, LocalDevices } from '../session/contract';
import { LevelMeter } from './level';
import { troubleOf } from './trouble';

type Capture = 'microphone' | 'camera';

/** Ids chosen earlier on this device, or null. */
export interface Choices {
  microphone: string | null;
  camera: string | null;
  speaker: string | null;
}

export interface DeviceEvents {
  /** A track was opened or closed: what is sent has to change. */
  track(): void;
  /** A device cannot be used: the source is off now. */
  lost(source: Capture): void;
  speaker(id: string): void;
  chosen(choices: Choices): void;
}

function videoConstraints(id: string | null): MediaTrackConstraints {
  return {
    ...(id === null ? {} : { deviceId: { ideal: id } }),
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
  };
}

function audioConstraints(id: string | null): MediaTrackConstraints {
  return {
    ...(id === null ? {} : { deviceId: { ideal: id } }),
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: { ideal: 1 },
  };
}

export class Devices implements LocalDevices {
  microphones = $state.raw<readonly Device[]>([]);
  cameras = $state.raw<readonly Device[]>([]);
  speakers = $state.raw<readonly Device[]>([]);
  microphone = $state<string | null>(null);
  camera = $state<string | null>(null);
  speaker = $state<string | null>(null);
  microphoneTrouble = $state<DeviceTrouble | null>(null);
  cameraTrouble = $state<DeviceTrouble | null>(null);
  preview = $state.raw<MediaStream | null>(null);

  readonly #wanted: Record<Capture, boolean> = { microphone: false, camera: false };
  readonly #tracks: Record<Capture, MediaStreamTrack | null> = { microphone: null, camera: null };
  #meter: LevelMeter | null = null;
  /** Opening and closing happens one after the other, so that the last wish wins. */
  #lane: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #events: DeviceEvents;
  readonly #refresh = () => void this.#list();

  constructor(choices: Choices, events: DeviceEvents) {
    this.microphone = choices.microphone;
    this.camera = choices.camera;
    this.speaker = choices.speaker;
    this.#events = events;
    navigator.mediaDevices?.addEventListener('devicechange', this.#refresh);
  }

  /** Says which sources are wanted; opens and closes devices accordingly. */
  want(microphone: boolean, camera: boolean): Promise<void> {
    this.#wanted.microphone = microphone;
    this.#wanted.camera = camera;
    // A microphone is closed by a flag, so muting never waits for a camera that is still opening.
    if (this.#tracks.microphone) this.#tracks.microphone.enabled = microphone;
    return this.#queue(() => this.#settle());
  }

  /** Resolves once everything asked for so far has been opened or has failed. */
  settled(): Promise<void> {
    return this.#lane;
  }

  /** Returns the open track of a source. */
  track(source: Capture): MediaStreamTrack | null {
    return this.#tracks[source];
  }

  level(): number {
    return this.#wanted.microphone ? (this.#meter?.level() ?? 0) : 0;
  }

  async chooseMicrophone(id: string): Promise<void> {
    this.microphone = id;
    await this.#chooseAgain('microphone');
  }

  async chooseCamera(id: string): Promise<void> {
    this.camera = id;
    await this.#chooseAgain('camera');
  }

  async chooseSpeaker(id: string): Promise<void> {
    this.speaker = id;
    this.#events.speaker(id);
    this.#remember();
  }

  /** Releases every device. */
  release(): void {
    this.#wanted.microphone = this.#wanted.camera = false;
    this.#drop('microphone');
    this.#drop('camera');
  }

  close(): void {
    this.#closed = true;
    this.release();
    navigator.mediaDevices?.removeEventListener('devicechange', this.#refresh);
  }

  #chooseAgain(source: Capture): Promise<void> {
    this.#remember();
    return this.#queue(async () => {
      if (!this.#tracks[source] && !this.#wanted[source]) return;
      this.#drop(source);
      await this.#settle();
    });
  }

  #remember(): void {
    const { microphone, camera, speaker } = this;
    this.#events.chosen({ microphone, camera, speaker });
  }

  #queue(run: () => Promise<void>): Promise<void> {
    this.#lane = this.#lane.then(() => (this.#closed ? undefined : run())).catch(() => undefined);
    return this.#lane;
  }

  /** Opens what is wanted and not open, both with one question where both are, and closes the camera if unwanted. */
  async #settle(): Promise<void> {
    if (!this.#wanted.camera) this.#drop('camera');
    const missing = (['microphone', 'camera'] as const).filter(
      (source) => this.#wanted[source] && this.#tracks[source]?.readyState !== 'live',
    );
    if (missing.length === 0) return;
    if (!navigator.mediaDevices) {
      for (const source of missing) this.#fail(source, 'insecure_page');
      return;
    }
    if (!(missing.length === 2 && (await this.#open(missing)))) {
      for (const source of missing) await this.#open([source], true);
    }
    await this.#list();
  }

  /** Asks the browser for devices; false if it refused and `isLast` allows another way. */
  async #open(sources: readonly Capture[], isLast = false): Promise<boolean> {
    const constraints: MediaStreamConstraints = {
      ...(sources.includes('microphone') ? { audio: audioConstraints(this.microphone) } : {}),
      ...(sources.includes('camera') ? { video: videoConstraints(this.camera) } : {}),
    };
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      for (const track of stream.getTracks()) this.#take(track.kind === 'audio' ? 'microphone' : 'camera', track);
      return true;
    } catch (error) {
      if (isLast) for (const source of sources) this.#fail(source, troubleOf(error));
      return false;
    }
  }

  #take(source: Capture, track: MediaStreamTrack): void {
    if (this.#closed || (source === 'camera' && !this.#wanted.camera)) {
      track.stop();
      return;
    }
    this.#drop(source);
    this.#tracks[source] = track;
    this.#setTrouble(source, null);
    track.addEventListener('ended', () => {
      if (this.#tracks[source] === track) this.#unplugged(source);
    });
    const id = track.getSettings().deviceId ?? null;
    if (source === 'microphone') {
      track.contentHint = 'speech';
      track.enabled = this.#wanted.microphone;
      this.microphone = id ?? this.microphone;
      this.#meter = new LevelMeter(track);
    } else {
      this.camera = id ?? this.camera;
      this.preview = new MediaStream([track]);
    }
    this.#events.track();
  }

  /** The device was pulled out, or the permission taken back: these end a track without being asked to. */
  #unplugged(source: Capture): void {
    this.#drop(source);
    this.#fail(source, 'unplugged');
    void this.#list();
  }

  #fail(source: Capture, trouble: DeviceTrouble): void {
    this.#wanted[source] = false;
    this.#setTrouble(source, trouble);
    this.#events.lost(source);
  }

  #setTrouble(source: Capture, trouble: DeviceTrouble | null): void {
    if (source === 'microphone') this.microphoneTrouble = trouble;
    else this.cameraTrouble = trouble;
  }

  #drop(source: Capture): void {
    const track = this.#tracks[source];
    if (!track) return;
    this.#tracks[source] = null;
    track.stop();
    if (source === 'microphone') {
      this.#meter?.close();
      this.#meter = null;
    } else {
      this.preview = null;
    }
    this.#events.track();
  }

  /** Lists the devices. Labels are empty until one was opened: the browser does not let a page take fingerprints. */
  async #list(): Promise<void> {
    if (!navigator.mediaDevices) return;
    const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
    const of = (kind: MediaDeviceKind): Device[] =>
      all.filter((device) => device.kind === kind && device.deviceId).map(({ deviceId: id, label }) => ({ id, label }));
    this.microphones = of('audioinput');
    this.cameras = of('videoinput');
    this.speakers = of('audiooutput');
    // The first is the system's choice, by which sound goes out unless told otherwise.
    if (!this.speakers.some(({ id }) => id === this.speaker)) this.speaker = this.speakers[0]?.id ?? null;
  }
}
