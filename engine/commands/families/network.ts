// The network tools and bash's `/dev/tcp`, one chunk: they share the client's side of the network.
export { netPrograms } from '../net/programs.ts';
export { shellSocket } from '../net/shell-socket.ts';
