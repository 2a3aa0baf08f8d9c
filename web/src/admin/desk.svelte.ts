// Where the page stands: nobody signed in, a one-time link being followed, or somebody at the desk. Runs what the
// screens ask for, and turns every refusal into words.

import type {
  Account,
  AccountRole,
  AnswerPassword,
  AskProvider,
  BeginPassword,
  BeginRegistration,
  DisplayName,
  Identities,
  KeepPassword,
  LinkToken,
  LinkView,
  Organisation,
  PasskeyCreation,
  PasskeyRequest,
  PasswordAnswer,
  ProvePassword,
  ProviderAnswer,
  ProviderRequest,
  Rule,
  WaysIn,
} from '../protocol/messages';
import { device } from '../session/memory';
import { answerIn, tokenIn } from './address';
import { ask, Refused } from './api';
import { beginBinding, endBinding } from './errand';
import { makePasskey, NoPasskey, showPasskey } from './passkey';
import { ruleText } from './shared/rules';
import { t } from './shared/text';

export type Stage = 'loading' | 'link' | 'sign-in' | 'desk';

/** What somebody writes who follows a one-time link. */
export interface Newcomer {
  name: DisplayName;
  email: string;
  /** Of the first administrator only. */
  organisation: string;
  /** What they call the passkey. */
  label: string;
}

export class Desk {
  stage = $state<Stage>('loading');
  account = $state.raw<Account | null>(null);
  organisation = $state('');
  /** How one signs in here, besides with a passkey. */
  ways = $state.raw<WaysIn>({ passwords: false });
  /** What the followed link is for. */
  link = $state.raw<LinkView | null>(null);
  /** Something is under way; buttons wait. */
  busy = $state(false);
  /** Why the last thing did not happen. */
  trouble = $state<string | null>(null);
  /** Why the way to the identity provider led nowhere. Stays while the pages load what they show. */
  told = $state<string | null>(null);
  /** That the last thing happened, for those who do not see it. */
  done = $state('');
  /** The rule by which it was refused, if it was. */
  refusedBy = $state.raw<Rule | null>(null);
  /** What the server said with it. */
  answer = $state.raw<Refused['answer']>(null);
  private token: LinkToken | null = null;

  /** Begins with the page's address. Takes a token out of it at once, so that it stays in no history. */
  async open(): Promise<void> {
    const answer = answerIn(location.search);
    if (answer) {
      history.replaceState(null, '', '/admin');
      if (await this.comeBack(answer)) return;
    }
    this.token = tokenIn(location.hash);
    if (this.token) {
      history.replaceState(null, '', '/admin');
      await this.run(async () => {
        this.link = await ask<LinkView>('POST', 'account/link', { token: this.token });
        this.organisation = this.link.organisation;
        this.stage = 'link';
      });
      await this.quietly(async () => {
        this.ways = await ask<WaysIn>('GET', 'account/ways');
      });
      if (this.stage === 'link') return;
    }
    try {
      this.enter(await ask<Account>('GET', 'account'));
    } catch {
      this.leave();
      await this.quietly(async () => {
        this.ways = await ask<WaysIn>('GET', 'account/ways');
        this.organisation = (await ask<Organisation>('GET', 'organisation')).name;
      });
    }
  }

  /** Makes an account with its first passkey. */
  async join(newcomer: Newcomer): Promise<void> {
    const token = this.token;
    if (!token) return;
    await this.run(async () => {
      const begin: BeginRegistration = { token, name: newcomer.name };
      if (newcomer.email) begin.email = newcomer.email;
      if (this.link?.kind === 'setup' && newcomer.organisation) begin.organisation = newcomer.organisation;
      const options = await ask<PasskeyCreation>('POST', 'account/registrations', begin);
      const made = await makePasskey(options, newcomer.label);
      this.enter(await ask<Account>('POST', 'account/registrations/finish', made));
      this.token = null;
    });
  }

  async signIn(): Promise<void> {
    this.told = null;
    await this.run(async () => {
      const shown = await showPasskey(await ask<PasskeyRequest>('POST', 'account/sign-in'));
      this.enter(await ask<Account>('POST', 'account/sign-in/finish', shown));
    });
  }

