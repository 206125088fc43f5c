import { type NextRequest, NextResponse } from 'next/server';

/** Gives each page a fresh nonce and a policy that allows no script, style or connection from elsewhere. */
export function proxy(request: NextRequest): NextResponse {
  const nonce = btoa(crypto.getRandomValues(new Uint8Array(16)).join('.'));
  const isDevelopment = process.env.NODE_ENV !== 'production';
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${isDevelopment ? " 'unsafe-eval'" : ''}`,
    // xterm, Monaco and React set styles from script.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    // The browser pane's frame holds its document itself; that it leads nowhere is how its links are heard.
    "frame-src 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const headers = new Headers(request.headers);
  headers.set('x-nonce', nonce);
  headers.set('content-security-policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('content-security-policy', policy);
  response.headers.set('x-content-type-options', 'nosniff');
  response.headers.set('referrer-policy', 'same-origin');
  return response;
}

export const config = {
  matcher: [
    {
      source: '/((?!api|_next/static|_next/image|favicon.ico|icon.svg|mockServiceWorker.js).*)',
      missing: [{ type: 'header', key: 'next-router-prefetch' }],
    },
  ],
};
