import type { Metadata, Viewport } from 'next';
import { cookies, headers } from 'next/headers';
import type { JSX, ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: { default: 'Ringfence', template: '%s · Ringfence' },
  description:
    'Learn Kubernetes and Cilium network policy by doing, in a virtual cluster that starts at once.',
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  interactiveWidget: 'resizes-content',
};

/** Every page. Reading the headers makes pages dynamic, so that scripts carry the nonce of their own response. */
export default async function RootLayout({ children }: { children: ReactNode }): Promise<JSX.Element> {
  await headers();
  const theme = (await cookies()).get('theme')?.value;
  const chosen = theme === 'light' || theme === 'dark' ? { 'data-theme': theme } : {};
  return (
    <html lang="en" {...chosen} suppressHydrationWarning>
      <body className="font-sans text-[15px] leading-6 antialiased">{children}</body>
    </html>
  );
}
