/** Why so many agents think, in words. */
import type { DeviceClass } from '../../domain/device.ts';

export const noDeviceReason = (device: DeviceClass): string =>
  `no device of the class ${device} takes work now, so nobody thinks; kiln fleet says why`;

export const notAskedReason = (device: DeviceClass): string => `the queue for ${device} is looked at first, so nobody thinks yet`;

export const coldReason = (facts: { readonly device: DeviceClass; readonly slots: number; readonly perSlot: number }): string => {
  const devices = facts.slots === 1 ? 'its device' : `each of its ${facts.slots} devices`;
  return `no candidate for ${facts.device} was judged yet: at most ${facts.perSlot} for ${devices} until it is known how long one takes`;
};

export const queueReason = (facts: {
  readonly device: DeviceClass;
  readonly heldSeconds: number;
  readonly targetSeconds: number;
  readonly thinkers: number;
}): string => {
  const held = `the queue holds ${seconds(facts.heldSeconds)} of work for ${facts.device}; the target is ${seconds(facts.targetSeconds)}`;
  return facts.thinkers === 0 ? `${held}, so nobody new thinks until it is shorter` : held;
};

/** "4.8 s", "5 s", "150 s". */
const seconds = (value: number): string => `${value < 99.95 ? Number(value.toFixed(1)) : Math.round(value)} s`;
