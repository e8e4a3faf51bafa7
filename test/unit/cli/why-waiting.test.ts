import { expect, test } from 'vitest';
import { createProgress } from '../../../src/cli/output/progress.ts';
import { blockedLine, reportBlocked, reportWhyWaiting } from '../../../src/cli/why-waiting.ts';
import { QueueView } from '../../../src/domain/api/queue.ts';

const blocked = (device: string, reason: string | null) => ({
  device,
  waiting: 1,
  running: 0,
  slots: 0,
  blocked: reason,
  etaSeconds: null,
});
const view = QueueView.parse({
  stages: { queued: 2, compiling: 0, ready: 0, judging: 0, confirming: 0 },
  byDevice: [
    blocked('A100', 'no host of the fleet has the device class A100'),
    blocked('H100', 'of no interest'),
    blocked('cpu', null),
  ],
  bySubmitter: [],
  oldestSeconds: 1,
  throughputPerSecond: 0,
  etaSeconds: null,
});

test('who waits is told once why nothing of his classes moves, until the wait is over', async () => {
  const reported: string[] = [];
  const ended = new AbortController();
  const heard = Promise.withResolvers<undefined>();
  const telling = reportWhyWaiting({ queue: async () => view }, new Set(['A100', 'cpu']), {
    signal: ended.signal,
    report: (reason) => {
      reported.push(blockedLine(reason));
      heard.resolve(undefined);
    },
  });
  await heard.promise;
  ended.abort();
  await telling;
  expect(reported).toEqual(['waiting: no host of the fleet has the device class A100 (kiln fleet shows the hosts)']);
});

test('a daemon that cannot answer is left to the wait itself', async () => {
  const ended = new AbortController();
  const reported: string[] = [];
  const queue = async (): Promise<QueueView> => {
    ended.abort();
    throw new Error('restarting');
  };
  await reportWhyWaiting({ queue }, new Set(['A100']), {
    signal: ended.signal,
    report: (reason) => reported.push(blockedLine(reason)),
  });
  expect(reported).toEqual([]);
});

test('why nothing moves stands on a line of its own, above the bar', () => {
  let written = '';
  const sink = { isTTY: true, columns: 100, write: (text: string) => void (written += text) };
  const progress = createProgress({ sink, total: 12, lines: 'none' });
  progress.update(0, '0 passed, 0 not');
  reportBlocked(false, progress)({ device: 'H100', reason: 'no host has it' });
  expect(written.endsWith('0 passed, 0 not\r\u001b[Kwaiting: no host has it (kiln fleet shows the hosts)\n')).toBe(true);
});
