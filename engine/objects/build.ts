import type { JsonObject } from '../base/json.ts';

/** What the API server and kubectl say of the build that they are. */
export const BUILD: JsonObject = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.13',
  gitCommit: '$Format:%H$',
  gitTreeState: 'clean',
  buildDate: '2025-01-01T00:00:00Z',
  goVersion: 'go1.26.8',
  compiler: 'gc',
  platform: 'linux/amd64',
};
