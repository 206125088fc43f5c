import type { ContainerFate, ImageCatalog, ImageRecord, ProbeFailure } from '../controllers/context.ts';
import { PROBE_ERROR } from '../controllers/context.ts';
import type { ContainerSpec, Pod, ProbeSpec } from '../objects/views.ts';
import type { DataPlane } from '../dataplane/dataplane.ts';
import { commandOf, lookup } from '../images/catalog.ts';
import { hashText } from '../base/hash.ts';
import { keyOf } from '../objects/views.ts';
import { PRELOADED } from './boot-nodes.ts';

/** The container runtime of all nodes, as the kubelets see it: facts from the catalogue of images, probes through the data plane. */
export class Runtime implements ImageCatalog {
  readonly #dataplane: () => DataPlane;
  readonly #isUp: (pod: Pod, container: ContainerSpec) => boolean;
  readonly #environment:
    | ((pod: Pod, container: ContainerSpec) => Readonly<Record<string, string>>)
    | undefined;

  /** `isUp` is false for a container whose program waits for something before it opens its ports. */
  constructor(
    dataplane: () => DataPlane,
    isUp: (pod: Pod, container: ContainerSpec) => boolean,
    environment?: (pod: Pod, container: ContainerSpec) => Readonly<Record<string, string>>,
  ) {
    this.#environment = environment;
    this.#dataplane = dataplane;
    this.#isUp = isUp;
  }

  lookup(image: string): ImageRecord | undefined {
    const facts = lookup(image);
    const preloaded = PRELOADED.find(([name]) => name === image);
    const name = facts?.name ?? preloaded?.[0];
    if (name === undefined) return undefined;
    const digest = hashText(name) + hashText(`${name}/2`) + hashText(`${name}/3`) + hashText(`${name}/4`);
    const sizeBytes = preloaded?.[1] ?? 4_000_000 + (Number.parseInt(digest.slice(0, 8), 16) % 90_000_000);
    return { name, digest, sizeBytes, pullMs: facts?.pullMs ?? 1500 };
  }

  fate(pod: Pod, container: ContainerSpec): ContainerFate {
    const facts = lookup(container.image);
    if (facts === undefined) return {};
    const command = commandOf(facts, container);
    const life = facts.lifetime(command, this.#environment?.(pod, container));
    if (life.kind === 'cannot-start') return { startError: life.message };
    // With an open standard input a shell waits for somebody to type.
    if (life.kind === 'forever' || (container.stdin === true && isInteractive(command))) {
      // A shell or a sleep as the first process does not hear SIGTERM and is killed.
      return /^(ba|da|a)?sh$|^(sleep|tail)$/.test(nameOf(command)) ? { isDeaf: true } : { stopCode: 0 };
    }
    return { endsAfterMs: life.afterMs + 150, exitCode: life.exitCode };
  }

  probe(pod: Pod, container: ContainerSpec, probe: ProbeSpec): ProbeFailure {
    if (probe.exec !== undefined) return this.#execute(pod, container, probe);
    const port = portNumber(container, probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port);
    const host = `${probe.httpGet?.host ?? pod.status?.podIP}:${port}`;
    const path = probe.httpGet === undefined ? undefined : (probe.httpGet.path ?? '/');
    const answer = this.#isUp(pod, container)
      ? this.#dataplane().probePod(keyOf(pod), { port, ...(path === undefined ? {} : { path }) })
      : 'refused';
    const url = `Get "${(probe.httpGet?.scheme ?? 'HTTP').toLowerCase()}://${host}${path ?? ''}": `;
    const prefix = path === undefined ? '' : url;
    if (answer === 'open') return undefined;
    if (answer === 'refused') return `${prefix}dial tcp ${host}: connect: connection refused`;
    if (answer === 'timeout')
      return path === undefined
        ? `dial tcp ${host}: i/o timeout`
        : `${url}context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
    return answer.status < 400 ? undefined : `HTTP probe failed with statuscode: ${answer.status}`;
  }

  isSteady(pod: Pod, container: ContainerSpec, probe: ProbeSpec): boolean {
    if (probe.exec !== undefined) return false;
    const port = portNumber(container, probe.httpGet?.port ?? probe.tcpSocket?.port ?? probe.grpc?.port);
    return probe.httpGet === undefined || this.#dataplane().isSteady(keyOf(pod), port);
  }

  /** A command that a probe runs inside. One that this world does not know is taken to succeed. */
  #execute(pod: Pod, container: ContainerSpec, probe: ProbeSpec): ProbeFailure {
    const command = probe.exec?.command ?? [];
    const programs = lookup(container.image)?.programs ?? [];
    const name = command[0] ?? '';
    if (!programs.includes(nameOf(command))) {
      const why = name.includes('/')
        ? `exec: ${JSON.stringify(name)}: stat ${name}: no such file or directory`
        : `exec: ${JSON.stringify(name)}: executable file not found in $PATH`;
      return `${PROBE_ERROR}rpc error: code = Unknown desc = failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start container process: ${why}: unknown`;
    }
    const result = this.#dataplane().tryCommand(keyOf(pod), container.name, command);
    if (result === undefined) return undefined;
    const limit = probe.timeoutSeconds ?? 1;
    if (result.waitMs > limit * 1000)
      return `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${limit}s`;
    return result.code === 0 ? undefined : result.out;
  }
}

/** The name of a command's program without its folder. */
function nameOf(command: readonly string[]): string {
  return (command[0] ?? '').split('/').at(-1) ?? '';
}

/** True for a command that reads a terminal: a shell without a script. */
function isInteractive(command: readonly string[]): boolean {
  return /^(ba|da|a)?sh$/.test(nameOf(command)) && !command.includes('-c');
}

function portNumber(container: ContainerSpec, port: number | string | undefined): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find((one) => one.name === port);
  return named?.containerPort ?? Number(port ?? 0);
}
