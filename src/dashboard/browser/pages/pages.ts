/** Which page an address is. */
import { h, type ComponentType, type JSX } from 'preact';
import { decoded } from '../../../platform/decoded.ts';
import { shortId } from '../parts/elements.ts';
import { onDemand } from './on-demand.ts';

const OverviewPage = onDemand(async () => (await import('./overview.ts')).OverviewPage);
const FleetPage = onDemand(async () => (await import('./fleet.ts')).FleetPage);
const ProblemsPage = onDemand(async () => (await import('./problems.ts')).ProblemsPage);
const ProblemPage = onDemand(async () => (await import('./problem.ts')).ProblemPage);
const CandidatesPage = onDemand(async () => (await import('./candidates.ts')).CandidatesPage);
const CandidatePage = onDemand(async () => (await import('./candidate.ts')).CandidatePage);
const SweepsPage = onDemand(async () => (await import('./sweeps.ts')).SweepsPage);
const SweepPage = onDemand(async () => (await import('./sweep.ts')).SweepPage);
const CampaignsPage = onDemand(async () => (await import('./campaigns.ts')).CampaignsPage);
const CampaignPage = onDemand(async () => (await import('./campaign.ts')).CampaignPage);
const SubmitPage = onDemand(async () => (await import('./submit.ts')).SubmitPage);

interface ShownPage {
  readonly title: string;
  /** Another key is another page, which begins anew. */
  readonly key: string;
  readonly Page: ComponentType;
}

const whole: Readonly<Record<string, readonly [string, ComponentType]>> = {
  '/': ['', OverviewPage],
  '/fleet': ['Fleet', FleetPage],
  '/problems': ['Problems', ProblemsPage],
  '/candidates': ['Candidates', CandidatesPage],
  '/sweeps': ['Sweeps', SweepsPage],
  '/campaigns': ['Campaigns', CampaignsPage],
  '/submit': ['Submit', SubmitPage],
};

export const pageOf = (path: string): ShownPage => {
  const trimmed = path.length > 1 ? path.replace(/\/$/u, '') : path;
  const found = whole[trimmed];
  if (found !== undefined) return { title: found[0], key: trimmed, Page: found[1] };
  const [, kind = '', id = ''] = /^\/(\w+)\/([^/]+)$/u.exec(trimmed) ?? [];
  const own = decoded(id);
  switch (kind) {
    case 'problems':
      return { title: own, key: trimmed, Page: () => h(ProblemPage, { problem: own }) };
    case 'candidates':
      return { title: shortId(own), key: trimmed, Page: () => h(CandidatePage, { id: own }) };
    case 'sweeps':
      return { title: shortId(own), key: trimmed, Page: () => h(SweepPage, { id: own }) };
    case 'campaigns':
      return { title: shortId(own), key: trimmed, Page: () => h(CampaignPage, { id: own }) };
    default:
      return { title: 'Not found', key: 'none', Page: NotFound };
  }
};

const NotFound = (): JSX.Element =>
  h('div', { class: 'page' }, h('h1', null, 'There is no such page'), h('p', null, h('a', { href: '/' }, 'To the overview')));
