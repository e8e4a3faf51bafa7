import { InvalidArgumentError } from 'commander';
import type { DeviceWish } from '../../domain/hosts/work.ts';
import { DeviceId } from '../../domain/ids.ts';
import { ownValue } from '../../platform/own-value.ts';

/** "any", "all", "0", "0,2", "GPU-…". */
export const deviceWish = (text: string): DeviceWish => {
  if (text === 'any' || text === 'all') return text;
  const parts = text.split(',');
  if (parts.some((part) => !/^(?:\d{1,4}|[\w.:-]{5,80})$/.test(part)))
    throw new InvalidArgumentError('It must be any, all, or GPUs by index or UUID, such as 0 or 0,1. A host is named before it.');
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : DeviceId.parse(part)));
};

/** "NAME=VALUE", or NAME for the value it has here. */
export const variable = (text: string, before: readonly string[] = []): readonly string[] => {
  const name = text.split('=', 1)[0] ?? '';
  if (!/^[A-Za-z_]\w*$/.test(name))
    throw new InvalidArgumentError('It must be NAME=VALUE, or the NAME of a variable that is set here.');
  if (text.includes('=')) return [...before, text];
  const value = ownValue(process.env, name);
  if (value === undefined) throw new InvalidArgumentError(`${name} is not set here: give ${name}=VALUE.`);
  return [...before, `${name}=${value}`];
};
