/** Who looks at the page, and what its role lets it do. What it may not do is not offered; the daemon would refuse it all the same. */
import { signal } from '@preact/signals';
import { mayAs, type Role } from '../../../domain/access/role.ts';
import { type Answer, ApiError, ask } from './api.ts';
import { generation } from './events.ts';
import { IS_SHARED } from './share.ts';

/** Null until it is known, and of whoever came by a share link. */
export const caller = signal<Answer<'/v1/access'> | null>(null);

export const startCaller = (): void => {
  // At once, and with every connection: a token may have been made anew.
  if (!IS_SHARED) generation.subscribe(() => void look());
};

const look = async (): Promise<void> => {
  try {
    caller.value = await ask('GET', '/v1/access');
  } catch (error) {
    // Asked again with the next connection.
    if (!(error instanceof ApiError)) throw error;
  }
};

export const may = (role: Role): boolean => caller.value !== null && mayAs(caller.value.role, role);

/** Steer what that submitter sent. */
export const maySteer = (submitter: string): boolean =>
  may('submit') && (caller.value?.isForOthers === true || caller.value?.submitter === submitter);

/** Who submits what is sent for `submitter`: whoever may speak for nobody else sends it in its own name. */
export const nameFor = (submitter: string): string =>
  caller.value === null || caller.value.isForOthers ? submitter : (caller.value.submitter ?? submitter);
