// Of `oidc-provider`, which has no types of its own, what the tests use.

declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Account {
    accountId: string;
    claims(): Record<string, unknown>;
  }

  interface Configuration {
    clients: { client_id: string; client_secret: string; redirect_uris: string[]; response_types: string[] }[];
    acrValues?: string[];
    claims: Record<string, string[]>;
    findAccount(context: unknown, id: string): Account;
    pkce: { required(): boolean };
  }

  /** What came of somebody at the provider's own pages. */
  interface InteractionResult {
    login?: { accountId: string; amr?: string[] };
    [part: string]: unknown;
  }

  export default class Provider {
    constructor(issuer: string, configuration: Configuration);
    callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: InteractionResult,
      options?: Record<string, unknown>,
    ): Promise<void>;
  }
}
