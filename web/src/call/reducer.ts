// The call as a state machine: an event comes in, the next model and the effects to run come out.
//
// Pure: no clock, socket, stream, key or randomness. This file only decides which rule applies; the rules themselves
// are in `entry.ts` (in), `leaving.ts` (out), `room.ts` (what happens), `conduct.ts` (what may be done), `people.ts`
// (who is there), `pictures.ts` (when their pictures are asked for), `material.ts` (what is shown in the room only),
// `device.ts` (the own device, which holds the keys) and `path.ts` (media). It does not own retry times (those are the
// socket's) nor devices and streams (those are the session's).

import type { RequestId, Rule, ServerFrame } from '../protocol/messages';
import * as conduct from './conduct';
import * as device from './device';
import * as entry from './entry';
import * as leaving from './leaving';
import * as material from './material';
import type { Asked, CallEvent, Model, Step } from './model';
import * as path from './path';
import * as people from './people';
import * as pictures from './pictures';
import * as room from './room';
import { and, askDevice, askInRoom, show, stay, tell, withEffects } from './step';

/** Returns what becomes of `model` by `event`. `nowMs` is milliseconds since 1970. */
export function reduce(model: Model, event: CallEvent, nowMs: number): Step {
  return material.follow(model, people.follow(model, decide(model, event, nowMs), nowMs));
}

function decide(model: Model, event: CallEvent, nowMs: number): Step {
  switch (event.type) {
    case 'admit':
      return room.admit(model, event.guest);
    case 'admit_all':
      return room.admitAll(model);
    case 'ask_to_speak':
      return conduct.askToSpeak(model, event.participant);
    case 'cancel_leave':
      return stay(show(model, { leaveQuestion: false }));
    case 'chat':
      return room.chat(model, event.text);
    case 'decline_to_speak':
      return stay(show(model, { askedToSpeak: null }));
    case 'countersign':
      return device.countersign(model);
    case 'deny':
      return askInRoom(model, { type: 'deny', guest: event.guest });
    case 'device':
      return device.says(model, event.output, nowMs);
    case 'device_failed':
      return entry.deviceFailed(model);
    case 'dismiss':
      return stay(show(model, { notices: model.shown.notices.filter(({ id }) => id !== event.notice) }));
    case 'end':
      return askInRoom(show(model, { leaveQuestion: false }), { type: 'end' });
    case 'enter':
      return entry.enter(model, event);
    case 'hand_over':
      return leaving.handOver(model, event.to);
    case 'leave':
      return leaving.leave(model, nowMs);
    case 'invite':
      return conduct.invite(model, event.name, event.untilMs, event.devices);
    case 'lift_ban':
      return conduct.liftBan(model, event.device);
    case 'lock':
      return askDevice(model, { type: 'lock', locked: event.locked });
    case 'make_certificate':
      return device.makeCertificate(model);
    case 'make_host':
      return room.makeHost(model, event.participant);
    case 'mute':
      return askInRoom(model, { type: 'mute', participant: event.participant, source: event.source });
    case 'mute_all':
      return conduct.muteAll(model);
    case 'raise_hand':
      return room.raiseHand(model, event.raised);
    case 'refused_source':
      return room.refuseSource(model, event.source);
    case 'remove':
      return room.remove(model, event.participant);
    case 'retry':
      return entry.retry(model);
    case 'save_certificate':
      return device.saveCertificate(model);
    case 'save_log':
      return device.saveLog(model);
    case 'send_back':
      return conduct.sendBack(model, event.participant);
    case 'set_control':
      return conduct.setControl(model, event.control, event.value);
    case 'shut_mail':
      return room.shutMail(model);
    case 'set_passcode':
      return room.setPasscode(model, event.passcode, event.admits);
    case 'set_right':
      return conduct.setRight(model, event.participant, event.right, event.allowed);
    case 'set_role':
      return conduct.setRole(model, event.participant, event.role);
    case 'set_sources':
      return room.setSources(model, event.sources);
    case 'show':
      return pictures.showTiles(model, event.tiles);
    case 'show_material':
      return material.showMaterial(model, event.kind, event.content);
    case 'take_material_away':
      return material.takeMaterialAway(model);
    case 'socket_down':
      return entry.socketDown(model);
    case 'socket_gone':
      return entry.socketGone(model);
    case 'socket_message':
      return receive(model, event.frame, nowMs);
    case 'socket_up':
      return entry.socketUp(model);
    case 'spotlight':
      return conduct.spotlight(model, event.participant);
    case 'suspend':
      return askDevice(model, { type: 'suspend', suspended: event.suspended });
    case 'withdraw_invite':
      return conduct.withdrawInvite(model, event.invite);
    case 'submit_passcode':
      return room.submitPasscode(model, event.passcode);
    case 'network_changed':
      return path.networkChanged(model);
    case 'offer_failed':
      return path.offerFailed(model, event.attempt);
    case 'offer_ready':
      return and(and(path.offerReady(model, event), entry.sendJoin), path.sendOffer);
    case 'path_broken':
      return path.broken(model, event.attempt);
    case 'path_connected':
      return path.connected(model, event.attempt);
    case 'remembered_over':
      return stay(show(model, { phase: 'over', over: event.over }));
    case 'woken':
      return and(leaving.woken(model, nowMs), (next) => pictures.follow(next, nowMs));
  }
}

