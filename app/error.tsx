'use client';

import type { JSX } from 'react';
import { Button } from './_ui/button.tsx';
import { MessagePage } from './_ui/message-page.tsx';

/** What a page shows that broke. The learner's journal is kept in the browser all the same. */
export default function ErrorPage({ reset }: { error: Error; reset: () => void }): JSX.Element {
  return (
    <MessagePage title="This page broke" actions={<Button onClick={reset}>Try again</Button>}>
      That is our mistake, not yours. What you have typed is kept in this browser and comes back with the lab.
    </MessagePage>
  );
}
