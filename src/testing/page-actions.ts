/** What visitors do with files, as the browser receives it from the desktop. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Box, Locator, Page } from './playwright.ts';

/** Drops files or folders of the disk on an element. */
export async function drop(page: Page, target: Locator, files: readonly string[]): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const { x, y, width } = await boxOf(target);
  const tools = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await tools.send('Input.dispatchDragEvent', { type, x: x + width / 2, y: y + 10, data });
}

/** Copies a PNG file to the clipboard, and presses Ctrl+V. The visit needs the permission `clipboard-write`. */
export async function paste(page: Page, png: string): Promise<void> {
  const bytes = readFileSync(png).toString('base64');
  await page.evaluate(`navigator.clipboard.write([new ClipboardItem({
    'image/png': new Blob([Uint8Array.from(atob('${bytes}'), (char) => char.charCodeAt(0))], { type: 'image/png' }),
  })])`);
  await page.keyboard.press('Control+V');
}

/** Presses a button that asks for files, and chooses them. */
export async function choose(page: Page, button: Locator, files: readonly string[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button.click()]);
  await chooser.setFiles(files);
}

/** Presses a button that offers a file, and saves it. */
export async function download(page: Page, button: Locator, path: string): Promise<void> {
  const [offered] = await Promise.all([page.waitForEvent('download'), button.click()]);
  await offered.saveAs(path);
}

export async function boxOf(target: Locator): Promise<Box> {
  const box = await target.boundingBox();
  assert.ok(box);
  return box;
}
