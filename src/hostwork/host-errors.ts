import { ERRORS, type ErrorCode, KilnError } from '../domain/errors.ts';

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** What a host refused, in its own words. */
export const errorOfHost = ({ code, message }: { readonly code: string; readonly message: string }): KilnError =>
  new KilnError(isErrorCode(code) ? code : 'WORK_REFUSED', message);
