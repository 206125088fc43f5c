import { type Document, isMap, isScalar, LineCounter, parseAllDocuments, parseDocument } from 'yaml';
import { z } from 'zod';
import { hashText } from '../base/hash.ts';
import { canonicalJson, type Json } from '../base/json.ts';
import type { LabBundle, Probe, TaskData } from './bundle.ts';

/** An author's mistake in a lab, with its place. Never reaches a learner: `labs check` and the build stop at it. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly file: string;
  readonly line: number;

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
    this.file = file;
    this.line = line;
  }
}

/** The files of `labs/`: path below it → content. */
export type LabFiles = ReadonlyMap<string, string>;

/** `GET /PING` or the long form. */
const httpShape = z.union([
  z.string().regex(/^[A-Z]+ \/\S*$/, 'is METHOD /path'),
  z.strictObject({
    method: z.string(),
    path: z.string(),
    host: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
]);

const probeShape = z.strictObject({
  from: z.string(),
  to: z.string(),
  port: z.int().min(1).max(65535).optional(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP', 'ICMP']).optional(),
  http: httpShape.optional(),
  dns: z.string().optional(),
  expect: z.string(),
});

const deedShape = z.union([
  z.strictObject({
    flow: z.strictObject({
      from: z.string(),
      to: z.string(),
      verdict: z.string().optional(),
      port: z.int().optional(),
    }),
    say: z.string().optional(),
  }),
  z.strictObject({ command: z.string(), say: z.string().optional() }),
]);

const cellShape = z.tuple([z.string(), z.string(), z.string()]);

const wrongShape = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  tag: z.string().optional(),
  when: z.strictObject({
    cell: cellShape.optional(),
    cells: z.array(cellShape).optional(),
    policy: z
      .strictObject({
        name: z.string().optional(),
        'uses-port': z.int().optional(),
        'lacks-ports': z.boolean().optional(),
        'selects-all': z.boolean().optional(),
        'uses-cidr': z.string().optional(),
        'uses-entity': z.string().optional(),
        'lacks-direction': z.enum(['ingress', 'egress']).optional(),
      })
      .optional(),
    command: z.string().optional(),
    exit: z.int().optional(),
    answered: z.strictObject({ question: z.int().optional(), choice: z.string().optional() }).optional(),
    predicted: z.strictObject({ cell: z.int(), outcome: z.string() }).optional(),
  }),
  say: z.string(),
});

/** The front matter of a task.md (DESIGN.md, A lab's shape). */
const taskShape = z.strictObject({
  title: z.string(),
  kind: z.enum(['read', 'predict', 'fix', 'fill', 'write', 'debug', 'review', 'golf', 'recall']),
  goal: z.array(probeShape).default([]),
  hidden: z.array(probeShape).default([]),
  did: z.array(deedShape).default([]),
  guards: z
    .array(
      z.strictObject({
        exists: z.string().optional(),
        absent: z.string().optional(),
        forbids: z.string().optional(),
        say: z.string().optional(),
      }),
    )
    .default([]),
  given: z.array(z.string()).default([]),
  predict: z.array(probeShape).default([]),
  answers: z
    .array(
      z.strictObject({
        ask: z.string(),
        choose: z.array(z.string()).min(2),
        right: z.string(),
        because: z.string().optional(),
      }),
    )
    .default([]),
  hints: z.array(z.string()).max(2).default([]),
  wrong: z.array(wrongShape).default([]),
});

const labShape = z.strictObject({
  number: z.string(),
  title: z.string(),
  track: z.string(),
  minutes: z.int(),
  world: z.string(),
  teaches: z.string(),
  tags: z.array(z.string()).default([]),
});

const faultShape = z.enum([
  'drop',
  'refuse',
  'port-unreachable',
  'host-unreachable',
  'net-unreachable',
  'prohibited',
  'absent',
]);

const certificateShape = z.strictObject({
  subject: z.string(),
  issuer: z.string(),
  names: z.array(z.string()),
  notBefore: z.string(),
  notAfter: z.string(),
});

const tlsShape = z.strictObject({
  certificate: certificateShape.optional(),
  byName: z.record(z.string(), z.union([certificateShape, z.literal('reject')])).optional(),
  alpn: z.array(z.string()).optional(),
  version: z.enum(['TLSv1.2', 'TLSv1.3']).optional(),
  wantsClientCertificate: z.boolean().optional(),
});

const worldShape = z.strictObject({
  about: z.string(),
  extends: z.string().optional(),
  cluster: z.boolean().optional(),
  cilium: z.boolean().optional(),
  uptimeSeconds: z.int().optional(),
  nodes: z
    .array(
      z.strictObject({
        name: z.string(),
        address: z.string(),
        controlPlane: z.boolean(),
        podCidr: z.string(),
        labels: z.record(z.string(), z.string()).optional(),
      }),
    )
    .optional(),
  workstation: z
    .strictObject({
      address: z.string(),
      user: z.string(),
      hostname: z.string(),
      resolver: z
        .strictObject({
          nameservers: z.array(z.string()),
          search: z.array(z.string()).default([]),
          ndots: z.int().default(1),
        })
        .optional(),
      versions: z.record(z.string(), z.string()).optional(),
      files: z.record(z.string(), z.string()).optional(),
      env: z.record(z.string(), z.string()).optional(),
      gateway: z.string().optional(),
    })
    .optional(),
  routes: z.array(z.strictObject({ to: z.string(), how: faultShape })).optional(),
  outside: z
    .array(
      z.strictObject({
        name: z.string(),
        addresses: z.array(z.string()),
        names: z.array(z.string()).default([]),
        servers: z
          .array(
            z.strictObject({
              port: z.int(),
              protocol: z.enum(['TCP', 'UDP']).default('TCP'),
              image: z.string(),
              options: z.record(z.string(), z.json()).optional(),
              tls: tlsShape.optional(),
            }),
          )
          .default([]),
        faults: z.array(z.strictObject({ port: z.int().optional(), how: faultShape })).optional(),
        ssh: z.boolean().default(false),
      }),
    )
    .optional(),
  objects: z.array(z.string()).optional(),
});

/** Words a task's text may have (DESIGN.md). */
export const TASK_WORDS_MAX = 120;

/** Slugs of all labs among the files, in the order of their numbers. */
export function labSlugs(files: LabFiles): readonly string[] {
  const slugs = [...files.keys()]
    .map((path) => /^([^/_][^/]*)\/lab\.yaml$/.exec(path)?.[1])
    .filter((slug) => slug !== undefined);
  const number = (slug: string) => /number: *(\S+)/.exec(files.get(`${slug}/lab.yaml`) ?? '')?.[1] ?? slug;
  return slugs.sort((a, b) => (number(a) < number(b) ? -1 : 1));
}

/** The lab (slug or number), or the world of that name as a lab without tasks; undefined when there is neither. @throws LabError */
export function decodeLab(files: LabFiles, id: string): LabBundle | undefined {
  const slug = labSlugs(files).find((candidate) => candidate === id || numberOf(files, candidate) === id);
  if (slug !== undefined) return decodeSlug(files, slug);
  if (!/^[a-z0-9-]+$/.test(id) || !files.has(`_worlds/${id}/world.yaml`)) return undefined;
  const world = decodeWorld(files, id);
  return {
    slug: id,
    number: '',
    title: id,
    track: '',
    minutes: 0,
    teaches: '',
    tags: [],
    version: hashText(canonicalJson(world)),
    tasks: [],
    world,
  };
}

function numberOf(files: LabFiles, slug: string): string | undefined {
  return /^number: *(\S+)/m.exec(files.get(`${slug}/lab.yaml`) ?? '')?.[1];
}

function decodeSlug(files: LabFiles, slug: string): LabBundle {
  const lab = decodeYaml(labShape, `${slug}/lab.yaml`, files.get(`${slug}/lab.yaml`) ?? '');
  const world = decodeWorld(files, lab.world);
  const folders = [
    ...new Set([...files.keys()].map((path) => new RegExp(`^${slug}/(\\d\\d-[a-z0-9-]+)/`).exec(path)?.[1])),
  ]
    .filter((folder) => folder !== undefined)
    .sort();
  const tasks = folders.map((folder) => decodeTask(files, `${slug}/${folder}`));
  const { world: _, ...head } = lab;
  return { slug, ...head, version: labVersion(world, tasks), tasks, world };
}

/** A lab's version hashes its world, start files and checks, not its prose. */
function labVersion(world: Json, tasks: readonly TaskData[]): string {
  const checked = tasks.map(({ start, given, goal, hidden, did, guards, predict, answers }) => ({
    start,
    given,
    goal,
    hidden,
    did,
    guards,
    predict,
    answers: answers.map((answer) => answer.right),
  }));
  return hashText(canonicalJson({ world, checked }));
}

function decodeTask(files: LabFiles, folder: string): TaskData {
  const file = `${folder}/task.md`;
  const source = files.get(file);
  if (source === undefined) throw new LabError(file, 1, 'a task folder has a task.md');
  const parts = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(source);
  if (parts === null) throw new LabError(file, 1, 'a task begins with front matter between two lines of ---');
  const front = decodeYaml(taskShape, file, parts[1] ?? '', 1);
  const text = (parts[2] ?? '').trim();
  const words = text
    .replace(/```[\s\S]*?```/g, '')
    .split(/\s+/)
    .filter(Boolean).length;
  if (words > TASK_WORDS_MAX)
    throw new LabError(file, 1, `the text has ${words} words; at most ${TASK_WORDS_MAX} (code apart)`);
  const start: Record<string, string> = {};
  for (const [path, content] of files)
    if (path.startsWith(`${folder}/start/`)) start[path.slice(folder.length + 7)] = content;
  for (const given of front.given) {
    if (start[given.replace(/^start\//, '')] === undefined)
      throw new LabError(file, 1, `given: ${given} is no file of start/`);
  }
  const solution = files.get(`${folder}/solution.t`);
  return {
    id: folder.slice(folder.lastIndexOf('/') + 1),
    ...front,
    goal: front.goal.map(probeOf),
    hidden: front.hidden.map(probeOf),
    predict: front.predict.map(probeOf),
    did: front.did as TaskData['did'],
    guards: front.guards as TaskData['guards'],
    answers: front.answers as TaskData['answers'],
    wrong: front.wrong as TaskData['wrong'],
    given: front.given.map((given) => given.replace(/^start\//, '')),
    text,
    start,
    ...(solution === undefined ? {} : { solution }),
  };
}

function probeOf(raw: z.infer<typeof probeShape>): Probe {
  const { http, ...rest } = raw;
  if (http === undefined) return rest as Probe;
  if (typeof http !== 'string') return { ...rest, http } as Probe;
  const [method = 'GET', path = '/'] = http.split(' ');
  return { ...rest, http: { method, path } } as Probe;
}

function decodeWorld(files: LabFiles, name: string, depth = 0): Json {
  const file = `_worlds/${name}/world.yaml`;
  const source = files.get(file);
  if (source === undefined || depth > 5) throw new LabError(file, 1, `there is no world ${name}`);
  const world = decodeYaml(worldShape, file, source);
  const base =
    world.extends === undefined ? {} : (decodeWorld(files, world.extends, depth + 1) as Record<string, Json>);
  const own: Record<string, Json | undefined> = {
    name,
    hasCluster: world.cluster,
    hasCilium: world.cilium,
    uptimeSeconds: world.uptimeSeconds,
    nodes: world.nodes?.map(({ controlPlane, ...node }) => ({ ...node, isControlPlane: controlPlane })) as
      | Json
      | undefined,
    workstation: world.workstation as Json | undefined,
    routes: world.routes as Json | undefined,
    outside: world.outside?.map(({ ssh, ...host }) => ({ ...host, hasSsh: ssh })) as Json | undefined,
    objects: world.objects?.flatMap((path) => objectsOf(files, name, path)),
  };
  const internet: Record<string, string> = {};
  for (const [path, content] of files)
    if (path.startsWith('_worlds/_internet/')) internet[`https://${path.slice(18)}`] = content;
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Record<
    string,
    Json
  >;
  return { objects: [], ...base, ...given, internet };
}

/** The objects of a manifest: a file beside world.yaml, or a file of the virtual internet by its URL. */
function objectsOf(files: LabFiles, world: string, path: string): readonly Json[] {
  const file = path.startsWith('https://')
    ? `_worlds/_internet/${path.slice(8)}`
    : `_worlds/${world}/${path}`;
  const source = files.get(file);
  if (source === undefined) throw new LabError(`_worlds/${world}/world.yaml`, 1, `there is no file ${file}`);
  return (parseAllDocuments(source) as Document[])
    .map((document) => document.toJS() as Json)
    .filter((object) => object !== null);
}

function decodeYaml<T>(shape: z.ZodType<T>, file: string, source: string, firstLine = 0): T {
  const counter = new LineCounter();
  const document = parseDocument(source, { lineCounter: counter });
  const [fault] = document.errors;
  if (fault !== undefined)
    throw new LabError(
      file,
      counter.linePos(fault.pos[0]).line + firstLine,
      fault.message.split('\n')[0] ?? 'no YAML',
    );
  const result = shape.safeParse(document.toJS());
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const at = nodeOffset(document, path);
  throw new LabError(
    file,
    counter.linePos(at).line + firstLine,
    `${path.map(String).join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`,
  );
}

/** Where the node at `path` (or its nearest parent that exists) begins. */
function nodeOffset(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if ((isScalar(node) || isMap(node)) && node.range) return node.range[0];
  }
  return 0;
}
