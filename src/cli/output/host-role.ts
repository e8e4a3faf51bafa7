/** What a host without a GPU is for. Pure. */
import type { HostView } from '../../domain/api/fleet.ts';

/** Of languages whose code runs on other hosts than the one that compiled it. */
const TRANSFERABLE = ['cuda', 'triton'] as const;

export const isCompileOnly = ({ state, devices, inventory }: HostView): boolean =>
  state === 'connected' && devices.length === 0 && compilersOf(inventory).length > 0;

/** Null for a host that judges and compiles for itself, and while it is not connected. */
export const roleText = (host: HostView): string | null => {
  const { state, devices, inventory, compilesFor } = host;
  if (state !== 'connected') return null;
  if (host.compilerQuarantine) return null;
  if (compilesFor.length > 0) return `compiles for ${compilesFor.join(', ')}`;
  if (devices.length > 0) return null;
  const compilers = compilersOf(inventory);
  if (compilers.length === 0) {
    return 'has nothing to do: no device takes work here and there is no CUDA or Triton compiler; kiln doctor says what to install';
  }
  return `has nothing to do: no connected host with GPUs has its compiler (${compilers.join('; ')}); install the same one on both`;
};

const compilersOf = (inventory: HostView['inventory']): readonly string[] =>
  TRANSFERABLE.flatMap((language) => inventory?.compilers?.[language] ?? []);
