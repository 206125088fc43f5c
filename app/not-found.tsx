import type { JSX } from 'react';
import { MessagePage } from './_ui/message-page.tsx';

export const metadata = { title: 'Not found' };

/** What a wrong address gets. */
export default function NotFound(): JSX.Element {
  return (
    <MessagePage title="There is no such page">
      No lab and no page lives at this address. It may have been renamed, or a letter went missing on the way.
    </MessagePage>
  );
}
