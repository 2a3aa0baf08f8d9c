// What the interface may ask of a call. Implemented by `session.svelte.ts`; components know only this.

import type { CallState } from '../call/state';
import type {
  ControlSettings,
  ControlWord,
  DeviceKey,
  MemberRight,
  MemberRole,
  ParticipantId,
  PolicyDemand,
  Source,
} from '../protocol/messages';

/** What is wrong with a device, in the words of getUserMedia's errors. */
export type DeviceTrouble =
  | 'permission_denied'
  | 'not_found'
  | 'in_use'
  | 'unplugged'
  | 'insecure_page' // not HTTPS and not localhost: the browser has no media devices at all
  | 'unknown';

/** Why something cannot be shown as restricted material. */
export type MaterialTrouble =
  | 'empty'
  | 'too_large' // even after a picture was made smaller
  | 'unknown_type'; // neither text nor a picture

export interface Device {
  id: string;
  label: string;
}

/** Own microphone, camera and speaker. Every field is reactive. */
export interface LocalDevices {
  readonly microphones: readonly Device[];
  readonly cameras: readonly Device[];
  readonly speakers: readonly Device[];
  readonly microphone: string | null;
  readonly camera: string | null;
  readonly speaker: string | null;
  readonly microphoneTrouble: DeviceTrouble | null;
  readonly cameraTrouble: DeviceTrouble | null;
  /** Own picture, for the preview and the self view. */
  readonly preview: MediaStream | null;
  /** Own level, 0 to 1, read at animation frames; not reactive on purpose. */
  level(): number;
  chooseMicrophone(id: string): Promise<void>;
  chooseCamera(id: string): Promise<void>;
  chooseSpeaker(id: string): Promise<void>;
}

/** A tile that is on screen now, with its height in device pixels. */
export interface ShownTile {
  participant: ParticipantId;
  source: Source;
  height: number;
}

export interface Call {
  /** Reactive; replaced as a whole at each change. */
  readonly state: CallState;
  readonly devices: LocalDevices;
  /** Own wishes, reactive: they show at once, before the server has answered. */
  readonly microphoneOn: boolean;
  readonly cameraOn: boolean;
  readonly sharing: boolean;
  /** Whether this browser can share a screen; phones cannot. */
  readonly canShare: boolean;
  /** The whole invite link, null until known. Reactive. */
  readonly inviteLink: string | null;
  /** Name used last time on this device, or empty. */
  readonly rememberedName: string;
  /** After a reload, until it is known whether the place held is there still: nobody is asked for a name. Reactive. */
  readonly comingBack: boolean;
  /** Which advisories demand what, as far as it was asked. Reactive. */
  readonly demands: readonly PolicyDemand[];

  /** Asks for devices for the preview. Safe to call again after trouble was mended. */
  openDevices(): Promise<void>;
  /** Knocks, comes as host, or resumes, whichever this device has the right to. */
  enter(name: string): void;
  /** Leaves the lobby, or the room. A last host is asked first (`state.leaveQuestion`). */
  leave(): void;
  cancelLeave(): void;
  /** Host: ends for everybody. */
  end(): void;
  /** Host: makes somebody host, then leaves. */
  handOver(to: ParticipantId): void;
  /** After `over`: back to pre-join for another try. */
  retry(): void;

  setMicrophone(on: boolean): void;
  setCamera(on: boolean): void;
  /** Opens the browser's picker; must be called from a click. */
  share(on: boolean): Promise<void>;

