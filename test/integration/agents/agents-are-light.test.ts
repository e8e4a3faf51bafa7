import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { startFakeMessagesApi } from '../../support/agents/fake-messages-api.ts';
import type { FakeMessagesApi } from '../../support/agents/fake-messages-api.ts';
import { candidateSource } from '../../support/agents/scripted-generator.ts';
import type { Weight } from '../../support/agents/thousand-agents.ts';
import { HANG_MS } from '../../support/limits.ts';

const AGENTS = 1000;
const WARM_UP = 20;
const BYTES_PER_AGENT_MAX = 100_000;
const SCRIPT = join(import.meta.dirname, '../../support/agents/thousand-agents.ts');

let api: FakeMessagesApi | null = null;
let child: ChildProcess | null = null;
afterEach(async () => {
  if (child && child.exitCode === null) child.kill('SIGKILL');
  await api?.close();
  [api, child] = [null, null];
});

test(`${AGENTS} agents that wait for an answer at once weigh less than ${BYTES_PER_AGENT_MAX / 1000} KB each`, async () => {
  const service = await startFakeMessagesApi(({ number }) => ({
    input: { language: 'cuda', idea: '', source: candidateSource(number) },
    latencyMs: number <= WARM_UP ? 1 : HANG_MS,
  }));
  api = service;
  const own = fork(SCRIPT, [service.url, String(AGENTS), String(WARM_UP)], { execArgv: ['--expose-gc'] });
  child = own;
  const started = once(own, 'message');
  // It waits for the end of its first campaign between messages.
  const nudge = setInterval(() => own.send('look'), 50);
  expect((await started)[0]).toBe('started');
  clearInterval(nudge);
  await expect.poll(() => service.open.now).toBe(AGENTS);
  own.send('measure');
  const [weight] = (await once(own, 'message')) as [Weight];
  const [heap, external] = [weight.heapBytes / AGENTS, weight.externalBytes / AGENTS];
  process.stdout.write(
    `an agent that waits: ${(heap / 1000).toFixed(1)} KB of heap, ${(external / 1000).toFixed(1)} KB outside of it\n`,
  );
  expect(heap).toBeGreaterThan(0);
  expect(heap + external).toBeLessThan(BYTES_PER_AGENT_MAX);
  own.send('stop');
  const [code] = (await once(own, 'exit')) as [number | null];
  expect(code).toBe(0);
  expect(service.open.most).toBe(AGENTS);
});
