/** What a score is ranked among, in SQL: `classOf` of domain/ranking/ranking.ts. */

/** `score`: a column of scores that are there. */
export const classSql = (score: string): string => `(case when ${score} -> 'answers' is null then 'device' else 'program' end)`;
