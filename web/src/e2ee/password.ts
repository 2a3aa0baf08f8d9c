// Passwords that the server never sees (OPAQUE, RFC 9807). Loaded by the page for accounts when somebody uses one, with a
// module of its own, which no meeting loads. The password stays in this page; what leaves it is made of it here.

import load, { Setting, SigningIn } from './wasm/opaque.js';
import code from './wasm/opaque_bg.wasm?url';

/** Asks the server with what was made here, and returns its answer; both in base64url. */
type Ask<Answer> = (request: string) => Promise<Answer>;

/** Makes the record of a password that the server keeps. Null if this browser or the server's answer cannot. */
export async function makeRecord(
  password: string,
  ask: Ask<{ answer: string; email: string }>,
): Promise<string | null> {
  await load({ module_or_path: code });
  const setting = Setting.begin(clean(password));
  if (!setting) return null;
  const { answer, email } = await ask(text(setting.request()));
  const record = setting.finish(bytes(answer), email);
  return record ? text(record) : null;
}

/** Proves a password. Null if it is wrong, or the server has none by that address. */
export async function prove<Answer extends { answer: string }>(
  email: string,
  password: string,
  ask: Ask<Answer>,
): Promise<{ proof: string; answer: Answer } | null> {
  await load({ module_or_path: code });
  const signingIn = SigningIn.begin(clean(password));
  if (!signingIn) return null;
  const answer = await ask(text(signingIn.request()));
  const proof = signingIn.finish(bytes(answer.answer), email.trim().toLowerCase());
  return proof ? { proof: text(proof), answer } : null;
}

/** One form for what is typed differently on different keyboards (RFC 8265 section 4.2). */
function clean(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
}

function text(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}
