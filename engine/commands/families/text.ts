// The text tools, one chunk: they share their readers of options, expressions and dates.
export { coreutilPrograms } from '../coreutils/table.ts';
export { jq } from '../jq/jq.ts';
export { yq } from '../jq/yq.ts';
