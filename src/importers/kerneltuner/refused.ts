/** What a tuning problem has that cannot be taken. */
import { KilnError } from '../../domain/errors.ts';
import { ExpressionError } from '../../domain/plan/expression.ts';
import { PythonError } from './python-expression.ts';

/** `field`: where in the file it stands. */
export const refused = (field: string, message: string): KilnError =>
  new KilnError('INVALID_REQUEST', `${field}: ${message}`, { details: { field } });

/** What `work` says of an expression, with the field that it stands in. */
export const naming = <T>(field: string, work: () => T): T => {
  try {
    return work();
  } catch (error) {
    if (error instanceof PythonError || error instanceof ExpressionError) throw refused(field, error.message);
    throw error;
  }
};
