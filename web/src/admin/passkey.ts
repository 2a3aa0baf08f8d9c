// Passkeys, as the browser and its authenticator make and show them. What is asked for is fixed here and checked by the
// server: discoverable, with its user verified, and no word about who made the authenticator.

import type { Label, MadePasskey, PasskeyCreation, PasskeyRequest, ShownPasskey } from '../protocol/messages';

const PATIENCE_MS = 5 * 60 * 1000;

/** Why there is no passkey: its user said no or nothing, it is there already, or the browser has none. */
export type NoPasskeyReason = 'declined' | 'exists' | 'unsupported';

export class NoPasskey extends Error {
  readonly reason: NoPasskeyReason;

  constructor(reason: NoPasskeyReason) {
    super(reason);
    this.reason = reason;
  }
}

/** Makes a passkey. Throws `NoPasskey`. */
export async function makePasskey(options: PasskeyCreation, label: Label): Promise<MadePasskey> {
  const credential = await credentials((container) =>
    container.create({
      publicKey: {
        challenge: bytes(options.challenge),
        rp: { id: options.rp_id, name: options.rp_name },
        user: { id: bytes(options.user_handle), name: options.user_name, displayName: options.user_name },
        pubKeyCredParams: options.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: options.exclude.map((id) => ({ type: 'public-key', id: bytes(id) })),
        authenticatorSelection: {
          residentKey: 'required',
          requireResidentKey: true,
          userVerification: 'required',
        },
        attestation: 'none',
        timeout: PATIENCE_MS,
      },
    }),
  );
  const response = credential.response as AuthenticatorAttestationResponse;
  return {
    ceremony: options.ceremony,
    label,
    credential: text(credential.rawId),
    authenticator_data: text(response.getAuthenticatorData()),
    client_data: text(response.clientDataJSON),
  };
}

/** Shows a passkey of this server. Throws `NoPasskey`. */
export async function showPasskey(options: PasskeyRequest): Promise<ShownPasskey> {
  const credential = await credentials((container) =>
    container.get({
      publicKey: {
        challenge: bytes(options.challenge),
        rpId: options.rp_id,
        userVerification: 'required',
        timeout: PATIENCE_MS,
      },
    }),
  );
  const response = credential.response as AuthenticatorAssertionResponse;
  if (!response.userHandle) throw new NoPasskey('unsupported');
  return {
    ceremony: options.ceremony,
    credential: text(credential.rawId),
    authenticator_data: text(response.authenticatorData),
    client_data: text(response.clientDataJSON),
    signature: text(response.signature),
    user_handle: text(response.userHandle),
  };
}

async function credentials(
  ask: (container: CredentialsContainer) => Promise<Credential | null>,
): Promise<PublicKeyCredential> {
  if (!('credentials' in navigator) || !('PublicKeyCredential' in window)) throw new NoPasskey('unsupported');
  let credential: Credential | null;
  try {
    credential = await ask(navigator.credentials);
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'InvalidStateError') throw new NoPasskey('exists');
    throw new NoPasskey(name === 'NotSupportedError' || name === 'SecurityError' ? 'unsupported' : 'declined');
  }
  if (!(credential instanceof PublicKeyCredential)) throw new NoPasskey('declined');
  return credential;
}

/** Reads base64url (RFC 4648 section 5, no padding). */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

/** Writes base64url. */
export function text(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
