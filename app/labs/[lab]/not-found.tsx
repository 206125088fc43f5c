import type { JSX } from 'react';
import { MessagePage } from '../../_ui/message-page.tsx';

export const metadata = { title: 'No such lab' };

/** What the address of a lab or task gets that does not exist. */
export default function LabNotFound(): JSX.Element {
  return (
    <MessagePage title="There is no such lab">
      This address names a lab or a task that is not in the curriculum. It may have moved; the list has all
      there are.
    </MessagePage>
  );
}
