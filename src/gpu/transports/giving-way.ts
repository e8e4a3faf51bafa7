/**
 * Many bytes for people beside few for judges, on one connection: those of a channel that gives way are handed to the connection only once what it was given before
 * has left. Otherwise they would fill it up to the window of the channel, megabytes, and each frame for a judge would wait behind them. Channels that give way take turns.
 */
import type { Duplex } from 'node:stream';

type Write = Duplex['_write'];

export const createGivingWay = (connection: Duplex): (<Channel extends Duplex>(channel: Channel) => Channel) => {
  /** At most one for each channel: its next write waits for the last. */
  const waiting: (() => void)[] = [];
  const goOn = (): void => {
    while (waiting.length > 0 && !connection.writableNeedDrain) waiting.shift()?.();
  };
  connection.on('drain', goOn).once('close', goOn);
  return (channel) => {
    // oxlint-disable-next-line no-underscore-dangle -- what a stream is made of: it has no other name
    const write: Write = channel._write.bind(channel);
    const inTurn: Write = (chunk, encoding, done) => {
      waiting.push(() => write(chunk, encoding, done));
      goOn();
    };
    return Object.assign(channel, { _write: inTurn });
  };
};
