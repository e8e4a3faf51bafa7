/** What follows from the canaries of compile hosts: they are trusted, or quarantined, and what they made is not used. */
import type { CanaryState } from '../../domain/canary.ts';
import * as trusting from '../../scheduler/trust.ts';
import { quarantineOf, writeCanaryState } from '../canaries/canary-state.ts';
import { markOf } from '../canaries/quarantine.ts';
import { reopenAll } from '../canaries/reopen.ts';
import type { HostState } from '../host-state.ts';
import type { CompilersSlice } from '../state.ts';
import { mayHoldCodeOf } from './compile-hosts.ts';
import { beginAgain } from './compile-again.ts';
import { clockOf } from './trust-clock.ts';

export interface Checked {
  readonly result: 'passed' | 'failed' | 'inconclusive';
  readonly reason: string;
  readonly askedAtMs: number;
  readonly serviceMs: number;
}

export const onCompilerChecked = (state: CompilersSlice, host: HostState, checked: Checked): void => {
  const { trust } = host.compiler;
  state.metrics.onCompilerCanary(host.session.hostId, checked.result);
  switch (checked.result) {
    case 'passed':
      return onPassed(state, host, checked);
    case 'failed':
      return quarantine(state, host, checked.reason);
    case 'inconclusive':
      return trusting.noteInconclusive(trust, clockOf(state));
  }
};

/** It compiles for others again because an operator says so. False: it was not quarantined. */
export const resumeCompiler = (state: CompilersSlice, host: HostState): boolean => {
  if (!host.compiler.quarantine) return false;
  goBack(state, host, 'an operator said so');
  return true;
};

/** At a start. What was in doubt and not yet taken back is taken back now. */
export const recoverCompilers = (state: CompilersSlice, records: readonly CanaryState[]): void => {
  for (const { hostId, deviceId, trustedAt, quarantine: known } of records) {
    if (deviceId !== null) continue;
    const compiler = state.hosts.get(hostId)?.compiler;
    if (compiler && trustedAt !== null) compiler.trustedAtMs = Date.parse(trustedAt);
    if (!known) continue;
    if (compiler) {
      compiler.quarantine = known;
      compiler.trust.quarantine = { failures: known.failures };
      compiler.trust.dueMs = state.monotonicMs();
    }
    state.metrics.setCompilerQuarantined(hostId, true);
    void reopenAll(state, { hostId, deviceId: null, reason: known.reason });
  }
};

const onPassed = (state: CompilersSlice, host: HostState, { askedAtMs, serviceMs }: Checked): void => {
  const { compiler } = host;
  const passed = trusting.notePassed(compiler.trust, serviceMs, clockOf(state));
  if (passed === 'again') return;
  compiler.trustedAtMs = askedAtMs;
  compiler.failed = null;
  if (passed === 'returned') goBack(state, host, 'a known-good candidate passed');
  else writeCanaryState(state, host, { deviceId: null });
};

const goBack = (state: CompilersSlice, host: HostState, by: string): void => {
  const { hostId } = host.session;
  const { compiler } = host;
  const { quarantine: over } = compiler;
  Object.assign(compiler, { quarantine: null, failed: null });
  trusting.release(compiler.trust, clockOf(state));
  state.metrics.setCompilerQuarantined(hostId, false);
  state.log.info({ hostId }, `the compile host works again: ${by}`);
  note(state, 'compiler.returned', host, by);
  // What was at a judge over a restart of the daemon may have ended since.
  const doubt = { hostId, deviceId: null, reason: over?.reason ?? '' };
  void reopenAll(state, doubt).finally(() => writeCanaryState(state, host, { deviceId: null }));
};

const quarantine = (state: CompilersSlice, host: HostState, reason: string): void => {
  const { hostId } = host.session;
  const { compiler } = host;
  const noted = trusting.noteFailed(compiler.trust, clockOf(state));
  const isFirst = compiler.quarantine === null;
  compiler.quarantine = quarantineOf(compiler.quarantine, { reason, ...noted }, state.now());
  if (isFirst) {
    state.metrics.setCompilerQuarantined(hostId, true);
    state.log.error(
      { hostId, reason },
      'what a compile host made of a known-good candidate fails: it is quarantined, verdicts by its code are taken back',
    );
    note(state, 'compiler.quarantined', host, reason);
    discard(state, host, reason);
  }
  const doubt = { hostId, deviceId: null, reason };
  writeCanaryState(state, host, { deviceId: null, after: () => void reopenAll(state, doubt) });
};

/** Artifacts have one name wherever they were made: hosts that may hold some of its code have all of theirs compiled under new ones. */
const discard = (state: CompilersSlice, host: HostState, reason: string): void => {
  const { hostId } = host.session;
  const holders = [...state.hosts.values()].filter((other) => mayHoldCodeOf(host, other));
  for (const holder of holders) {
    holder.canaries.marks.code = markOf(state.now());
    writeCanaryState(state, holder, { deviceId: null });
  }
  host.known.clear();
  beginAgain(state, new Set([host, ...holders].map(({ session }) => session.hostId)));
  const doubted = [...state.active.values()].filter(({ makers }) => makers.delete(hostId));
  const why = `compile host ${hostId} failed a known-good candidate (${reason}); this one is compiled and judged again`;
  if (doubted.length > 0) state.apply({ type: 'code-doubted', ids: doubted.map(({ id }) => id), reason: why });
};

const note = (
  state: CompilersSlice,
  type: 'compiler.quarantined' | 'compiler.returned',
  { session: { hostId } }: HostState,
  reason: string,
): void => state.writeBehind.add({ type: 'event', event: { type, candidateId: null, hostId, data: { reason } } });
