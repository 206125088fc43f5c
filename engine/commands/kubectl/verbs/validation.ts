import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { quoteGo } from '../text.ts';

/** The `fieldValidation` that `--validate` asks for. @throws CommandError */
export function validationOf(context: Context): 'Strict' | 'Warn' | 'Ignore' {
  const value = context.flags.text('validate');
  if (value === '' || value === 'strict' || value === 'true') return 'Strict';
  if (value === 'warn') return 'Warn';
  if (value === 'ignore' || value === 'false') return 'Ignore';
  throw new CommandError(
    `invalid - validate option ${quoteGo(value)}; must be one of: strict (or true), warn, ignore (or false)`,
  );
}
