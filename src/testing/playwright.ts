/** The parts of playwright-core that tests use. It controls the Chromium of the system, and is installed with what builds the page. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './projects.ts';

export const pageFolder: string = join(root, 'web', 'dist');
export const fromPage: NodeJS.Require = createRequire(join(root, 'web', 'package.json'));

const chromium = ['chromium', 'chromium-browser', 'google-chrome']
  .map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout?.trim())
  .find((path) => path);

/** Why tests in a browser are skipped, or false if they can run. */
export const withoutPage: string | false = whyNot();

function whyNot(): string | false {
  if (chromium === undefined) return 'Chromium is not installed';
  const installed = join(root, 'web', 'node_modules', 'playwright-core');
  if (!existsSync(installed) || !existsSync(join(pageFolder, 'index.html')))
    return 'run `npm run build` first';
  return false;
}

/** Starts headless Chromium. It finds its own Vulkan driver, SwiftShader, only if the environment names no other one. */
export function launch(args: readonly string[]): Promise<Browser> {
  const playwright = fromPage('playwright-core') as Playwright;
  const { VK_DRIVER_FILES: _, VK_ICD_FILENAMES: __, ...env } = process.env;
  return playwright.chromium.launch({ executablePath: chromium ?? '', args, env });
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      executablePath: string;
      args: readonly string[];
      env: Readonly<Record<string, string | undefined>>;
    }): Promise<Browser>;
  };
}
interface Browser {
  newPage(options: Viewing): Promise<Page>;
  close(): Promise<void>;
}
export interface Viewing {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  readonly reducedMotion?: 'reduce' | 'no-preference';
  readonly permissions?: readonly string[];
}
export interface Locator {
  click(): Promise<void>;
  fill(text: string): Promise<void>;
  focus(): Promise<void>;
  selectOption(value: string): Promise<unknown>;
  count(): Promise<number>;
  first(): Locator;
  last(): Locator;
  nth(index: number): Locator;
  locator(selector: string): Locator;
  getByRole(role: string, options?: { name?: string | RegExp; exact?: boolean }): Locator;
  getByText(text: string | RegExp): Locator;
  textContent(): Promise<string | null>;
  inputValue(): Promise<string>;
  allTextContents(): Promise<string[]>;
  getAttribute(name: string): Promise<string | null>;
  boundingBox(): Promise<Box | null>;
  scrollIntoViewIfNeeded(): Promise<void>;
  waitFor(options?: { timeout?: number; state?: 'visible' | 'hidden' }): Promise<void>;
  setInputFiles(files: string | readonly string[]): Promise<void>;
  screenshot(options: { path?: string; mask?: readonly Locator[] }): Promise<Uint8Array>;
}
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
export interface Page {
  goto(address: string): Promise<unknown>;
  reload(): Promise<unknown>;
  /** Runs a script in every page that is opened from now on, before its own scripts. */
  addInitScript(script: { readonly content: string }): Promise<unknown>;
  locator(selector: string): Locator;
  getByRole(role: string, options?: { name?: string | RegExp; exact?: boolean }): Locator;
  getByText(text: string | RegExp): Locator;
  /** Evaluates an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  waitForTimeout(millis: number): Promise<void>;
  waitForEvent(event: 'download'): Promise<{ saveAs(path: string): Promise<void> }>;
  waitForEvent(event: 'filechooser'): Promise<{ setFiles(files: string | readonly string[]): Promise<void> }>;
  screenshot(options: ScreenshotOptions): Promise<Uint8Array>;
  context(): { newCDPSession(page: Page): Promise<DevTools> };
  emulateMedia(options: { readonly colorScheme: 'light' | 'dark' }): Promise<void>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): unknown;
  on(event: 'request', listener: (request: { url(): string }) => void): unknown;
  readonly keyboard: {
    press(key: string): Promise<void>;
    down(key: string): Promise<void>;
    up(key: string): Promise<void>;
    type(text: string): Promise<void>;
  };
  readonly mouse: {
    move(x: number, y: number, options?: { steps: number }): Promise<void>;
    down(): Promise<void>;
    up(): Promise<void>;
    dblclick(x: number, y: number): Promise<void>;
  };
  close(): Promise<void>;
}
export interface ScreenshotOptions {
  readonly path?: string;
  readonly fullPage?: boolean;
  readonly mask?: readonly Locator[];
  readonly clip?: Box;
}
/** The protocol of Chromium's developer tools. */
export interface DevTools {
  send(method: string, parameters: object): Promise<unknown>;
}
