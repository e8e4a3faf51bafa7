/** Why candidates that wait do not move. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KilnClient } from '../client/create-client.ts';
import { plainLine } from '../platform/printable-text.ts';
import { printJsonLine } from './context.ts';
import type { Progress } from './output/progress.ts';

const LOOK_AGAIN_MS = 5000;
type Asked = Pick<KilnClient, 'queue'>;

/** "no host of the fleet has the device class H100", or null when it is only its turn that has not come. */
export const blockedReason = async (client: Asked, device: string): Promise<string | null> => {
  const { byDevice } = await client.queue();
  return byDevice.find((row) => row.device === device)?.blocked ?? null;
};

/** A device class whose candidates cannot move. */
export interface BlockedClass {
  readonly device: string;
  readonly reason: string;
}

/** Tells each new reason once, until the signal. What goes wrong here is told by the wait itself. */
export const reportWhyWaiting = async (
  client: Asked,
  devices: ReadonlySet<string>,
  { signal, report }: { readonly signal: AbortSignal; readonly report: (blocked: BlockedClass) => void },
): Promise<void> => {
  const reported = new Set<string>();
  for (;;) {
    const classes = await blockedClasses(client, devices).catch(() => []);
    if (signal.aborted) return;
    for (const blocked of classes) {
      const known = JSON.stringify(blocked);
      if (!reported.has(known)) report(blocked);
      reported.add(known);
    }
    await pause(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** Those of these device classes whose candidates cannot move. */
export const blockedClasses = async (client: Asked, devices: ReadonlySet<string>): Promise<readonly BlockedClass[]> => {
  const { byDevice } = await client.queue();
  return byDevice.flatMap(({ device, blocked }) =>
    devices.has(device) && blocked !== null ? [{ device, reason: blocked }] : [],
  );
};

export const blockedLine = ({ reason }: BlockedClass): string =>
  plainLine(`waiting: ${reason} (kiln fleet shows the hosts)`, 1000);

/** For people above the bar that shows how far it is, for programs as one of the JSON lines. */
export const reportBlocked = (json: boolean, { line }: Pick<Progress, 'line'>): ((blocked: BlockedClass) => void) =>
  json ? (blocked) => printJsonLine({ event: 'waiting', ...blocked }) : (blocked) => line(blockedLine(blocked));
