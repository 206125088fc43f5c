import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';

const shape = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
    .optional(),
  RINGFENCE_DATA: z.string().default('.data'),
  RINGFENCE_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
});

/** What the server takes from its environment. */
export type Environment = {
  /** A PostgreSQL server; undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** Where this server keeps its own data, absolute. */
  readonly dataDir: string;
  /** Signs cookies. Instances that serve together share it by RINGFENCE_SECRET. */
  readonly secret: string;
};

/** Thrown at the start for a variable that cannot be used; says which one and why. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** Reads and checks the environment. Empty variables count as not set. The secret is made on the first start. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
  const result = shape.safeParse(given);
  if (!result.success) {
    throw new EnvironmentError(
      result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '),
    );
  }
  const { DATABASE_URL: databaseUrl, RINGFENCE_DATA, RINGFENCE_SECRET } = result.data;
  const dataDir = path.resolve(/* turbopackIgnore: true */ RINGFENCE_DATA);
  return { databaseUrl, dataDir, secret: RINGFENCE_SECRET ?? ownSecret(dataDir) };
}

/** The secret of this data folder; made when there is none, readable by its owner only. */
function ownSecret(dataDir: string): string {
  const file = path.join(dataDir, 'secret');
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < 32)
    throw new EnvironmentError(`${file} holds no secret: delete it, and a new one is made`);
  return secret;
}

let kept: Environment | undefined;

/** The environment of this process, read once. */
export function environment(): Environment {
  return (kept ??= readEnvironment(process.env));
}
