// Starts this client's own workers, and nothing else as a worker: where the browser has Trusted Types, the page's
// policy refuses every script address that does not come from here.

import mlsUrl from './mls.worker.ts?worker&url';
import transformUrl from './transform.worker.ts?worker&url';

const URLS = { mls: mlsUrl, transform: transformUrl };
type WorkerName = keyof typeof URLS;

interface ScriptUrlPolicy {
  createScriptURL(name: string): string;
}

/** Of Trusted Types, what is used here. */
interface TrustedTypes {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

const rules: ScriptUrlPolicy = {
  createScriptURL(name) {
    if (!Object.hasOwn(URLS, name)) throw new TypeError(`no worker of ours: ${name}`);
    return URLS[name as WorkerName];
  },
};

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
/** Named in the policy that the server sends. */
const policy = trustedTypes?.createPolicy('sabha-worker', rules) ?? rules;

/** `broken` is told if the script cannot be loaded, or ends in an error that it does not handle. */
export function startWorker(name: WorkerName, broken: (message: string) => void): Worker {
  const worker = new Worker(policy.createScriptURL(name), { type: 'module', name });
  worker.onerror = ({ message }) => broken(message || `the worker ${name} could not be started`);
  return worker;
}
