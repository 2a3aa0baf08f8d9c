// A page that has a worker seal and open frames as fast as it can.

import type { Measured, Work } from './transforms.worker';

declare global {
  interface Window {
    measure(work: Work): Promise<Measured>;
  }
}

window.measure = (work) =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./transforms.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Measured>) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(work);
  });
