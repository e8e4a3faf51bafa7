import { grouped } from '../../domain/text/units.ts';

/** "1 host", "12 hosts" */
export const counted = (count: number, one: string): string => `${grouped(count)} ${one}${count === 1 ? '' : 's'}`;
