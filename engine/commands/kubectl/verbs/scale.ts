import type { JsonObject } from '../../../base/json.ts';
import { findObjects, nameOf } from '../builder.ts';
import { mapAt, numberAt, textAt, listAt, objectAt } from '../client.ts';
import type { Command, Context } from '../context.ts';
import { dryRunSuffix } from '../context.ts';
import { groupVersion, pathOf } from '../discovery.ts';
import type { KubectlError } from '../errors.ts';
import { CommandError, kubectlErrorOf, PlainError, throwAll, usageError } from '../errors.ts';
import { flagTable } from '../flags.ts';
import { printerFor } from '../print/output.ts';
import { joinLabels } from '../pods.ts';
import { quoteGo } from '../text.ts';
import { overridden } from './run.ts';

/** `kubectl scale`. */
export const scaleCommand: Command = {
  name: 'scale',
  about: 'Set a new size for a deployment, replica set, or replication controller',
  usage:
    '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]',
  flags:
    flagTable(`all allow-missing-template-keys=true current-replicas:int=-1 dry-run:string=none?unchanged filename,f:strings kustomize,k:string output,o:string record
    recursive,R replicas:int=0 resource-version:string selector,l:string show-managed-fields template:string timeout:duration=0s`),
  required: ['replicas'],
  run: scale,
};

async function scale(context: Context): Promise<void> {
  const { flags } = context;
  const replicas = flags.int('replicas');
  if (replicas < 0)
    throw new CommandError(
      'The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0',
    );
  const dryRun = await context.dryRun();
  const { infos, errors } = await findObjects(context, context.args, {
    isAll: flags.bool('all'),
    selector: flags.text('selector'),
  });
  if (infos.length === 0 && errors.length > 0)
    throw new CommandError(`no objects passed to scale ${errors.map((error) => error.message).join(', ')}`);
  if (infos.length === 0) throw new CommandError('no objects passed to scale');
  const faults: KubectlError[] = [...errors];
  for (const info of infos) {
    try {
      const path = pathOf(info.resource, info.namespace, info.name, 'scale');
      const current = flags.int('current-replicas');
      const version = flags.text('resource-version');
      const own = textAt(info.object, 'metadata', 'resourceVersion');
      if (version !== '' && version !== own)
        throw new CommandError(`Expected resource version to be ${version}, was ${own}`);
      if (current >= 0) {
        const now = numberAt(context.client.get(path), 'spec', 'replicas');
        if (now !== current) throw new CommandError(`Expected replicas to be ${current}, was ${now}`);
      }
      if (dryRun !== 'client')
        context.client.patch(
          path,
          'merge',
          { spec: { replicas } },
          { dryRun: dryRun === 'server' ? 'All' : undefined },
        );
      if (dryRun === 'none' && flags.bool('record'))
        context.client.patch(pathOf(info.resource, info.namespace, info.name), 'merge', context.recorded({}));
      const printer = printerFor(context, { isGet: false });
      if (printer !== undefined)
        await context.out(
          printer.print(context.client.get(pathOf(info.resource, info.namespace, info.name)), info.resource),
        );
      else await context.out(`${nameOf(info)} scaled${dryRunSuffix(dryRun)}\n`);
    } catch (error) {
      faults.push(kubectlErrorOf(error));
    }
  }
  throwAll(faults);
}

/** `kubectl autoscale`. */
export const autoscaleCommand: Command = {
  name: 'autoscale',
  about: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
  usage: '(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU] [options]',
  flags:
    flagTable(`allow-missing-template-keys=true cpu-percent:int=-1 dry-run:string=none?unchanged field-manager:string=kubectl-autoscale filename,f:strings
    kustomize,k:string max:int=-1 min:int=-1 name:string output,o:string recursive,R save-config show-managed-fields template:string`),
  required: ['max'],
  run: autoscale,
};

