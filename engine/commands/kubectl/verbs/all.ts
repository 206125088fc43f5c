import type { Command } from '../context.ts';
import { applyCommand } from './apply.ts';
import { authCommand } from './auth.ts';
import { clusterCommands } from './cluster.ts';
import { configCommand } from './config.ts';
import { createCommand } from './create.ts';
import { deleteCommand } from './delete.ts';
import { describeCommand } from './describe.ts';
import { diffCommand } from './diff.ts';
import { execCommand } from './exec.ts';
import { getCommand } from './get.ts';
import { logsCommand } from './logs.ts';
import { annotateCommand, labelCommand } from './metadata.ts';
import { NODE_COMMANDS } from './nodes.ts';
import { editCommand } from './edit.ts';
import { patchCommand, replaceCommand } from './patch.ts';
import { POD_COMMANDS } from './pods.ts';
import { portForwardCommand } from './port-forward.ts';
import { rolloutCommand } from './rollout.ts';
import { runCommand } from './run.ts';
import { autoscaleCommand, exposeCommand, scaleCommand } from './scale.ts';
import { setCommand } from './set.ts';
import { waitCommand } from './wait.ts';

/** All verbs, by name. */
export const COMMANDS: readonly Command[] = [
  annotateCommand,
  applyCommand,
  authCommand,
  autoscaleCommand,
  configCommand,
  createCommand,
  deleteCommand,
  describeCommand,
  diffCommand,
  editCommand,
  execCommand,
  exposeCommand,
  getCommand,
  labelCommand,
  logsCommand,
  patchCommand,
  portForwardCommand,
  replaceCommand,
  rolloutCommand,
  runCommand,
  scaleCommand,
  setCommand,
  waitCommand,
  ...NODE_COMMANDS,
  ...POD_COMMANDS,
  ...clusterCommands(() => COMMANDS),
].sort((a, b) => (a.name < b.name ? -1 : 1));
