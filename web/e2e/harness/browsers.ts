// Real browsers with fake devices: Debian's Chromium and Firefox ESR, no downloads.

import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, firefox } from 'playwright-core';
import { type Colour, writeCamera } from './pattern.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);

/** Why a browser's tests cannot run here, or null. */
export const missing = {
  chromium: CHROMIUM ? null : 'Chromium is not installed',
  firefox: FIREFOX ? null : 'Firefox ESR is not installed',
};

export interface ChromiumOptions {
  /** The camera shows this colour with a moving bar; Chromium's own test picture otherwise. */
  camera?: Colour;
  /** Runs inside this network namespace. */
  namespace?: string;
  /** Treats this origin as secure, as a real deployment's HTTPS would be. */
  secureOrigin?: string;
  /** What the screen picker answers with, by title; the whole fake screen otherwise. */
  shareTab?: string;
  /** Answers device prompts with a refusal. */
  denyDevices?: boolean;
  /** Leaves the browser without microphone and camera. */
  noDevices?: boolean;
}

/** Browsers whose permission prompts are real, so that a person in them has to be granted devices first. */
export const realPrompts = new WeakSet<Browser>();

const scratch: string[] = [];
process.on('exit', () => {
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sabha-browser-'));
  scratch.push(made);
  return made;
}

const cameras = new Map<Colour, string>();

function cameraFile(colour: Colour): string {
  let path = cameras.get(colour);
  if (!path) {
    path = join(folder(), `${colour}.y4m`);
    writeCamera(path, colour);
    cameras.set(colour, path);
  }
  return path;
}

export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  if (!CHROMIUM) throw new Error('Chromium is not installed');
  let executablePath = CHROMIUM;
  if (options.namespace) {
    executablePath = join(folder(), 'chromium');
    writeFileSync(executablePath, `#!/bin/sh\nexec ip netns exec ${options.namespace} ${CHROMIUM} "$@"\n`);
    chmodSync(executablePath, 0o755);
  }
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=user-gesture-required',
      '--allow-loopback-in-peer-connection',
      // The fake picker shares a test picture; the real one can be told which tab to take.
      ...(options.shareTab
        ? []
        : [options.denyDevices ? '--deny-permission-prompts' : '--use-fake-ui-for-media-stream']),
      ...(options.noDevices ? [] : ['--use-fake-device-for-media-stream']),
      ...(options.camera ? [`--use-file-for-fake-video-capture=${cameraFile(options.camera)}`] : []),
      ...(options.shareTab ? [`--auto-select-tab-capture-source-by-title=${options.shareTab}`] : []),
      ...(options.secureOrigin ? [`--unsafely-treat-insecure-origin-as-secure=${options.secureOrigin}`] : []),
    ],
  });
  if (options.shareTab) realPrompts.add(browser);
  return browser;
}

export async function launchFirefox(): Promise<Browser> {
  if (!FIREFOX) throw new Error('Firefox ESR is not installed');
  return firefox.launch({
    channel: 'moz-firefox',
    executablePath: FIREFOX,
    firefoxUserPrefs: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.loopback': true,
      'media.autoplay.default': 0,
    },
  });
}
