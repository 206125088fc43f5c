// kubectl and its completion, one chunk.
export { kubectlCompleter } from '../kubectl/completion.ts';
export { kubectlProgram } from '../kubectl/kubectl.ts';
