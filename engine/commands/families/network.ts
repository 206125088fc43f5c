// The network tools, the browser pane's requests and bash's `/dev/tcp`, one chunk: they share the client's side of the network.
export { browse } from '../net/browse.ts';
export { netPrograms } from '../net/programs.ts';
export { shellSocket } from '../net/shell-socket.ts';
