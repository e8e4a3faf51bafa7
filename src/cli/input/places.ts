/** `NAME:PATH` on a host, as scp writes it. */
import type { HostFolder } from '../../client/files/move-folders.ts';
import { KilnError } from '../../domain/errors.ts';
import { HostId } from '../../domain/ids.ts';
import { JobId } from '../../domain/hosts/work.ts';

/** Throws INVALID_REQUEST. */
export const hostPlace = (text: string): HostFolder => {
  const [, host = '', path = ''] = /^([^:/]*):(.*)$/s.exec(text) ?? [];
  if (HostId.safeParse(host).success && path !== '') return { host, path };
  throw new KilnError(
    'INVALID_REQUEST',
    `"${text}" is no folder on a host: write NAME:PATH, such as h100-a:work (kiln fleet lists hosts)`,
  );
};

export interface JobPlace {
  readonly host: string;
  /** Whole, or its beginning. */
  readonly job: string;
}

/** "h100-a/j-0123456789ab". Throws INVALID_REQUEST. */
export const jobPlace = (text: string): JobPlace => {
  const [host = '', job = '', more] = text.split('/');
  if (more === undefined && HostId.safeParse(host).success && (JobId.safeParse(job).success || /^j-[0-9a-f]{1,11}$/.test(job)))
    return { host, job };
  throw new KilnError(
    'INVALID_REQUEST',
    `"${text}" is no job: write NAME/ID as "kiln host run" prints it (kiln host jobs lists them)`,
  );
};
