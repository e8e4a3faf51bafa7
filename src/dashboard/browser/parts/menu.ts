/** A button that opens a sheet below it. What is on the sheet is made when it is opened: a page may have hundreds of them. */
import { type ComponentChildren, h, type JSX } from 'preact';
import { useState } from 'preact/hooks';

interface Props {
  readonly label: string;
  /** For those who hear it alone; begins with what is seen. */
  readonly spoken?: string;
  readonly sheet: () => ComponentChildren;
}

export const Menu = ({ label, spoken = label, sheet }: Props): JSX.Element => {
  const [isOpen, setOpen] = useState(false);
  return h(
    'details',
    {
      class: 'menu',
      open: isOpen,
      onToggle: (event: Event) => event.currentTarget instanceof HTMLDetailsElement && setOpen(event.currentTarget.open),
    },
    h('summary', { class: 'button', 'aria-label': spoken }, label),
    isOpen ? sheet() : null,
  );
};
