// Plans: asks the server when each meeting is, makes the keys of each here, and only then tells the server of them.

import { type Guest, Maker } from '../../e2ee/maker';
import type {
  ControlSettings,
  CreateDevice,
  CreateMeeting,
  CreatePlan,
  DisplayName,
  Mail,
  Mails,
  MeetingId,
  Plan,
  PlanId,
  PolicyInfo,
  Schedule,
  ScheduleTimes,
  SendMails,
} from '../../protocol/messages';
import { ask } from '../api';
import { KeptPlans, type PersonalLink } from './kept';
import { guestsOf } from './personal';

/** What is to be planned. */
export interface Wish {
  schedule: Schedule;
  title: string | null;
  passcode: string | null;
  /** What its meetings begin with beyond the floor: a template's controls, or none. */
  controls: ControlSettings;
  /** Addresses of who is invited; they stay here, unless mail is sent to them. */
  invited: string[];
  /** Has the server send them mail, and takes who comes by it once they prove the passcode. */
  byMail: boolean;
  /** Whether each of them gets a link of their own. */
  personal: boolean;
  /** Whether the server may read the title, and write it into the mail. */
  titleInMail: boolean;
}

/** This browser cannot make keys, or keeps nothing: a meeting planned in it would have no host. */
export class NotKept extends Error {}

/** Plans, and returns the plan. Throws `Refused` or `NotKept`, and nothing stays of what was made. */
export async function plan(wish: Wish, name: DisplayName, kept: KeptPlans = new KeptPlans()): Promise<Plan> {
  const { times } = await ask<ScheduleTimes>('POST', 'plans/times', wish.schedule);
  const { floor } = await ask<PolicyInfo>('GET', 'policy');
  const maker = new Maker();
  const meetings: CreateMeeting[] = [];
  const links: Record<MeetingId, string> = {};
  const personal: Record<MeetingId, PersonalLink[]> = {};
  try {
    for (const { starts_ms, ends_ms } of times) {
      const parameters: CreateDevice = {
        suite: 'x_wing',
        name,
        title: wish.title,
        passcode: wish.passcode,
        admits: false,
        by_mail: wish.byMail,
        floor,
        controls: wish.controls,
        begins_ms: starts_ms,
      };
      const guests: Guest[] = wish.personal ? guestsOf(wish.invited, ends_ms, Date.now()) : [];
      const made = await maker.make(parameters, guests);
      if (!made) throw new NotKept();
      const { creation, invite, invites } = made;
      meetings.push(creation);
      links[creation.meeting] = invite;
      personal[creation.meeting] = invites.map(({ name, fragment }) => ({ name, link: fragment }));
    }
    const body: CreatePlan = { schedule: wish.schedule, meetings };
    const planned = await ask<Plan>('POST', 'plans', body);
    const lastMs = planned.meetings.at(-1)?.times.starts_ms ?? 0;
    const { title, invited, passcode, byMail, controls } = wish;
    if (!(await kept.write(planned.id, { title, links, personal, invited, passcode, byMail, controls }, lastMs))) {
      await ask('DELETE', `plans/${planned.id}`);
      throw new NotKept();
    }
    return planned;
  } catch (error) {
    for (const { meeting } of meetings) maker.forget(meeting);
    throw error;
  } finally {
    void maker.close();
  }
}

/** Has the server invite people by mail to what is to come of a plan. Throws `Refused`. */
export async function mail(id: PlanId, to: readonly string[], title: string | null): Promise<Mail[]> {
  const body: SendMails = { to: [...to], ...(title === null ? {} : { title }) };
  return (await ask<Mails>('POST', `plans/${id}/mails`, body)).mails;
}
