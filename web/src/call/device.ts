// The own device, which holds the keys: what it is told of the server's word, what it wants sent, what it says.
//
// The reducer passes on in order and decides nothing about the group. In its turn the device decides nothing about
// the call: its `enter` goes out when a connection is there for it, and who is shown follows its view (`people.ts`).

import type { ClientMessage, DeviceOutput, Rule, ServerFrame, ServerMessage } from '../protocol/messages';
import * as conduct from './conduct';
import * as entry from './entry';
import * as leaving from './leaving';
import * as material from './material';
import type { Asked, Model, Step } from './model';
import * as pictures from './pictures';
import * as room from './room';
import { and, ask, askDevice, show, stay, tell, tellDevice, withEffects } from './step';

type Asking = Extract<Asked, { kind: 'device' }>;

/** Whether the device has to hear a message: those on the way in, about the group, and on who is there. */
const FOR_DEVICE: Record<ServerMessage['type'], boolean> = {
  admitted: true,
  closed: true,
  codec_wanted: false,
  done: false,
  door: true,
  draining: false,
  floor: true,
  group_state: true,
  handshake: true,
  joined: true,
  knocked: true,
  layers_wanted: false,
  lobby_left: true,
  media_answer: false,
  media_lost: false,
  muted: false,
  participant_changed: true,
  participant_joined: true,
  participant_left: true,
  pong: false,
  quality_changed: false,
  refused: false,
  relayed: true,
  resume_renewed: false,
  slots: false,
  speakers: false,
  waiting: true,
  // Its challenge is passed on by `enter`.
  welcome: false,
  welcomed: true,
};

/** Rules by which the device is refused in the ordinary course: it was too late, and tries again by itself. */
const ITS_OWN_BUSINESS: readonly Rule[] = ['MLS.EPOCH', 'MLS.MISSED', 'ROOM.PRESENT', 'WIRE.ORDER'];

/** Passes on what the server said, and how it answered what the device had sent. */
export function hear(model: Model, { body }: ServerFrame, asked: Asked | undefined): Step {
  const isForDevice = FOR_DEVICE[body.type] && model.shown.e2ee !== null;
  const heard = isForDevice ? tellDevice(model, { type: 'receive', message: body }) : stay(model);
  if (asked?.kind !== 'device') return heard;
  const refused = body.type === 'refused' ? body.rule : null;
  return and(heard, (next) => tellDevice(next, { type: 'answered', send: asked.send, refused }));
}

export function says(model: Model, output: DeviceOutput, nowMs: number): Step {
  const { phase } = model.shown;
  // One that is remembered knows the meeting's title before anything was asked.
  if (phase === 'prejoin') return stay(output.type === 'view' ? show(model, { e2ee: output.view }) : model);
  // The last word of a device whose meeting has ended.
  if (output.type === 'log') return logged(model, output.text);
  if (output.type === 'certificate') return certified(model, output.text);
  if (phase === 'over') return stay(model);
  switch (output.type) {
    case 'asked_to_speak':
      return conduct.askedToSpeak(model, output.name ?? null);
    case 'chat':
      return room.said(model, output, nowMs);
    case 'material':
      return material.handedOut(model, output);
    case 'send':
      return send(model, output.send, output.message);
    case 'view':
      return and(
        and(
          and(
            and(entry.seen(conduct.answered(show(model, { e2ee: output.view }))), (next) => leaving.seen(next, nowMs)),
            conduct.obey,
          ),
          entry.sendJoin,
        ),
        (next) => pictures.follow(next, nowMs),
      );
    case 'refused':
      return stay(tell(model, 'refused', { rule: output.rule }));
    // Keys, and what is kept for a reload, never come this far.
    case 'media':
    case 'remember':
      return stay(model);
  }
}

/** The meeting's log came: it was asked for, or the meeting has ended and whoever kept it may want it. */
function logged(model: Model, log: string): Step {
  return model.shown.phase === 'over'
    ? stay(show(model, { log }))
    : withEffects(stay(model), { type: 'save_log', log });
}

/** The person wants the meeting's log as a file. */
export function saveLog(model: Model): Step {
  const { log } = model.shown;
  return log === null ? askDevice(model, { type: 'export_log' }) : withEffects(stay(model), { type: 'save_log', log });
}

/** The meeting's certificate came: it was asked for, or the meeting has ended. */
function certified(model: Model, certificate: string): Step {
  return model.shown.phase === 'over'
    ? stay(show(model, { certificate }))
    : withEffects(stay(model), { type: 'save_certificate', certificate });
}

/** The person wants the meeting's certificate as a file. */
export function saveCertificate(model: Model): Step {
  const { certificate } = model.shown;
  return certificate === null
    ? askDevice(model, { type: 'export_certificate' })
    : withEffects(stay(model), { type: 'save_certificate', certificate });
}

/** Host: certifies which controls held until now. */
export function makeCertificate(model: Model): Step {
  return askDevice(model, { type: 'make_certificate' });
}

/** Countersigns the certificate that a host offers. */
export function countersign(model: Model): Step {
  return askDevice(model, { type: 'countersign' });
}

/** Sends what the device wants sent, if it is for the connection there is now: it speaks from a worker, and so late. */
function send(model: Model, send: number, message: ClientMessage): Step {
  if (!model.socketUp) return stay(model);
  const about: Asking = { kind: 'device', send, what: message.type };
  if (message.type === 'enter') {
    return model.entry === 'signing' ? ask({ ...model, entry: 'asked' }, message, about) : stay(model);
  }
  if (model.entry === 'none' || model.entry === 'signing') return stay(model);
  const sent = ask(model, message, about);
  return message.type === 'propose' ? and(sent, leaving.proposed) : sent;
}

/** What the device had sent was done. */
export function done(model: Model, { what }: Asking): Step {
  // The first two bring the server a group with this device in it; the third shows that somebody else has.
  if (what !== 'commit' && what !== 'adopt' && what !== 'missed') return stay(model);
  return entry.sendJoin({ ...model, inGroup: true });
}

/** What the device had sent was refused; it hears of it, too. */
export function refused(model: Model, { what }: Asking, rule: Rule): Step {
  if (what === 'enter') return entry.enterRefused(model, rule);
  if (ITS_OWN_BUSINESS.includes(rule)) return stay(model);
  // Nobody was made host, and so nobody leaves.
  const parting = model.parting?.way === 'hand_over' ? null : model.parting;
  return stay(tell({ ...model, parting }, 'refused', { rule }));
}
