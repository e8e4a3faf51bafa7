/** Whether a campaign may ask for one more candidate, and if not, whether that will change. Pure. */
import type { Budget } from '../../../domain/campaign/campaign.ts';
import { dollars, seconds } from '../../../domain/text/units.ts';
import { candidatesOf, outstandingOf } from './account.ts';
import type { Account } from './account.ts';

/** Units of budgets, as accounts count them. */
export const MICROS_PER_USD = 1_000_000;
export const MS_PER_MINUTE = 60_000;

/** `hold`: what is on its way may use up the rest, or leave some of it. `over`: whatever comes back, no more can be asked. */
export type Allowed =
  | { readonly kind: 'go' }
  | { readonly kind: 'hold'; readonly reason: string }
  | { readonly kind: 'over'; readonly reason: string };

export interface Standing {
  readonly budget: Budget;
  readonly account: Account;
  /** Wall clock while running, milliseconds. */
  readonly ranMs: number;
  /** The least that the next request may cost, millionths of a US dollar. */
  readonly reserveMicros: number;
  /** Agents that are about to ask: not in the account yet. */
  readonly preparing: number;
}

const GO: Allowed = { kind: 'go' };

export const allowedBy = (standing: Standing): Allowed => {
  const answers = [byMinutes(standing), byCandidates(standing), byDevices(standing), byMoney(standing)];
  return answers.find(({ kind }) => kind === 'over') ?? answers.find(({ kind }) => kind === 'hold') ?? GO;
};

const byMinutes = ({ budget, ranMs }: Standing): Allowed =>
  budget.minutes === undefined || ranMs < budget.minutes * MS_PER_MINUTE
    ? GO
    : { kind: 'over', reason: `the ${duration(budget.minutes * MS_PER_MINUTE)} of the budget are over` };

const byCandidates = ({ budget, account, preparing }: Standing): Allowed => {
  const limit = budget.candidates;
  if (limit === undefined) return GO;
  const submitted = candidatesOf(account);
  if (submitted >= limit) return { kind: 'over', reason: `the budget of ${limit} candidates is used up` };
  if (submitted + account.byStatus.asked + preparing < limit) return GO;
  return { kind: 'hold', reason: `the last of ${limit} candidates are being written` };
};

/** Device time is known afterwards only: what is outstanding counts by the mean of what was judged. */
const byDevices = ({ budget, account, preparing }: Standing): Allowed => {
  if (budget.gpuMinutes === undefined) return GO;
  const limitMs = budget.gpuMinutes * MS_PER_MINUTE;
  if (account.deviceMs >= limitMs) {
    const spent = `${duration(account.deviceMs)} of ${duration(limitMs)}`;
    return { kind: 'over', reason: `the device time of the budget is used up (${spent})` };
  }
  const meanMs = account.onDevice === 0 ? 0 : account.deviceMs / account.onDevice;
  const outstanding = outstandingOf(account) + preparing;
  if (account.deviceMs + outstanding * meanMs < limitMs) return GO;
  return { kind: 'hold', reason: `what is on its way is likely to use up the ${duration(limitMs)} of device time` };
};

const byMoney = ({ budget, account, reserveMicros }: Standing): Allowed => {
  if (affords({ budget, account }, reserveMicros)) return GO;
  if (budget.usd === undefined) return { kind: 'over', reason: 'answers cost money, and the budget says nothing of usd' };
  const { spentMicros, reservedMicros } = account;
  const [spent, limit] = [dollarsOf(spentMicros), dollars(budget.usd)];
  if (reservedMicros > 0) {
    return {
      kind: 'hold',
      reason: `${spent} of ${limit} are spent, and up to ${dollarsOf(reservedMicros)} may be by requests on their way`,
    };
  }
  return {
    kind: 'over',
    reason: `${spent} of ${limit} are spent, and the next request may cost up to ${dollarsOf(reserveMicros)}`,
  };
};

/** Whether the budget holds whatever the request costs, up to `reserveMicros`. Without a limit in money nothing that costs any is asked. */
export const affords = ({ budget, account }: Pick<Standing, 'budget' | 'account'>, reserveMicros: number): boolean => {
  if (reserveMicros === 0) return true;
  const limitMicros = Math.floor((budget.usd ?? 0) * MICROS_PER_USD + ROUNDING);
  return account.spentMicros + account.reservedMicros + reserveMicros <= limitMicros;
};

const dollarsOf = (micros: number): string => dollars(micros / MICROS_PER_USD);
const duration = (ms: number): string => seconds(ms / 1000);

/** 0.29 * 1e6 is a little below 290,000 in floating point. */
const ROUNDING = 1e-3;
