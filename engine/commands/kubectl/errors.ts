import type { Json, JsonObject } from '../../base/json.ts';
import { isJsonObject } from '../../base/json.ts';
import { quoteGo } from './text.ts';

/** One cause of a Status: which field, and what is wrong with it. */
export type StatusCause = { readonly reason?: string; readonly field?: string; readonly message?: string };

/** The API server's answer when it refuses: a Kubernetes `Status`, as far as kubectl reads it. */
export type Status = {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly kind: string;
  readonly name: string;
  readonly group: string;
  readonly hasDetails: boolean;
  readonly causes: readonly StatusCause[];
};

/** Reads a Status out of a response body; absent members become empty. */
export function statusOf(body: JsonObject, code: number): Status {
  const details = isJsonObject(body.details) ? body.details : undefined;
  const causes = Array.isArray(details?.causes) ? (details.causes as readonly Json[]) : [];
  return {
    code: typeof body.code === 'number' ? body.code : code,
    reason: textOr(body.reason),
    message: textOr(body.message),
    kind: textOr(details?.kind),
    name: textOr(details?.name),
    group: textOr(details?.group),
    hasDetails: details !== undefined,
    causes: causes.filter(isJsonObject).map((cause) => ({
      reason: textOr(cause.reason),
      field: textOr(cause.field),
      message: textOr(cause.message),
    })),
  };
}

function textOr(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** A request that the API server refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: Status;

  constructor(status: Status) {
    super(status.message);
    this.status = status;
  }

  /** True when the object or path does not exist. */
  get isNotFound(): boolean {
    return this.status.reason === 'NotFound';
  }
}

/** A failure of kubectl itself; printed with `error: ` in front unless it stands among several. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A failure whose text is printed exactly as it is. */
export class PlainError extends Error {
  override readonly name = 'PlainError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A failure that left something on stdout: a question without an answer, a template half filled in. */
export class PrintedFault extends CommandError {
  readonly printed: string;

  constructor(message: string, printed: string) {
    super(message);
    this.printed = printed;
  }
}

/** Several failures of one command (apimachinery's Aggregate); each is printed on a line of its own. */
export class ManyErrors extends Error {
  override readonly name = 'ManyErrors';
  readonly errors: readonly KubectlError[];

  constructor(errors: readonly KubectlError[]) {
    super(aggregateText(errors));
    this.errors = errors;
  }
}

/** Everything a command may throw, apart from signals and bugs. */
export type KubectlError = ApiError | CommandError | PlainError | ManyErrors;

/** True for a failure that is told to the user. */
export function isKubectlError(error: unknown): error is KubectlError {
  return (
    error instanceof ApiError ||
    error instanceof CommandError ||
    error instanceof PlainError ||
    error instanceof ManyErrors
  );
}

/** Returns a failure of a command and lets everything else pass. */
export function kubectlErrorOf(error: unknown): KubectlError {
  if (isKubectlError(error)) return error;
  throw error;
}

/** Throws nothing, the only failure, or all of them as one. */
export function throwAll(errors: readonly KubectlError[]): void {
  const [first] = errors;
  if (first === undefined) return;
  throw errors.length === 1 ? first : new ManyErrors(errors);
}

/** Text of several failures in one line, as Go prints an Aggregate: duplicates dropped, brackets only around several. */
function aggregateText(errors: readonly KubectlError[]): string {
  const texts = [...new Set(errors.map((error) => error.message))];
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}

/** Go's words for a document that is no object but `kind`. */
export function notStruct(kind: string): string {
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`;
}

/** A usage error: the text and where help is. */
export function usageError(path: string, message: string): CommandError {
  return new CommandError(`${message}\nSee '${path} -h' for help and examples`);
}

/** Says what was being done to which file when it failed; keeps a Status a Status (cmdutil.AddSourceToErr). */
export function withSource(verb: string, source: string, error: KubectlError): KubectlError {
  if (source === '') return error;
  return prefixed(`error when ${verb} ${quoteGo(source)}: `, error);
}

/** Puts words in front of a failure's message, keeping its Status. */
export function prefixed(prefix: string, error: KubectlError): KubectlError {
  if (error instanceof ApiError)
    return new ApiError({ ...error.status, message: prefix + error.status.message });
  return new CommandError(prefix + error.message);
}

/** What kubectl prints for a failure that ends it, with the newline (cmdutil.CheckErr). */
export function errorText(error: KubectlError): string {
  if (error instanceof ApiError) return withNewline(apiErrorText(error));
  if (error instanceof ManyErrors) return error.errors.map((one) => `${oneLine(one)}\n`).join('');
  if (error instanceof PlainError) return error.message === '' ? '' : withNewline(error.message);
  return withNewline(error.message.startsWith('error: ') ? error.message : `error: ${error.message}`);
}

function withNewline(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}

/** The exit code of a failure. */
export function exitCodeOf(error: KubectlError): number {
  return error instanceof CommandError || error instanceof PlainError ? error.exitCode : 1;
}

/** A failure among several: no `error: ` in front (cmdutil messageForError). */
function oneLine(error: KubectlError): string {
  return error instanceof ApiError ? statusText(error.status) : error.message;
}

function statusText(status: Status): string {
  if (status.reason === 'Unauthorized')
    return `error: You must be logged in to the server (${status.message})`;
  if (status.reason !== '') return `Error from server (${status.reason}): ${status.message}`;
  return `Error from server: ${status.message}`;
}

function apiErrorText(error: ApiError): string {
  const { status } = error;
  if (status.reason !== 'Invalid') return statusText(status);
  let text = 'The request is invalid';
  if (!status.hasDetails) return `${text}: ${status.message}`;
  if (status.kind !== '' || status.name !== '')
    text = `The ${status.kind} ${quoteGo(status.name)} is invalid`;
  else if (status.message !== '' && status.causes.length === 0) text = `${text}: ${status.message}`;
  if (status.causes.length === 0) return text;
  const lines = [...new Set(status.causes.map((cause) => `${cause.field}: ${cause.message}`))];
  return lines.length === 1
    ? `${text}: ${lines[0]}\n`
    : `${text}: \n${lines.map((line) => `* ${line}\n`).join('')}`;
}
