/** A thread of its own: hands over what the dashboard consists of, and ends. */
import { parentPort } from 'node:worker_threads';
import { readSources } from './assets.ts';

// To a thread of this process, not to a window.
// oxlint-disable-next-line unicorn/require-post-message-target-origin
parentPort?.postMessage(readSources());
