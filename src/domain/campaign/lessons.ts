/**
 * What a campaign learned of ideas, for campaigns to come: words, ratios and verdicts, failures too; never a source. Kept in its own row, and what was given to a campaign in that one's, so that neither goes
 * when something else does.
 */
import { z } from 'zod';
import { DeviceClass } from '../device.ts';
import { IDEA_CHARS_MAX } from './campaign.ts';
import { MemoryRow } from './generation-context.ts';

/** Of one problem on one device: enough for what gained and for what never did. */
export const LESSON_ROWS_MAX = 24;
/** Of them, so many that gained at most. */
export const LESSON_GAINS_MAX = 14;
/** As JSON, of one problem on one device. */
export const LESSON_BYTES_MAX = 8192;
const LESSONS_MAX = 512;

const LessonRow = MemoryRow.extend({ idea: z.string().max(IDEA_CHARS_MAX) });

export const Lesson = z.strictObject({
  problem: z.string(),
  device: DeviceClass,
  /** As the driver names it: models are never compared. */
  deviceModel: z.string(),
  /** What limits a kernel of the problem that does the least work: problems of one kind have it alike. */
  bound: z.enum(['memory', 'compute', 'unknown']),
  rows: z.array(LessonRow).max(LESSON_ROWS_MAX),
});
export type Lesson = z.infer<typeof Lesson>;
export const Lessons = z.array(Lesson).max(LESSONS_MAX);

/** What a campaign was told when it began, of one problem on one device. */
export const Recalled = z.strictObject({
  problem: z.string(),
  device: DeviceClass,
  /** Earlier campaigns that it comes from. */
  campaigns: z.int().min(0),
  rows: z.array(LessonRow).max(LESSON_ROWS_MAX),
  /** What gained on other problems of the same kind. */
  elsewhere: z.array(LessonRow.extend({ problem: z.string() })).max(LESSON_ROWS_MAX),
});
export type Recalled = z.infer<typeof Recalled>;
export const RecalledList = z.array(Recalled).max(LESSONS_MAX);
