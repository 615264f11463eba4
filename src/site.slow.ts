/** Opens the documentation site in a browser. The site must have been built with `npm run docs`, as CI does. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutChromium, withPage } from './testing/chromium.ts';
import { root } from './testing/projects.ts';

const site = join(root, 'site', 'dist');
const notBuilt = existsSync(join(site, 'index.html')) ? false : 'run `npm run docs` first';

test(
  'the site works in a browser without other servers: the front page, the search, pages of the library, pages of source files',
  {
    skip: withoutChromium || notBuilt,
  },
  () =>
    withPage(site, async (page) => {
      assert.match(String(await page.evaluate('document.querySelector("h1").textContent')), /cifar10/);
      await page.waitForFunction('document.querySelector(".VPNavBarSearch button") !== null');
      // The button is inert until the script of the page has run.
      await page.waitForFunction(
        '(document.querySelector(".VPNavBarSearch button")?.click(), document.querySelector("#localsearch-input") !== null)',
      );
      await page.evaluate(
        '{ const input = document.querySelector("#localsearch-input"); input.value = "sticky bit class folders"; input.dispatchEvent(new Event("input")); }',
      );
      await page.waitForFunction('document.querySelectorAll(".result").length > 0', { timeout: 20_000 });
      await page.evaluate('document.querySelector(".result").click()');
      await page.waitForFunction('location.pathname !== "/" && document.querySelector("h1") !== null');

      const address = (path: string) => `new URL(${JSON.stringify(path)}, location.origin).href`;
      await page.goto(String(await page.evaluate(address('/api/cifar10-ts/functions/train.html'))));
      assert.match(String(await page.evaluate('document.querySelector("h1").textContent')), /train\(\)/);
      await page.goto(String(await page.evaluate(address('/tutorial-map.html'))));
      await page.evaluate('document.querySelector("a[href^=\'/source/\']").click()');
      await page.waitForFunction('location.pathname.startsWith("/source/")');
      await page.waitForFunction('document.querySelector("pre, ul") !== null');
    }),
);