function receive(before: Model, frame: ServerFrame, nowMs: number): Step {
  if (!before.socketUp) return stay(before);
  const place = room.placeOf(before, frame.seq);
  if (place === 'stale') return stay(before);
  if (place === 'gap') return withEffects(stay(before), { type: 'reconnect' });
  const ordered = frame.seq === undefined ? before : { ...before, seq: frame.seq };
  const asked = frame.re === undefined ? undefined : before.asked.get(frame.re);
  // The device hears it first, so that what follows of it is said after.
  const heard = device.hear(forget(ordered, frame.re), frame, asked);
  return and(heard, (next) => answer(next, frame, asked, nowMs));
}

function forget(model: Model, re: RequestId | undefined): Model {
  if (re === undefined || !model.asked.has(re)) return model;
  const asked = new Map(model.asked);
  asked.delete(re);
  return { ...model, asked };
}

function answer(model: Model, frame: ServerFrame, asked: Asked | undefined, nowMs: number): Step {
  const { body } = frame;
  switch (body.type) {
    case 'admitted':
      return entry.admitted(model, body);
    case 'closed':
      return entry.closed(model, body);
    case 'codec_wanted':
      return withEffects(stay(model), { type: 'send_codec', source: body.source, codec: body.codec });
    case 'done':
      return asked?.kind === 'device' ? device.done(model, asked) : stay(model);
    case 'draining':
      return stay(tell(model, 'draining'));
    case 'joined':
      return asked?.kind === 'join' ? entry.joined(model, body, asked.attempt, nowMs) : stay(model);
    case 'knocked':
      return room.knocked(model, body);
    case 'layers_wanted':
      return withEffects(stay(model), { type: 'send_layers', source: body.source, layers: body.layers });
    case 'lobby_left':
      return room.lobbyLeft(model, body);
    case 'media_answer':
      return asked?.kind === 'offer' ? path.answered(model, body.answer, asked.attempt) : stay(model);
    case 'media_lost':
      return path.recover(model);
    case 'muted':
      return room.muted(model, body);
    case 'participant_changed':
      return room.participantChanged(model, body);
    case 'participant_joined':
      return room.participantJoined(model, body);
    case 'participant_left':
      return room.participantLeft(model, body);
    case 'quality_changed':
      return room.qualityChanged(model, body);
    case 'refused':
      return refused(model, asked, frame.re, body.rule);
    case 'resume_renewed':
      return entry.holdPlace(model, body.resume);
    case 'slots':
      return room.slotsChanged(model, body);
    case 'speakers':
      return stay(show(model, { speaking: body.speaking }));
    case 'waiting':
      return entry.waiting(model, body);
    case 'welcome':
      return entry.welcome(model, body);
    // The device's, or nobody's.
    case 'door':
    case 'floor':
    case 'group_state':
    case 'handshake':
    case 'pong':
    case 'relayed':
    case 'welcomed':
      return stay(model);
  }
}

/** What was asked is refused: depends on what it was. */
function refused(model: Model, asked: Asked | undefined, re: RequestId | undefined, rule: Rule): Step {
  switch (asked?.kind) {
    case 'device':
      return device.refused(model, asked, rule);
    case 'join':
      if (re !== model.joinRequest || model.entry !== 'admitted') return stay(model);
      return rule === 'MEDIA.OFFER' ? path.offerRefused(model, rule) : entry.joinRefused(model, rule);
    case 'offer':
      return asked.attempt === model.attempt ? path.offerRefused(model, rule) : stay(model);
    case 'leave':
      if (rule === 'ROOM.HOST.LAST') return stay(show(model, { leaveQuestion: true }));
      return stay(tell(model, 'refused', { rule }));
    default:
      return stay(tell(model, 'refused', { rule }));
  }
}
