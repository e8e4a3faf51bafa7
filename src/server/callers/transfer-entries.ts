/** Entries of the audit list that several requests share: those of one transfer of files are one operation of one caller. */
import { BoundedMap } from '../../platform/bounded-map.ts';

const TRANSFERS_MAX = 1000;
/** Longer than this after its last request it is another one, whatever it is called. */
const TRANSFER_MS = 10 * 60_000;

interface Transfer {
  readonly entry: Promise<number>;
  lastMs: number;
}

export interface TransferEntries {
  /** The entry's number, and whether it was made for this request. Rejects as `write` does, for every request that waits for it. */
  of(key: string, write: () => Promise<number>): Promise<{ readonly sequence: number; readonly isFirst: boolean }>;
}

export const createTransferEntries = (now: () => number): TransferEntries => {
  const transfers = new BoundedMap<string, Transfer>(TRANSFERS_MAX);
  return {
    of: async (key, write) => {
      const known = transfers.use(key);
      const isFirst = known === undefined || now() - known.lastMs > TRANSFER_MS;
      const transfer = isFirst ? { entry: write(), lastMs: 0 } : known;
      transfer.lastMs = now();
      transfers.set(key, transfer);
      try {
        return { sequence: await transfer.entry, isFirst };
      } catch (error) {
        transfers.delete(key);
        throw error;
      }
    },
  };
};
