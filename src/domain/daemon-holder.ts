/** The daemon that uses a data folder, a store or a queue, as it is told to one that must not. */
import { z } from 'zod';

export const DaemonHolder = z.object({
  /** Of its data folder: the same over restarts. */
  daemonId: z.string().min(1),
  host: z.string(),
  /** In its own process namespace: containers may all be 1. */
  pid: z.int().nonnegative(),
  since: z.iso.datetime(),
});
export type DaemonHolder = z.infer<typeof DaemonHolder>;

export const holderText = ({ host, pid, since }: Omit<DaemonHolder, 'daemonId'>): string =>
  `process ${pid} on ${host}, since ${since}`;
