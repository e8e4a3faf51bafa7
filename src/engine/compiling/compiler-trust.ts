/** Trust in compile hosts: what became of the code that each made. Its modes: scheduler/trust.ts; its canaries: compiler-checks.ts. */
import type { HostId } from '../../domain/ids.ts';
import { countVerdict, recentOf, sum } from '../../scheduler/tally.ts';
import type { Count } from '../../scheduler/tally.ts';
import * as trusting from '../../scheduler/trust.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import { haveSameCompiler } from './compile-hosts.ts';
import type { Refusal } from './host-compiler.ts';
import { clockOf } from './trust-clock.ts';

/** What became of code that a host's compiler made. `refusal` null: it was right. */
export const noteMade = (state: CompilingSlice, maker: HostState, refusal: Refusal | null): void => {
  const { compiler } = maker;
  if (compiler.quarantine) return;
  const isBad = refusal !== null;
  if (isBad) compiler.suspect = refusal;
  if (!state.compileHosts.has(maker)) return countVerdict(compiler.trust.tally, isBad);
  trusting.noteWord(compiler.trust, { isBad, others: () => othersOf(state, maker) }, clockOf(state));
};

/** A device refuses much of late, and these had compiled some of it: they are checked as well as the device. */
export const suspectMakers = (state: CompilingSlice, makers: ReadonlySet<HostId>): void => {
  for (const hostId of makers) {
    const maker = state.hosts.get(hostId);
    if (maker && !maker.compiler.quarantine)
      trusting.noteBurst(maker.compiler.trust, 'a device refuses much of what it made', clockOf(state));
  }
};

/** What other compilers of the same code made lately: the judging hosts' own, and those of other compile hosts. */
const othersOf = (state: CompilingSlice, maker: HostState): Count =>
  sum(
    [...state.hosts.values()]
      .filter((other) => other !== maker && haveSameCompiler(maker, other))
      .map(({ compiler }) => recentOf(compiler.trust.tally)),
  );
