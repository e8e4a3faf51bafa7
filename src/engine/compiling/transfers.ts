/** Brings an artifact from the host that compiled it to one that will judge it: fetched once, put once to each host. */
import { createHash } from 'node:crypto';
import { ContentHash } from '../../domain/ids.ts';
import { BUNDLE_BYTES_MAX } from '../../domain/protocol.ts';
import type { FromRunner } from '../../domain/protocol.ts';
import type { HostState } from '../host-state.ts';
import type { CompilingSlice } from '../state.ts';
import type { Bundle, HostSession } from '../../domain/ports/host-session.ts';
import type { Bundles } from './bundles.ts';
import { createTransferQueue } from './transfer-queue.ts';
import type { TransferQueue } from './transfer-queue.ts';

type Frame<T extends FromRunner['type']> = Extract<FromRunner, { type: T }>;

const AWAY = 'it is not connected';

export const createFetches = (session: HostSession): TransferQueue =>
  createTransferQueue((artifact) => (session.fetchArtifact(artifact) ? null : AWAY));

/** A bundle that gave way to others while it waited is not put: the artifact is compiled where it is wanted. */
export const createPuts = (session: HostSession, bundles: Bundles): TransferQueue =>
  createTransferQueue((artifact) => {
    const bundle = bundles.find(artifact);
    if (!bundle) return 'the daemon has no room for artifacts under way';
    return session.putArtifact(artifact, bundle) ? null : AWAY;
  });

export interface Transfer {
  readonly artifact: ContentHash;
  readonly from: HostState;
  readonly to: HostState;
  /** `fetch`, `put`: what failed. */
  readonly arrived: (failed: 'fetch' | 'put' | null) => void;
}

export const transferArtifact = (state: CompilingSlice, { artifact, from, to, arrived }: Transfer): void => {
  const ended = (at: HostState, step: 'fetch' | 'put', failure: string | null): void => {
    if (failure === null) return arrived(null);
    state.metrics.onTransferred(at.session.hostId, 'failed');
    state.log.warn({ hostId: at.session.hostId, artifact }, `artifact not ${step === 'fetch' ? 'fetched' : 'put'}: ${failure}`);
    arrived(step);
  };
  const put = (): void => to.puts.ask(artifact, (failure) => ended(to, 'put', failure));
  if (state.bundles.find(artifact)) return put();
  from.fetches.ask(artifact, (failure) => (failure === null ? put() : ended(from, 'fetch', failure)));
};

export const onArtifact = (
  state: CompilingSlice,
  host: HostState,
  came: Frame<'artifact'> & { readonly bytes: Buffer },
): void => {
  const { artifact, failure } = came;
  const bundle = bundleOf(came);
  if (bundle) {
    state.bundles.add(artifact, bundle);
    state.metrics.onTransferred(host.session.hostId, 'fetched');
  } else if (failure?.code === 'unknown_artifact') host.known.forget(artifact);
  host.fetches.answered(artifact, bundle ? null : (failure?.message ?? 'what came does not match its hash'));
};

export const onArtifactStored = (
  state: CompilingSlice,
  host: HostState,
  { artifact, failure }: Frame<'artifact_stored'>,
): void => {
  if (!failure) state.metrics.onTransferred(host.session.hostId, 'put');
  host.puts.answered(artifact, failure && failure.message);
};

const bundleOf = ({ failure, sha256, bytes }: Frame<'artifact'> & { readonly bytes: Buffer }): Bundle | null => {
  if (failure || bytes.length > BUNDLE_BYTES_MAX) return null;
  const found = ContentHash.parse(createHash('sha256').update(bytes).digest('hex'));
  // A copy: the bytes are a part of whatever came in one read.
  return found === sha256 ? { sha256, bytes: Buffer.from(bytes) } : null;
};
