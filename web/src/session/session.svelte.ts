// One call in this tab: runs the reducer's effects and owns every lifetime (the own device, socket, peer connections,
// cameras and microphones, timers, listeners), all of which end with `close`.
//
// Decides nothing about the call: that is `call/reducer.ts`. Events are handled one after the other, in the order in
// which they came; an effect that causes an event at once only queues it.

import { refusalOf } from '../call/conduct';
import type { CallEvent, Effect, Model } from '../call/model';
import { initialModel, isSilent } from '../call/model';
import { reduce } from '../call/reducer';
import type { CallState } from '../call/state';
import { oneLine } from '../call/text';
import { Devices } from '../media/devices.svelte';
import { MediaPlane } from '../media/plane.svelte';
import { canCaptureScreen, captureScreen, type ScreenTracks } from '../media/screen';
import { inviteLink } from '../protocol/invite';
import type {
  ControlWord,
  DeviceKey,
  MediaState,
  MeetingId,
  MemberRight,
  MemberRole,
  ParticipantId,
  ResumeToken,
  Source,
} from '../protocol/messages';
import { limits, SIGNALLING_PATH } from '../protocol/messages';
import { SignallingSocket } from '../signalling/socket';
import type { Call, MaterialTrouble, ShownTile } from './contract';
import { Demands } from './demands.svelte';
import { OwnDevice } from './device';
import { type Prepared, prepareFile, prepareText } from './material';
import { chosenDevices, device, type Place, tab } from './memory';
import { certificateName, logName, saveFile } from './save';
import { Secrets } from './secrets';
import { ShownTiles } from './shown';
import { ScreenLock } from './wakelock';

/** Wanted at first: to be seen and heard, as the preview shows. */
const firstWishes: MediaState = { microphone: true, camera: true, screen: false, screen_audio: false };

export class Session implements Call {
  readonly devices: Devices;
  readonly rememberedName = device.name.read() ?? '';
  readonly canShare = canCaptureScreen();

  #model: Model;
  readonly #queue: CallEvent[] = [];
  #running = false;
  #socket: SignallingSocket | null = null;
  #comingBack = $state(false);
  #screen = $state.raw<(ScreenTracks & { stream: MediaStream }) | null>(null);
  readonly #plane: MediaPlane;
  readonly #shown: ShownTiles;
  readonly #screenLock = new ScreenLock();
  readonly #demands = new Demands();
  /** Holds the keys; null while there is none. */
  #own: OwnDevice | null = null;
  /** Resolves once it is known which device there is to enter with: whether to one that was remembered. */
  #ready: Promise<boolean>;
  readonly #meeting: MeetingId;
  /** The secret of the link, for as long as this page lives; null where none is known. */
  #secret: string | null;
  readonly #secrets = new Secrets();
  /** What is kept is kept in the order in which it came. */
  #keeping: Promise<void> = Promise.resolve();
  readonly #timers = new Set<number>();
  readonly #listeners = new AbortController();

  /**
   * Opens the meeting of the address. `secret` is that of the link, or null if the address had none; `made` is the
   * device that has just made the meeting, or null.
   */
  constructor(meeting: MeetingId, secret: string | null, made: OwnDevice | null = null) {
    this.#meeting = meeting;
    this.#secret = secret;
    const place = tab.place(meeting).read();
    const wishes = place
      ? { ...firstWishes, microphone: place.media.microphone, camera: place.media.camera }
      : firstWishes;
    this.#model = $state.raw(initialModel(wishes));
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
    const over = tab.over(meeting).read();
    this.#ready = over ? Promise.resolve(false) : this.#find(made);
    if (over) this.#handle({ type: 'remembered_over', over });
    else if (place && !made) void this.#comeBack(place);
  }