  async signInByPassword(email: string, password: string): Promise<void> {
    this.told = null;
    await this.run(async () => {
      const { prove } = await import('../e2ee/password');
      const proven = await prove(email, password, (request) => {
        const body: BeginPassword = { email, request };
        return ask<PasswordAnswer>('POST', 'account/password/sign-in', body);
      });
      if (!proven) throw new Refused('ACCOUNT.PASSWORD');
      const body: ProvePassword = { ceremony: proven.answer.ceremony, proof: proven.proof };
      this.enter(await ask<Account>('POST', 'account/password/sign-in/finish', body));
    });
  }

  /** Sets the own account's password. Throws `Refused`. */
  async setPassword(password: string): Promise<void> {
    const { makeRecord } = await import('../e2ee/password');
    const record = await makeRecord(password, (request) =>
      ask<AnswerPassword>('POST', 'account/password', { request }),
    );
    if (!record) throw new Refused('ACCOUNT.PASSWORD');
    const body: KeepPassword = { record };
    await ask('PUT', 'account/password', body);
  }

  /** Goes to the identity provider to sign in, or to follow an invitation. Comes back by `open`. */
  async byProvider(): Promise<void> {
    const body: AskProvider = this.token ? { token: this.token } : {};
    await this.run(async () => {
      location.assign((await ask<ProviderRequest>('POST', 'account/provider', body)).url);
    });
  }

  /** Goes to the identity provider to bind somebody there to the own account. */
  async bind(): Promise<void> {
    await this.run(async () => {
      const { url } = await ask<ProviderRequest>('POST', 'account/identities');
      beginBinding();
      location.assign(url);
    });
  }

  async signOut(): Promise<void> {
    await this.run(() => ask('POST', 'account/sign-out'));
    if (!this.trouble) this.leave();
  }

  /** Shows the way in again: the session is over. */
  leave(): void {
    device.signedIn.forget();
    this.account = null;
    this.stage = 'sign-in';
  }

  may(role: AccountRole): boolean {
    return this.account?.user.roles.includes(role) ?? false;
  }

  /** Does something, says `done` once it is, and says why if it is not. Returns whether it is. */
  async run(task: () => Promise<unknown>, done = ''): Promise<boolean> {
    this.busy = true;
    this.trouble = null;
    this.refusedBy = null;
    this.answer = null;
    this.done = '';
    try {
      await task();
      this.done = done;
      return true;
    } catch (error) {
      this.trouble = this.why(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Loads what is shown. What was said of the last thing that was done stays; says why if it cannot be loaded. */
  async load(task: () => Promise<unknown>): Promise<boolean> {
    try {
      await task();
      return true;
    } catch (error) {
      this.trouble = this.why(error);
      return false;
    }
  }

  /** Brings the identity provider's answer. Returns whether somebody is in. */
  private async comeBack(answer: ProviderAnswer | 'declined'): Promise<boolean> {
    const binds = endBinding();
    this.told = answer === 'declined' ? t('provider-declined') : null;
    if (answer !== 'declined') {
      await this.run(async () => {
        if (binds) await ask<Identities>('POST', 'account/identities/finish', answer);
        else this.enter(await ask<Account>('POST', 'account/provider/finish', answer));
      });
      this.told = this.trouble;
    }
    if (binds) {
      history.replaceState(null, '', '/admin#account');
      await this.quietly(async () => this.enter(await ask<Account>('GET', 'account')));
    }
    return this.account !== null;
  }

  private enter(account: Account): void {
    device.signedIn.write(true);
    this.account = account;
    this.organisation = account.organisation;
    this.link = null;
    this.trouble = null;
    this.stage = 'desk';
  }

  private why(error: unknown): string {
    if (error instanceof NoPasskey) return t(`passkey-${error.reason}`);
    if (!(error instanceof Refused)) throw error;
    this.refusedBy = error.rule;
    this.answer = error.answer;
    if (!error.rule) return t('unreachable');
    if (error.rule === 'ACCOUNT.SIGNED_IN' && this.stage === 'desk') this.leave();
    return ruleText(error.rule) ?? error.answer?.message ?? t('refused-by', { rule: error.rule });
  }

  private async quietly(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
    }
  }
}
