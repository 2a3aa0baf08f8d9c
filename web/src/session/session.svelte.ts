// One call in this tab: runs the reducer's effects and owns every lifetime (socket, peer connections, devices, timers,
// listeners), all of which end with `close`.
//
// Decides nothing about the call: that is `call/reducer.ts`. Events are handled one after the other, in the order in
// which they came; an effect that causes an event at once only queues it.

import type { CallEvent, Effect, Model } from '../call/model';
import { initialModel } from '../call/model';
import { reduce } from '../call/reducer';
import type { CallState } from '../call/state';
import { Devices } from '../media/devices.svelte';
import { MediaPlane } from '../media/plane.svelte';
import { canCaptureScreen, captureScreen, type ScreenTracks } from '../media/screen';
import { gateKey, inviteLink } from '../protocol/gate';
import type {
  Credential,
  GateKey,
  MediaState,
  MeetingId,
  ParticipantId,
  ResumeToken,
  Source,
} from '../protocol/messages';
import { SIGNALLING_PATH } from '../protocol/messages';
import { SignallingSocket } from '../signalling/socket';
import type { Call, ShownTile } from './contract';
import { chosenDevices, device, hostedHere, tab } from './memory';
import { ShownTiles } from './shown';
import { ScreenLock } from './wakelock';

/** Wanted at first: to be seen and heard, as the preview shows. */
const firstWishes: MediaState = { microphone: true, camera: true, screen: false, screen_audio: false };

export class Session implements Call {
  readonly devices: Devices;
  readonly inviteLink: string | null;
  readonly rememberedName = device.name.read() ?? '';
  readonly canShare = canCaptureScreen();

  #model: Model;
  readonly #queue: CallEvent[] = [];
  #running = false;
  #socket: SignallingSocket | null = null;
  #screen = $state.raw<(ScreenTracks & { stream: MediaStream }) | null>(null);
  readonly #plane: MediaPlane;
  readonly #shown: ShownTiles;
  readonly #screenLock = new ScreenLock();
  /** Derived once, so that a click on join waits for nothing. */
  readonly #gateKey: Promise<GateKey | null>;
  readonly #meeting: MeetingId;
  readonly #listeners = new AbortController();

