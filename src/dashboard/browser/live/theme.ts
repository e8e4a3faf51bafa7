/** As the system says, or as somebody chose on this browser. */
import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'kiln.theme';
const ORDER: Readonly<Record<Theme, Theme>> = { system: 'dark', dark: 'light', light: 'system' };

const kept = localStorage.getItem(KEY);
export const theme = signal<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system');

export const nextTheme = (): void => {
  theme.value = ORDER[theme.value];
};

export const startTheme = (): void => {
  effect(() => {
    localStorage.setItem(KEY, theme.value);
    if (theme.value === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme.value;
  });
};
