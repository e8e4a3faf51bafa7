/** Judging rules and limits for engines whose hosts judge nothing by them. */
export const LENIENT = {
  rules: {
    timing: {
      method: 'cached',
      warmupRuns: 1,
      runsMin: 1,
      runsMax: 1,
      targetRelativeCi: 1,
      caseBudgetMs: 1,
      baselineAgeMsMax: 1,
    },
    limitMs: 1000,
    compileLimitMs: 1000,
    infraRetries: 1,
    canaryEverySeconds: 300,
    canaryFirstSeconds: 30,
    racingPlaces: 0,
    timeToAnswers: true,
    libraryTimes: false,
  },
  limits: { sourceBytes: 100_000, queued: 1000 },
} as const;