async function autoscale(context: Context): Promise<void> {
  const { flags } = context;
  const [min, max, cpu] = [flags.int('min'), flags.int('max'), flags.int('cpu-percent')];
  if (max < 1) throw new CommandError(`--max=MAXPODS is required and must be at least 1, max: ${max}`);
  if (max < min)
    throw new CommandError(
      `--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`,
    );
  const dryRun = await context.dryRun();
  const { infos, errors } = await findObjects(context, context.args, {});
  throwAll(errors);
  for (const info of infos) {
    const name = flags.text('name') || info.name;
    if (!info.resource.subresources.includes('scale'))
      throw new CommandError(
        `cannot autoscale a ${info.resource.kind}: could not find scale subresource for ${info.resource.group}/${info.resource.version}, Resource=${info.resource.plural} in discovery information`,
      );
    const hpa: JsonObject = {
      kind: 'HorizontalPodAutoscaler',
      apiVersion: 'autoscaling/v1',
      metadata: {
        name,
        creationTimestamp: null,
        ...(dryRun === 'client' ? {} : { namespace: info.namespace }),
      },
      spec: {
        scaleTargetRef: {
          kind: info.resource.kind,
          name: info.name,
          apiVersion: groupVersion(info.resource),
        },
        ...(min > 0 ? { minReplicas: min } : {}),
        maxReplicas: max,
        ...(cpu >= 0 ? { targetCPUUtilizationPercentage: cpu } : {}),
      },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    };
    const resource = context.discovery.need('horizontalpodautoscalers.v1.autoscaling');
    const made =
      dryRun === 'client'
        ? hpa
        : context.client.post(pathOf(resource, info.namespace), hpa, {
            dryRun: dryRun === 'server' ? 'All' : undefined,
            fieldManager: flags.text('field-manager'),
          });
    const printer = printerFor(context, { isGet: false, keepOrder: true });
    if (printer !== undefined) await context.out(printer.print(made, resource));
    else await context.out(`horizontalpodautoscaler.autoscaling/${name} autoscaled${dryRunSuffix(dryRun)}\n`);
  }
}

/** `kubectl expose`. */
export const exposeCommand: Command = {
  name: 'expose',
  about:
    'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
  usage:
    '(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]',
  flags:
    flagTable(`allow-missing-template-keys=true cluster-ip:string dry-run:string=none?unchanged external-ip:string field-manager:string=kubectl-expose filename,f:strings
    kustomize,k:string labels,l:string load-balancer-ip:string name:string output,o:string override-type:string=merge overrides:string port:string protocol:string
    recursive,R save-config selector:string session-affinity:string show-managed-fields target-port:string template:string type:string`),
  run: expose,
};

const SERVICE_TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

async function expose(context: Context): Promise<void> {
  const { flags } = context;
  const dryRun = await context.dryRun();
  const { infos, errors } = await findObjects(context, context.args, {});
  throwAll(errors);
  const [info] = infos;
  if (info === undefined) throw usageError(context.path, 'no resource given');
  const type = flags.text('type');
  const selector =
    flags.text('selector') === ''
      ? selectorOf(info.object, info.resource.kind)
      : pairs(flags.text('selector'));
  if (selector === undefined)
    throw new CommandError(
      `cannot expose a ${info.resource.kind}${info.resource.group === '' ? '' : `.${info.resource.group}`}`,
    );
  if (Object.keys(selector).length === 0)
    throw new CommandError(
      "couldn't retrieve selectors via --selector flag or introspection: the " +
        (info.resource.kind === 'Service' ? 'service' : info.resource.kind.toLowerCase()) +
        ' has no labels and cannot be exposed'.replace('the service', 'the service'),
    );
  const ports = portsOf(context, info.object);
  if (type !== '' && !SERVICE_TYPES.includes(type))
    throw new PlainError(
      `The Service ${quoteGo(flags.text('name') || info.name)} is invalid: spec.type: Unsupported value: ${quoteGo(type)}: supported values: ${SERVICE_TYPES.map(quoteGo).join(', ')}`,
    );
  const name = (flags.text('name') || info.name).slice(0, 63);
  const labels =
    flags.text('labels') === '' ? mapAt(info.object, 'metadata', 'labels') : pairs(flags.text('labels'));
  const service = overridden(context, {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: {
      name,
      creationTimestamp: null,
      ...(dryRun === 'client' && !context.target.isNamespaceExplicit ? {} : { namespace: info.namespace }),
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
    },
    spec: {
      ports,
      selector,
      ...(flags.text('cluster-ip') === '' ? {} : { clusterIP: flags.text('cluster-ip') }),
      ...(type === '' ? {} : { type }),
      ...(flags.text('external-ip') === '' ? {} : { externalIPs: [flags.text('external-ip')] }),
      ...(flags.text('session-affinity') === '' ? {} : { sessionAffinity: flags.text('session-affinity') }),
      ...(flags.text('load-balancer-ip') === '' ? {} : { loadBalancerIP: flags.text('load-balancer-ip') }),
    },
    status: { loadBalancer: {} },
  });
  const services = context.discovery.need('services');
  const made =
    dryRun === 'client'
      ? service
      : context.client.post(pathOf(services, info.namespace), service, {
          dryRun: dryRun === 'server' ? 'All' : undefined,
          fieldManager: flags.text('field-manager'),
        });
  const printer = printerFor(context, { isGet: false });
  if (printer !== undefined) return context.out(printer.print(made, services));
  await context.out(`service/${name} exposed${dryRunSuffix(dryRun)}\n`);
}

