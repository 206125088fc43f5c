import type { ButtonHTMLAttributes, JSX, Ref } from 'react';
import { classes } from './classes.ts';

type Look = 'plain' | 'quiet' | 'main';

const LOOKS: Record<Look, string> = {
  plain: 'border border-line bg-panel text-ink hover:border-strong-line',
  quiet: 'text-muted hover:bg-sunken hover:text-ink',
  main: 'bg-accent text-on-accent hover:opacity-90',
};

/** A button of the house; `look` says how loud it is. */
export function Button({
  look = 'plain',
  className,
  ...rest
}: ButtonHTMLAttributes<HTMLButtonElement> & { look?: Look; ref?: Ref<HTMLButtonElement> }): JSX.Element {
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        'inline-flex cursor-pointer items-center justify-center gap-1.5 rounded-md px-2.5 py-1 text-[13px] leading-5 whitespace-nowrap',
        'disabled:cursor-default disabled:opacity-40',
        LOOKS[look],
        className,
      )}
    />
  );
}
