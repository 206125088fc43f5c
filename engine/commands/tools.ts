// Every tool, as one chunk: they share printers, readers of options and the client's side of the network, and one large chunk
// compresses better than many small ones.
export { ciliumDbgProgram } from './cilium/cilium-dbg.ts';
export { ciliumProgram } from './cilium/cilium.ts';
export { coreutilPrograms } from './coreutils/table.ts';
export { helmProgram } from './helm/helm.ts';
export { hubbleProgram } from './hubble/hubble.ts';
export { jq } from './jq/jq.ts';
export { yq } from './jq/yq.ts';
export { kindProgram } from './kind/kind.ts';
export { kubectlCompleter } from './kubectl/completion.ts';
export { kubectlProgram } from './kubectl/kubectl.ts';
export { netPrograms } from './net/programs.ts';
export { shellSocket } from './net/shell-socket.ts';
export { browse } from './net/browse.ts';
