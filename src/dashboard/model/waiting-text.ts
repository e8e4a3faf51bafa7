/** That candidates of a class wait, and why. Pure. */
import { counted } from './counted.ts';

export const waitingText = (device: string, waiting: number, why: string): string =>
  `${counted(waiting, 'candidate')} for ${device} ${waiting === 1 ? 'waits' : 'wait'}: ${why}`;
