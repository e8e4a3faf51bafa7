/** What a page asks when it is opened, by its address: the daemon answers it in the document, and the page finds the answers by these addresses. */

/** How much the lists show that are answered in the document. */
export const FIRST_LIMITS = { records: 8, verdicts: 12, candidates: 200 } as const;

const ALWAYS = ['/v1/access'] as const;
const BY_PATH: Readonly<Record<string, readonly string[]>> = {
  '/': [
    '/v1/fleet',
    '/v1/queue',
    '/v1/problems',
    `/v1/records?limit=${FIRST_LIMITS.records}`,
    `/v1/summaries?status=done&limit=${FIRST_LIMITS.verdicts}`,
  ],
  '/fleet': ['/v1/fleet'],
  '/problems': ['/v1/problems'],
};
/** Of pages without anything chosen: filters make questions of their own. */
const BY_ADDRESS: Readonly<Record<string, readonly string[]>> = {
  '/candidates': ['/v1/problems', `/v1/summaries?limit=${FIRST_LIMITS.candidates}`],
};

export const firstQuestions = (address: string): readonly string[] => {
  const [path = ''] = address.split('?', 1);
  return [...ALWAYS, ...(BY_PATH[path] ?? BY_ADDRESS[address] ?? [])];
};
