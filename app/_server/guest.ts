import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { environment } from './env.ts';

/** Who asks. A guest is known by a cookie alone; `isNew` when the cookie still has to be set. */
export type Visitor = { readonly learner: string; readonly isNew: boolean };

const COOKIE = 'ringfence_guest';

/** As long as browsers keep a cookie at all: 400 days, in seconds. */
const MAX_AGE = 34_560_000;

function signatureOf(learner: string): string {
  return createHmac('sha256', environment().secret).update(`guest:${learner}`).digest('base64url');
}

/** The learner whose cookie came along; undefined for a visitor, and for a cookie that we did not sign. */
export function learnerOf(request: Request): string | undefined {
  const cookies = (request.headers.get('cookie') ?? '').split(/;\s*/);
  for (const cookie of cookies) {
    const match = cookie.match(/^ringfence_guest=([0-9a-f]{32})\.([\w-]{43})$/);
    if (match === null) continue;
    const [, learner = '', signature = ''] = match;
    if (timingSafeEqual(Buffer.from(signature), Buffer.from(signatureOf(learner)))) return learner;
  }
  return undefined;
}

/** The learner who asks, or a new guest, who exists once something of theirs is kept. */
export function visitorOf(request: Request): Visitor {
  const learner = learnerOf(request);
  return learner === undefined
    ? { learner: randomBytes(16).toString('hex'), isNew: true }
    : { learner, isNew: false };
}

/** The header that makes a browser remember a guest. Not `Secure` over plain http: a workshop's LAN has no certificate. */
export function cookieFor(learner: string, request: Request): Readonly<Record<string, string>> {
  const scheme = request.headers.get('x-forwarded-proto') ?? new URL(request.url).protocol;
  const secure = scheme.startsWith('https') ? '; Secure' : '';
  return {
    'set-cookie': `${COOKIE}=${learner}.${signatureOf(learner)}; Path=/; Max-Age=${MAX_AGE}; HttpOnly; SameSite=Lax${secure}`,
  };
}
