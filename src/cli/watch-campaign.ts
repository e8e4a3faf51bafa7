/** Follows a campaign until it ends: a screen on a terminal, a line whenever something changed elsewhere. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CampaignView } from '../domain/api/campaigns.ts';
import { type Context, note, print, printJsonLine } from './context.ts';
import { liveScreen } from './live-screen.ts';
import { campaignLine, campaignText } from './output/campaign-text.ts';
import { retryWhileUnavailable } from './watch-candidates.ts';
import { type TimeoutOption, within } from './within.ts';

const POLL_MS = 1000;
/** Between two lines where nobody looks at once. */
const LINE_MS = 5000;

/** The campaign goes on when the watching is ended. */
export const watchCampaign = async (context: Context, id: string, options: TimeoutOption = {}): Promise<void> =>
  within(options, `kiln campaign watch ${id}`, async (signal) => follow(context, id, signal));

const follow = async (context: Context, id: string, signal: AbortSignal): Promise<void> => {
  if (context.json || !process.stdout.isTTY) {
    const last = await followLines(context, id);
    if (!context.json) print(campaignText(last));
    return;
  }
  const frame = await liveScreen(async () => {
    const view = await context.client.campaign(id);
    return { text: `${campaignText(view)}\n\nq ends the watching, not the campaign`, isLast: hasEnded(view) };
  }, signal);
  if (frame?.isLast === true) print(frame.text.slice(0, frame.text.lastIndexOf('\n\n')));
  else note(`the campaign goes on; end it with: kiln campaign stop ${id}`);
};

const hasEnded = ({ status }: CampaignView): boolean => status === 'finished' || status === 'stopped';

/** What is worth a line: not that the clock went on. */
const stateOf = ({ status, activity, generations, best }: CampaignView): string =>
  JSON.stringify([status, activity.replaceAll(/\d+/g, '#'), generations, best]);

const followLines = async ({ client, json }: Context, id: string): Promise<CampaignView> => {
  let shown = '';
  let shownAtMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const view = await retryWhileUnavailable(() => client.campaign(id));
    const state = json ? JSON.stringify(view) : stateOf(view);
    const isDue = json || hasEnded(view) || performance.now() - shownAtMs >= LINE_MS;
    if (state !== shown && isDue) {
      if (json) printJsonLine(view);
      else note(campaignLine(view));
      shown = state;
      shownAtMs = performance.now();
    }
    if (hasEnded(view)) return view;
    await pause(POLL_MS);
  }
};
