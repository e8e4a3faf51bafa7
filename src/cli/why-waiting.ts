/** Why candidates that wait do not move. */
import { setTimeout as pause } from 'node:timers/promises';
import type { KilnClient } from '../client/create-client.ts';
import { plainLine } from '../domain/text/plain-text.ts';

const LOOK_AGAIN_MS = 5000;
type Asked = Pick<KilnClient, 'queue'>;

/** "no host of the fleet has the device class H100", or null when it is only its turn that has not come. */
export const blockedReason = async (client: Asked, device: string): Promise<string | null> => {
  const { byDevice } = await client.queue();
  return byDevice.find((row) => row.device === device)?.blocked ?? null;
};

/** Tells each new reason once, until the signal. What goes wrong here is told by the wait itself. */
export const tellWhyWaiting = async (
  client: Asked,
  devices: ReadonlySet<string>,
  { signal, tell }: { readonly signal: AbortSignal; readonly tell: (line: string) => void },
): Promise<void> => {
  const told = new Set<string>();
  for (;;) {
    const lines = await blockedLines(client, devices).catch(() => []);
    if (signal.aborted) return;
    for (const line of lines) {
      if (!told.has(line)) tell(line);
      told.add(line);
    }
    await pause(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
};

/** One line for each of these device classes whose candidates cannot move. */
export const blockedLines = async (client: Asked, devices: ReadonlySet<string>): Promise<readonly string[]> => {
  const { byDevice } = await client.queue();
  return byDevice.flatMap(({ device, blocked }) =>
    devices.has(device) && blocked !== null ? [plainLine(`waiting: ${blocked} (kiln fleet shows the hosts)`)] : [],
  );
};
