import type { ContainerFate, ImageCatalog, ImageRecord, ProbeFailure } from '../controllers/context.ts';
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

  /** `isUp` is false for a container whose program waits for something before it opens its ports. */
  constructor(dataplane: () => DataPlane, isUp: (pod: Pod, container: ContainerSpec) => boolean) {
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

  fate(_pod: Pod, container: ContainerSpec): ContainerFate {
    const facts = lookup(container.image);
    if (facts === undefined) return {};
    const command = commandOf(facts, container);
    const life = facts.lifetime(command);
    if (life.kind === 'cannot-start') return { startError: life.message };
    // With an open standard input a shell waits for somebody to type.
    if (life.kind === 'forever' || (container.stdin === true && isInteractive(command))) return {};
    return { endsAfterMs: life.afterMs + 150, exitCode: life.exitCode };
  }

  probe(pod: Pod, container: ContainerSpec, probe: ProbeSpec): ProbeFailure {
    if (probe.exec !== undefined || probe.grpc !== undefined) return undefined;
    const port = portNumber(container, probe.httpGet?.port ?? probe.tcpSocket?.port);
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
}

/** True for a command that reads a terminal: a shell without a script. */
function isInteractive(command: readonly string[]): boolean {
  const name = (command[0] ?? '').split('/').at(-1) ?? '';
  return /^(ba|da|a)?sh$/.test(name) && !command.includes('-c');
}

function portNumber(container: ContainerSpec, port: number | string | undefined): number {
  if (typeof port === 'number') return port;
  const named = (container.ports ?? []).find((one) => one.name === port);
  return named?.containerPort ?? Number(port ?? 0);
}