  get comingBack(): boolean {
    return this.#comingBack;
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
  get inviteLink(): string | null {
    const invite = this.state.e2ee?.invite;
    return invite === undefined ? null : this.linkOf(invite);
  }

  openDevices(): Promise<void> {
    const { microphoneTrouble, cameraTrouble } = this.devices;
    // Trouble switched the source off; asking again means that it is wanted.
    const microphone = this.microphoneOn || microphoneTrouble !== null;
    const camera = this.cameraOn || cameraTrouble !== null;
    this.#handle({ type: 'set_sources', sources: { microphone, camera } });
    return this.devices.settled();
  }

  enter(typed: string): void {
    const name = oneLine(typed, limits.nameCharsMax);
    if (name === null) return;
    device.name.write(name);
    tab.over(this.#meeting).forget();
    void this.#enter(name, false);
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
    if (this.state.phase === 'prejoin' && !this.#own) this.#ready = this.#find(null);
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
    // Said before anybody chooses what to share.
    if (refusalOf(this.state.e2ee, 'screen') !== null) {
      this.#handle({ type: 'refused_source', source: 'screen' });
      return;
    }
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
  muteAll(): void {
    this.#handle({ type: 'mute_all' });
  }
  askToSpeak(participant: ParticipantId): void {
    this.#handle({ type: 'ask_to_speak', participant });
  }
  declineToSpeak(): void {
    this.#handle({ type: 'decline_to_speak' });
  }
  setRight(participant: ParticipantId, right: MemberRight, allowed: boolean): void {
    this.#handle({ type: 'set_right', participant, right, allowed });
  }
  setRole(participant: ParticipantId, role: MemberRole): void {
    this.#handle({ type: 'set_role', participant, role });
  }
  spotlight(participant: ParticipantId | null): void {
    this.#handle({ type: 'spotlight', participant });
  }
  sendBack(participant: ParticipantId): void {
    this.#handle({ type: 'send_back', participant });
  }
  invite(name: string, untilMs: number, devices: number): void {
    this.#handle({ type: 'invite', name, untilMs, devices });
  }
  withdrawInvite(invite: DeviceKey): void {
    this.#handle({ type: 'withdraw_invite', invite });
  }
  linkOf(fragment: string): string {
    return inviteLink(location.origin, this.#meeting, fragment);
  }
  liftBan(device: DeviceKey): void {
    this.#handle({ type: 'lift_ban', device });
  }
  setControl(control: ControlWord, value: ControlWord): void {
    this.#handle({ type: 'set_control', control, value });
  }
  suspend(suspended: boolean): void {
    this.#handle({ type: 'suspend', suspended });
  }
  lock(locked: boolean): void {
    this.#handle({ type: 'lock', locked });
  }
  shutMail(): void {
    this.#handle({ type: 'shut_mail' });
  }

  setPasscode(passcode: string | null, admits: boolean): void {
    this.#handle({ type: 'set_passcode', passcode, admits });
  }

  makeCertificate(): void {
    this.#handle({ type: 'make_certificate' });
  }
  countersign(): void {
    this.#handle({ type: 'countersign' });
  }
  saveCertificate(): void {
    this.#handle({ type: 'save_certificate' });
  }
  saveLog(): void {
    this.#handle({ type: 'save_log' });
  }

  submitPasscode(text: string): void {
    this.#handle({ type: 'submit_passcode', passcode: text });
  }
  chat(text: string): void {
    this.#handle({ type: 'chat', text });
  }
  raiseHand(raised: boolean): void {
    this.#handle({ type: 'raise_hand', raised });
  }

  async showFile(file: Blob): Promise<MaterialTrouble | null> {
    return this.#showMaterial(await prepareFile(file));
  }
  showText(text: string): MaterialTrouble | null {
    return this.#showMaterial(prepareText(text));
  }
  takeMaterialAway(): void {
    this.#handle({ type: 'take_material_away' });
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

  get demands() {
    return this.#demands.list;
  }
  askDemands(): void {
    void this.#demands.ask(performance.now());
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
    this.#own?.close();
    for (const timer of this.#timers) window.clearTimeout(timer);
  }

  /** After a reload: comes back to the place held, if the device is remembered; else leaves the person in pre-join. */
  async #comeBack(place: Place): Promise<void> {
    this.#comingBack = true;
    const isRemembered = await this.#ready;
    if (isRemembered && this.state.phase === 'prejoin') {
      void this.openDevices();
      await this.#enter(place.name, true);
    }
    if (this.state.phase === 'prejoin') this.#comingBack = false;
  }

  /** Finds the device to enter with: the one given, or remembered, or the link by which to make one. */
  async #find(made: OwnDevice | null): Promise<boolean> {
    if (!OwnDevice.isSupported()) {
      this.#handle({ type: 'device_failed' });
      return false;
    }
    // What is being erased must not be found.
    if (!made) await this.#keeping;
    const own = made ?? new OwnDevice();
    this.#own = own;
    own.listen({
      says: (output) => this.#handle({ type: 'device', output }),
      failed: () => this.#handle({ type: 'device_failed' }),
    });
    const link = this.#secrets.link(this.#meeting);
    if (this.#secret !== null) this.#keep(() => link.write(this.#secret ?? ''));
    const [isRemembered, kept] = await Promise.all([own.restore(this.#meeting, this.#secret), link.read()]);
    this.#secret ??= kept;
    if (!isRemembered && this.#secret === null && this.state.phase === 'prejoin') {
      this.#handle({ type: 'remembered_over', over: { reason: 'link_unknown', by: null } });
    }
    return isRemembered;
  }

  async #enter(name: string, afterReload: boolean): Promise<void> {
    const resume = await this.#secrets.resume(this.#meeting).read();
    // With the link there will be a device, and the connection need not wait for it.
    if (this.#secret === null) await this.#ready;
    if (this.state.phase !== 'prejoin') return;
    this.#handle({ type: 'enter', name, resume, afterReload });
    const ready = this.#ready;
    await ready;
    // Meanwhile the person may have gone, and even come again.
    if (ready === this.#ready) this.#own?.enter(this.#meeting, this.#secret, name);
  }

  /** Keeps or forgets something, after what came before. */
  #keep(step: () => Promise<void>): void {
    this.#keeping = this.#keeping.then(step);
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
    const before = this.state.phase;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const { model, effects } = reduce(this.#model, next, Date.now());
        this.#model = model;
        for (const effect of effects) this.#run(effect);
      }
    } finally {
      this.#running = false;
    }
    const { phase } = this.state;
    if (phase !== before && phase !== 'entering') this.#comingBack = false;
    this.#screenLock.hold(phase === 'joined');
    this.#socket?.rest(isSilent(this.#model));
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'answer_media':
        this.#plane.answer(effect.attempt, effect.answer);
        break;
      case 'close_device':
        this.#closeDevice(effect.forget);
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
      case 'device':
        this.#own?.command(effect.command);
        break;
      case 'disconnect':
        this.#socket?.close();
        this.#socket = null;
        break;
      case 'forget_place':
        tab.place(this.#meeting).forget();
        break;
      case 'forget_resume':
        this.#keep(() => this.#secrets.resume(this.#meeting).forget());
        break;
      case 'prepare_media':
        this.#plane.prepare(effect.attempt, this.#own?.transforms ?? null);
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
      case 'save_certificate':
        saveFile(certificateName(this.#meeting), effect.certificate);
        break;
      case 'save_log':
        saveFile(logName(this.#meeting), effect.log);
        break;
      case 'send':
        this.#socket?.send({ id: effect.id, body: effect.body });
        break;
      case 'send_codec':
        this.#plane.sendCodec(effect.source, effect.codec);
        break;
      case 'send_layers':
        this.#plane.sendLayers(effect.source, effect.layers);
        break;
      case 'send_media':
        this.#sendMedia(effect.media);
        break;
      case 'set_slots':
        this.#plane.setSlots(effect.slots);
        break;
      case 'wake':
        this.#wake(effect.afterMs);
        break;
    }
  }

  #showMaterial(prepared: Prepared | MaterialTrouble): MaterialTrouble | null {
    if (typeof prepared === 'string') return prepared;
    this.#handle({ type: 'show_material', ...prepared });
    return null;
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
    if (tab.place(this.#meeting).read()) this.#rememberPlace(null);
  }

  #route(): void {
    const { microphone, camera } = this.#model.wanted;
    this.#plane.send('microphone', microphone ? this.devices.track('microphone') : null);
    this.#plane.send('camera', camera ? this.devices.track('camera') : null);
    this.#plane.send('screen', this.#screen?.video ?? null);
    this.#plane.send('screen_audio', this.#screen?.audio ?? null);
  }

  /** Remembers how this person is in the room, and the newest token of the place if there is a new one. */
  #rememberPlace(resume: ResumeToken | null): void {
    tab.place(this.#meeting).write({ name: this.#model.name, media: this.#model.wanted });
    if (resume !== null) this.#keep(() => this.#secrets.resume(this.#meeting).write(resume));
  }

  /** Ends the device. What is kept of it stays for another tab or try, unless it is of no use any more. */
  #closeDevice(forget: boolean): void {
    const own = this.#own;
    this.#own = null;
    if (!forget) {
      own?.close();
      return;
    }
    this.#keep(async () => {
      await own?.forget(this.#meeting);
      await this.#secrets.forget(this.#meeting);
    });
  }

  #wake(afterMs: number): void {
    const timer = window.setTimeout(() => {
      this.#timers.delete(timer);
      this.#handle({ type: 'woken' });
    }, afterMs);
    this.#timers.add(timer);
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
