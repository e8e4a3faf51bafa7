/** Artifacts on their way between hosts, kept a while for the next host that wants them. Least recently used ones go first. */
import type { ContentHash } from '../../domain/ids.ts';
import type { Bundle } from '../../domain/ports/host-session.ts';

const BYTES_MAX = 128 * 1024 * 1024;

export interface Bundles {
  /** Counts as a use. */
  find(artifact: ContentHash): Bundle | null;
  add(artifact: ContentHash, bundle: Bundle): void;
  forget(artifact: ContentHash): void;
}

export const createBundles = (bytesMax = BYTES_MAX): Bundles => {
  const kept = new Map<ContentHash, Bundle>();
  let bytes = 0;

  const forget = (artifact: ContentHash): void => {
    bytes -= kept.get(artifact)?.bytes.length ?? 0;
    kept.delete(artifact);
  };

  return {
    find: (artifact) => {
      const bundle = kept.get(artifact);
      if (!bundle) return null;
      kept.delete(artifact);
      kept.set(artifact, bundle);
      return bundle;
    },
    add: (artifact, bundle) => {
      forget(artifact);
      kept.set(artifact, bundle);
      bytes += bundle.bytes.length;
      for (const oldest of kept.keys()) {
        if (bytes <= bytesMax) return;
        forget(oldest);
      }
    },
    forget,
  };
};