  /** Opens the meeting of the address. `secret` is that of the link, or null if the address had none. */
  constructor(meeting: MeetingId, secret: string | null) {
    this.#meeting = meeting;
    if (secret !== null) tab.secret(meeting).write(secret);
    const known = secret ?? tab.secret(meeting).read() ?? hostedHere(meeting)?.secret ?? null;
    this.inviteLink = known === null ? null : inviteLink(location.origin, { meeting, secret: known });
    this.#gateKey = known === null ? Promise.resolve(null) : gateKey({ meeting, secret: known }).catch(() => null);

    const place = tab.place(meeting).read();
    const wishes = place
      ? { ...firstWishes, microphone: place.media.microphone, camera: place.media.camera }
      : firstWishes;
    this.#model = $state.raw(initialModel(meeting, wishes));
    this.#plane = new MediaPlane(
      { isPhone: matchMedia('(max-width: 599px), (max-height: 499px)').matches, speaker: chosenDevices().speaker },
      {
        offerReady: (attempt, offer) => this.#handle({ type: 'offer_ready', attempt, offer }),
        offerFailed: (attempt) => this.#handle({ type: 'offer_failed', attempt }),
        connected: (attempt) => this.#handle({ type: 'path_connected', attempt }),
        broken: (attempt) => this.#handle({ type: 'path_broken', attempt }),
      },
    );
    this.devices = new Devices(chosenDevices(), {
      track: () => this.#route(),
      lost: (source) => this.#handle({ type: 'set_sources', sources: { [source]: false } }),
      speaker: (id) => this.#plane.chooseSpeaker(id),
      chosen: (choices) => device.chosen.write(choices),
    });
    this.#shown = new ShownTiles((tiles) => this.#handle({ type: 'show', tiles }));
    this.#listen();
    void this.#begin(place?.resume ?? null, place?.name ?? '', known !== null);
  }

  get state(): CallState {
    return this.#model.shown;
  }
  get microphoneOn(): boolean {
    return this.#model.wanted.microphone;
  }
  get cameraOn(): boolean {
    return this.#model.wanted.camera;
  }
  get sharing(): boolean {
    return this.#model.wanted.screen;
  }

  openDevices(): Promise<void> {
    const { microphoneTrouble, cameraTrouble } = this.devices;
    // Trouble switched the source off; asking again means that it is wanted.
    const microphone = this.microphoneOn || microphoneTrouble !== null;
    const camera = this.cameraOn || cameraTrouble !== null;
    this.#handle({ type: 'set_sources', sources: { microphone, camera } });
    return this.devices.settled();
  }

  enter(name: string): void {
    device.name.write(name);
    tab.over(this.#meeting).forget();
    void this.#enter(name, null);
  }

  leave(): void {
    this.#handle({ type: 'leave' });
  }
  cancelLeave(): void {
    this.#handle({ type: 'cancel_leave' });
  }
  end(): void {
    this.#handle({ type: 'end' });
  }
  handOver(to: ParticipantId): void {
    this.#handle({ type: 'hand_over', to });
  }
  retry(): void {
    this.#handle({ type: 'retry' });
  }

  setMicrophone(on: boolean): void {
    this.#handle({ type: 'set_sources', sources: { microphone: on } });
  }
  setCamera(on: boolean): void {
    this.#handle({ type: 'set_sources', sources: { camera: on } });
  }
  async share(on: boolean): Promise<void> {
    if (!on) {
      this.#handle({ type: 'set_sources', sources: { screen: false, screen_audio: false } });
      return;
    }
    if (this.#screen) return;
    const captured = await captureScreen(() => this.#shareEnded(captured));
    if (!captured) return;
    if (this.#screen || this.state.phase !== 'joined') {
      stop(captured);
      return;
    }
    this.#screen = { ...captured, stream: new MediaStream([captured.video]) };
    this.#handle({ type: 'set_sources', sources: { screen: true, screen_audio: captured.audio !== null } });
  }

  admit(guest: ParticipantId): void {
    this.#handle({ type: 'admit', guest });
  }
  admitAll(): void {
    this.#handle({ type: 'admit_all' });
  }
  deny(guest: ParticipantId): void {
    this.#handle({ type: 'deny', guest });
  }
  remove(participant: ParticipantId): void {
    this.#handle({ type: 'remove', participant });
  }
  mute(participant: ParticipantId, source: Source): void {
    this.#handle({ type: 'mute', participant, source });
  }
  makeHost(participant: ParticipantId): void {
    this.#handle({ type: 'make_host', participant });
  }

  streamOf(participant: ParticipantId, source: Source): MediaStream | null {
    if (participant === this.state.you) {
      if (source === 'camera') return this.devices.preview;
      return source === 'screen' ? (this.#screen?.stream ?? null) : null;
    }
    for (const [mid, occupant] of this.state.slots) {
      if (occupant.participant === participant && occupant.source === source) return this.#plane.stream(mid);
    }
    return null;
  }

  show(tiles: readonly ShownTile[]): void {
    this.#shown.show(tiles, this.state.you, this.#plane.videoSlots);
  }
  dismiss(notice: number): void {
    this.#handle({ type: 'dismiss', notice });
  }

  /** Releases everything, without a word to the server: the place is kept for whoever comes back in time. */
  close(): void {
    this.#listeners.abort();
    this.#socket?.close();
    this.#shown.close();
    this.#stopScreen();
    this.#plane.close();
    this.devices.close();
    this.#screenLock.close();
  }

  /** After a reload: shows a remembered end, or comes back to the place held; else leaves the person in pre-join. */
  async #begin(resume: ResumeToken | null, name: string, hasLink: boolean): Promise<void> {
    const over = tab.over(this.#meeting).read();
    if (over) {
      this.#handle({ type: 'remembered_over', over });
    } else if (resume !== null) {
      void this.openDevices();
      await this.#enter(name, resume);
    } else if (!hasLink && !hostedHere(this.#meeting)) {
      this.#handle({ type: 'remembered_over', over: { reason: 'link_unknown', by: null } });
    }
  }

  async #enter(name: string, resume: ResumeToken | null): Promise<void> {
    const credentials: Credential[] = [];
    if (resume !== null) credentials.push({ type: 'resume', token: resume });
    const hosted = hostedHere(this.#meeting);
    if (hosted) credentials.push({ type: 'host', token: hosted.token });
    const gate = await this.#gateKey;
    if (gate !== null) credentials.push({ type: 'link', gate_key: gate });
    this.#handle({ type: 'enter', name, credentials, afterReload: resume !== null });
  }

  #listen(): void {
    const { signal } = this.#listeners;
    addEventListener(
      'online',
      () => {
        this.#socket?.probe();
        this.#handle({ type: 'network_changed' });
      },
      { signal },
    );
    // After sleep the path may be dead without anybody having noticed.
    document.addEventListener(
      'visibilitychange',
      () => {
        if (document.visibilityState === 'visible') this.#socket?.probe();
      },
      { signal },
    );
  }

  #handle(event: CallEvent): void {
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const { model, effects } = reduce(this.#model, next, Date.now());
        this.#model = model;
        for (const effect of effects) this.#run(effect);
      }
    } finally {
      this.#running = false;
    }
    this.#screenLock.hold(this.state.phase === 'joined');
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'answer_media':
        this.#plane.answer(effect.attempt, effect.answer);
        break;
      case 'close_media':
        this.#stopScreen();
        this.#plane.hangUp();
        this.#shown.forget();
        if (this.state.phase === 'over') this.devices.release();
        break;
      case 'connect':
        this.#connect();
        break;
      case 'disconnect':
        this.#socket?.close();
        this.#socket = null;
        break;
      case 'forget_place':
        tab.place(this.#meeting).forget();
        break;
      case 'prepare_media':
        this.#plane.prepare(effect.attempt);
        break;
      case 'reconnect':
        this.#socket?.reopen();
        break;
      case 'remember_over':
        tab.over(this.#meeting).write(effect.over);
        break;
      case 'remember_place':
        this.#rememberPlace(effect.resume);
        break;
      case 'send':
        this.#socket?.send({ id: effect.id, body: effect.body });
        break;
      case 'send_layers':
        this.#plane.sendLayers(effect.source, effect.layers);
        break;
      case 'send_media':
        this.#sendMedia(effect.media);
        break;
    }
  }

  #connect(): void {
    this.#socket?.close();
    const socket = new SignallingSocket(location.origin.replace(/^http/, 'ws') + SIGNALLING_PATH, {
      up: () => this.#handle({ type: 'socket_up' }),
      down: () => this.#handle({ type: 'socket_down' }),
      gone: () => this.#handle({ type: 'socket_gone' }),
      message: (frame) => this.#handle({ type: 'socket_message', frame }),
    });
    this.#socket = socket;
    socket.open();
  }

  /** Opens, closes and sends own sources so that exactly what is wanted leaves this device. */
  #sendMedia(media: MediaState): void {
    if (!media.screen) this.#stopScreen();
    if (this.state.phase !== 'over') void this.devices.want(media.microphone, media.camera);
    this.#route();
    const place = tab.place(this.#meeting).read();
    if (place) this.#rememberPlace(place.resume);
  }

  #route(): void {
    const { microphone, camera } = this.#model.wanted;
    this.#plane.send('microphone', microphone ? this.devices.track('microphone') : null);
    this.#plane.send('camera', camera ? this.devices.track('camera') : null);
    this.#plane.send('screen', this.#screen?.video ?? null);
    this.#plane.send('screen_audio', this.#screen?.audio ?? null);
  }

  #rememberPlace(resume: ResumeToken): void {
    tab.place(this.#meeting).write({ resume, name: this.#model.name, media: this.#model.wanted });
  }

  /** The share was ended in the browser's own bar, or its window was closed. */
  #shareEnded(captured: ScreenTracks | null): void {
    if (captured !== null && this.#screen?.video === captured.video) void this.share(false);
  }

  #stopScreen(): void {
    const screen = this.#screen;
    if (!screen) return;
    this.#screen = null;
    stop(screen);
  }
}

function stop({ video, audio }: ScreenTracks): void {
  video.stop();
  audio?.stop();
}
