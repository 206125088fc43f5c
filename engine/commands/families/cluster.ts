// What makes a cluster and looks into its network, one chunk: they share charts, flags and the printers of flows.
export { ciliumDbgProgram } from '../cilium/cilium-dbg.ts';
export { ciliumProgram } from '../cilium/cilium.ts';
export { helmProgram } from '../helm/helm.ts';
export { hubbleProgram } from '../hubble/hubble.ts';
export { kindProgram } from '../kind/kind.ts';
