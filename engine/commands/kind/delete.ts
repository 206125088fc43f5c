import type { Run } from './kind.ts';
import { KindError } from './progress.ts';
import { nameOf } from './get.ts';
import { quoteGo } from '../kubectl/text.ts';
import { removeCluster } from './create.ts';

/** `kind delete cluster`: one that is gone already is fine. */
export const deleteCluster: Run = async ({ process, host, progress, line }) => {
  const name = nameOf(process, line);
  await progress.log(`Deleting cluster ${quoteGo(name)} ...`);
  await process.sys.sleep(120);
  try {
    await removeCluster(process, host, progress, name, line.values.get('kubeconfig') ?? '');
  } catch (error) {
    if (!(error instanceof KindError)) throw error;
    throw new KindError(`failed to delete cluster ${quoteGo(name)}: ${error.message}`, error.output);
  }
  return 0;
};

/** `kind delete clusters NAME…` or `--all`. */
export const deleteClusters: Run = async ({ process, host, progress, line }) => {
  const isAll = line.values.get('all') === 'true';
  if (!isAll && line.args.length === 0) throw new KindError('no cluster names provided');
  await process.sys.sleep(120);
  const gone: string[] = [];
  for (const name of isAll ? host.names() : line.args) {
    try {
      await removeCluster(process, host, progress, name, line.values.get('kubeconfig') ?? '');
      gone.push(quoteGo(name));
    } catch (error) {
      if (!(error instanceof KindError)) throw error;
      await progress.log(`failed to delete cluster ${quoteGo(name)}: ${error.message}\n`);
    }
  }
  await progress.log(`Deleted clusters: [${gone.join(' ')}]`);
  return 0;
};
