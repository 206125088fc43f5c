import type { Command } from '../context.ts';
import { applyCommand } from './apply.ts';
import { createCommand } from './create.ts';
import { deleteCommand } from './delete.ts';
import { execCommand } from './exec.ts';
import { getCommand } from './get.ts';
import { logsCommand } from './logs.ts';
import { runCommand } from './run.ts';
import { waitCommand } from './wait.ts';

/** All verbs. */
export const COMMANDS: readonly Command[] = [applyCommand, createCommand, deleteCommand, execCommand, getCommand, logsCommand, runCommand, waitCommand];
