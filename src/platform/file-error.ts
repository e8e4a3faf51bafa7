/** What the system refuses about files and folders, for people. */

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not open it',
  EPERM: 'this user may not do that with it',
  EROFS: 'it lies on a disk that can only be read',
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder, not a file',
  ENOTEMPTY: 'the folder is not empty',
  EEXIST: 'it is there already',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's share of the disk is full",
};

/** `PATH: what is wrong (CODE)`; null for an error that is none of a file. Of a file that was open the system names no path. */
export const fileErrorText = (error: unknown): string | null => {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error)) return null;
  const reason = REASONS[error.code];
  const path = 'path' in error ? String(error.path) : null;
  if (reason === undefined) return path === null ? null : `${path}: ${error.message}`;
  return `${path ?? 'a file that was given'}: ${reason} (${error.code})`;
};
