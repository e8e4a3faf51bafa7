/**
 * Which reads of an SSH connection leave nothing behind. ssh2 hands on what it received as it lies in memory, and keeps some of it: that of a key exchange, or data of
 * channels. Data of bulk channels is copied when a read ends; so a read that brought nothing else is free. What ssh2 received it tells to `debug`; what it told otherwise,
 * or in other words, counts as kept.
 */
import type { Duplex } from 'node:stream';
import { createGathering } from '../../platform/gathered-pieces.ts';

const DATA = 'Inbound: CHANNEL_DATA (';
const SENT = 'Outbound: ';

export interface SshReads {
  /** For ssh2's `debug`. */
  readonly note: (message: string) => void;
  /** For a channel of many bytes. */
  readonly gather: <Channel extends Duplex>(channel: Channel) => Channel;
  /** At the end of a read. Returns whether nobody keeps what it brought. */
  readonly isFree: () => boolean;
}

export const createSshReads = (): SshReads => {
  const { gather, handOn } = createGathering();
  let messages = 0;
  let isOther = false;
  return {
    note: (message) => {
      if (message.startsWith(DATA)) messages += 1;
      else if (!message.startsWith(SENT)) isOther = true;
    },
    gather,
    isFree: () => {
      const isFree = handOn() === messages && !isOther;
      messages = 0;
      isOther = false;
      return isFree;
    },
  };
};