function pairs(text: string): Record<string, string> {
  return Object.fromEntries(text.split(',').map((pair) => pair.split(/==?/)));
}

function selectorOf(object: JsonObject, kind: string): Readonly<Record<string, string>> | undefined {
  if (kind === 'Pod') {
    const labels = mapAt(object, 'metadata', 'labels');
    if (Object.keys(labels).length === 0)
      throw new CommandError(
        "couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed",
      );
    return labels;
  }
  if (kind === 'Service' || kind === 'ReplicationController') {
    const selector = mapAt(object, 'spec', 'selector');
    if (Object.keys(selector).length === 0)
      throw new CommandError(
        `couldn't retrieve selectors via --selector flag or introspection: the ${kind === 'Service' ? 'service' : 'replication controller'} has no pod selector set`,
      );
    return selector;
  }
  if (kind === 'Deployment' || kind === 'ReplicaSet') {
    if (listAt(object, 'spec', 'selector', 'matchExpressions').length > 0)
      throw new CommandError(
        `couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - ${quoteGo(joinLabels(mapAt(object, 'spec', 'selector', 'matchLabels')))} to map-based selector format`,
      );
    return mapAt(object, 'spec', 'selector', 'matchLabels');
  }
  return undefined;
}

function containerPorts(object: JsonObject): readonly { readonly port: number; readonly protocol: string }[] {
  const spec = objectAt(object, 'spec', 'template', 'spec');
  const containers =
    Object.keys(spec).length > 0 ? listAt(spec, 'containers') : listAt(object, 'spec', 'containers');
  if (containers.length === 0)
    return listAt(object, 'spec', 'ports').map((one) => ({
      port: numberAt(one, 'port'),
      protocol: textAt(one, 'protocol') || 'TCP',
    }));
  return containers.flatMap((container) =>
    listAt(container, 'ports').map((one) => ({
      port: numberAt(one, 'containerPort'),
      protocol: textAt(one, 'protocol') || 'TCP',
    })),
  );
}

function portsOf(context: Context, object: JsonObject): JsonObject[] {
  const { flags } = context;
  const known = containerPorts(object);
  const numbers =
    flags.text('port') === '' ? known.map((one) => String(one.port)) : flags.text('port').split(',');
  if (numbers.length === 0) throw new CommandError("couldn't find port via --port flag or introspection");
  return numbers.map((text, index) => {
    if (!/^-?\d+$/.test(text))
      throw new CommandError(`strconv.Atoi: parsing ${quoteGo(text)}: invalid syntax`);
    const port = Number(text);
    const protocol = flags.text('protocol') || known.find((one) => one.port === port)?.protocol || 'TCP';
    const target = flags.text('target-port');
    return {
      ...(numbers.length > 1 ? { name: `port-${index + 1}` } : {}),
      protocol,
      port,
      targetPort: target === '' ? port : /^\d+$/.test(target) ? Number(target) : target,
    };
  });
}
