/** Light and dark: the theme of the system, or the one that the visitor chose. */
import { Store } from './store.ts';

export type Theme = 'light' | 'dark';

const key = 'cifar10-theme';
const darkSystem = matchMedia('(prefers-color-scheme: dark)');
export const theme = new Store<Theme>(stored() ?? ofSystem());

darkSystem.addEventListener('change', () => theme.set(stored() ?? ofSystem()));
theme.subscribe(apply);
apply();

export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  try {
    localStorage.setItem(key, next);
  } catch {
    // Without storage, the choice lasts until the page is closed.
  }
  theme.set(next);
}

function ofSystem(): Theme {
  return darkSystem.matches ? 'dark' : 'light';
}

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    return undefined;
  }
}

function apply(): void {
  document.documentElement.dataset['theme'] = theme.value;
}

const colors = new Map<string, string>();
theme.subscribe(() => colors.clear());

/** Returns a color of the style sheet, such as `--line`, as a value that a canvas takes. */
export function cssColor(name: string): string {
  const known = colors.get(name);
  if (known !== undefined) return known;
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colors.set(name, color);
  return color;
}
