import type { ContainerHost } from '../ports.ts';
import type { Run } from './kind.ts';
import { hashText } from '../../base/hash.ts';
import { absolutePath } from '../kubectl/paths.ts';
import { KindError } from './progress.ts';
import { nameOf } from './get.ts';
import { quoteGo } from '../kubectl/text.ts';

/** `kind load docker-image`: the workstation has node images and nothing else. */
export const loadImage: Run = async ({ process, host, progress, line }) => {
  await process.sys.sleep(70);
  const images = [...new Set(line.args)];
  for (const image of images)
    if (!host.hasImage(image)) throw new KindError(`image: ${quoteGo(image)} not present locally`);
  const nodes = nodesOf(host, nameOf(process, line), line.values.get('nodes') ?? '', quoteGo);
  for (const image of images)
    for (const node of nodes)
      await progress.log(
        `Image: ${quoteGo(image)} with ID "sha256:${imageId(image)}" not yet present on node ${quoteGo(node.name)}, loading...`,
      );
  await process.sys.sleep(9_000);
  return 0;
};

/** 64 hex digits that follow from the image. */
function imageId(image: string): string {
  return [0, 1, 2, 3].map((part) => hashText(`${image}/${part}`)).join('');
}

/** `kind load image-archive`: no file of the virtual world is an image archive. */
export const loadArchive: Run = async ({ process, host, progress, line }) => {
  if (line.args.length > 1)
    await progress.log(
      'It is suggested that you save multiple images into a common archive and load that instead of loading multiple archives for better performance',
    );
  for (const path of line.args)
    if (process.machine.files.stat(absolutePath(process.cwd, path)) === undefined)
      throw new KindError(`stat ${path}: no such file or directory`);
  const [node] = nodesOf(host, nameOf(process, line), line.values.get('nodes') ?? '', (name) => name);
  await process.sys.sleep(600);
  throw new KindError(
    `failed to load image: command "docker exec --privileged -i ${node?.name} ctr --namespace=k8s.io images import --all-platforms --digests --snapshotter=overlayfs -" failed with error: exit status 1`,
    'ctr: unrecognized image format',
  );
};

function nodesOf(
  host: ContainerHost,
  cluster: string,
  wanted: string,
  quote: (name: string) => string,
): readonly { readonly name: string }[] {
  const nodes = host.nodes(cluster).filter((node) => node.role !== 'external-load-balancer');
  if (nodes.length === 0) throw new KindError(`no nodes found for cluster ${quoteGo(cluster)}`);
  if (wanted === '') return nodes;
  return wanted.split(',').map((name) => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new KindError(`unknown node: ${quote(name)}`);
    return node;
  });
}