  admit(guest: ParticipantId): void;
  admitAll(): void;
  deny(guest: ParticipantId): void;
  remove(participant: ParticipantId): void;
  mute(participant: ParticipantId, source: Source): void;
  makeHost(participant: ParticipantId): void;
  /** Host: switches every participant's microphone off. */
  muteAll(): void;
  /** Host: asks somebody to switch their microphone on. Nothing but they themselves do. */
  askToSpeak(participant: ParticipantId): void;
  /** The person was asked to, and does not want to. Who wants to switches the microphone on. */
  declineToSpeak(): void;
  /** Host: gives somebody a right, or takes it. */
  setRight(participant: ParticipantId, right: MemberRight, allowed: boolean): void;
  /** Host: gives somebody the rights of a role, in the place of what was given and taken. */
  setRole(participant: ParticipantId, role: MemberRole): void;
  /** Host: puts somebody before everybody's eyes, or nobody. */
  spotlight(participant: ParticipantId | null): void;
  /** Host: sends somebody back to the lobby, from where they can be let in anew. */
  sendBack(participant: ParticipantId): void;
  /** Host: makes an invite for one person, which lets in without a click until then (`state.e2ee.invites`). */
  invite(name: string, untilMs: number, devices: number): void;
  /** Host: voids an invite; who came by it goes back to the lobby. */
  withdrawInvite(invite: DeviceKey): void;
  /** The whole link with this fragment. */
  linkOf(fragment: string): string;
  /** Host: lets a device that was removed ask to come in again. */
  liftBan(device: DeviceKey): void;
  /** Host: sets a control of the meeting's policy; never below the organisation's floor. */
  setControl(control: ControlWord, value: ControlWord): void;
  /** Host: suspends all that participants do, or lets them go on. */
  suspend(suspended: boolean): void;
  /** Host: lets nobody new in, or does again. */
  lock(locked: boolean): void;
  /**
   * Host: the passcode from now on, or none. `admits` lets in without a click whoever proves it. Resets the wrong
   * tries.
   */
  setPasscode(passcode: string | null, admits: boolean): void;
  /** Host: nobody comes in by mail any more. */
  shutMail(): void;

  /** Gives a file with the meeting's log; on the device that keeps it (`state.e2ee.keeps_log`, `state.log`). */
  saveLog(): void;

  /** On the device that keeps the log: certifies which controls held until now (`state.e2ee.certificate`). */
  makeCertificate(): void;
  /** Countersigns the certificate that a host offers, if the own device saw the same. */
  countersign(): void;
  /** Gives a file with the certificate that this device made or countersigned (`state.certificate` once it is over). */
  saveCertificate(): void;

  /** In the lobby: the passcode, as typed (`state.e2ee.passcode` tells of wrong tries). */
  submitPasscode(text: string): void;
  /** Says something to everybody. Blank text says nothing; what is longer than `limits.chatCharsMax` is cut. */
  chat(text: string): void;
  raiseHand(raised: boolean): void;

  /** Shows a file as restricted material to those in the room (`state.materials`). Resolves with what is wrong with it. */
  showFile(file: Blob): Promise<MaterialTrouble | null>;
  /** The same with a text. */
  showText(text: string): MaterialTrouble | null;
  /** Takes back what this person shows: everybody's copy goes. */
  takeMaterialAway(): void;

  /** The stream of a picture, null while no slot carries it. Reactive. */
  streamOf(participant: ParticipantId, source: Source): MediaStream | null;
  /** Says which tiles are on screen; may be called at every layout, sends only changes. */
  show(tiles: readonly ShownTile[]): void;
  dismiss(notice: number): void;
  /** Asks which advisories demand what the organisation demands, unless that was just asked. */
  askDemands(): void;
}

/** What a new meeting may be given. */
export interface NewMeeting {
  /** Shown to those who have the link. */
  title: string | null;
  /** Asked of every guest; told to them some other way than the link. */
  passcode: string | null;
  /** Whether who proves the passcode is let in without a click. */
  admits: boolean;
  /** What it begins with beyond the floor: a template's controls, or none. */
  controls: ControlSettings;
}

/** Why the start page could not do what was asked. */
export type StartTrouble =
  | 'no_encryption' // this browser cannot make the meeting's keys
  | 'link_invalid' // what was typed is no invite link
  | 'signed_out' // the session by which a meeting was to be made has ended
  | 'refused' // the server refused to open a meeting: no creation key here, or not this server's
  | 'unreachable'; // the server did not answer
