import { describe, expect, it } from 'vitest';
import { redacted } from './redact.ts';

describe('what Hubble hides of HTTP', () => {
  const http = {
    method: 'GET',
    url: 'http://shop/basket?token=secret#top',
    protocol: 'HTTP/1.1',
    headers: [
      { key: 'Accept', value: '*/*' },
      { key: 'X-Api-Key', value: 'secret' },
    ],
  };
  const nothing = { hidesQuery: false, allow: [], deny: [] };

  it('is nothing unless asked for', () => {
    expect(redacted(http, nothing)).toEqual(http);
  });

  it('is the query with its fragment', () => {
    expect(redacted(http, { ...nothing, hidesQuery: true }).url).toBe('http://shop/basket');
  });

  it('is every header that is not allowed, or those that are denied', () => {
    const hidden = { key: 'X-Api-Key', value: 'HUBBLE_REDACTED' };
    expect(redacted(http, { ...nothing, allow: ['accept'] }).headers).toEqual([http.headers[0], hidden]);
    expect(redacted(http, { ...nothing, deny: ['x-api-key'] }).headers).toEqual([http.headers[0], hidden]);
  });
});
