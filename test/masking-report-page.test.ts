import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { maskingPage } from '../services/snapshots/report/render/page.ts';
import { reportHash } from '../services/snapshots/report/render/summary.ts';
import { findBrowser, openBrowser } from './support/browser.ts';
import { auditOf, counted, reportOf } from './support/masking-report.ts';

const path = await findBrowser();

const hostile = '<script>document.title = "run"</script><img src=x onerror="document.title = 1">"\'';
const long = 'x'.repeat(63);
const names = [...Array.from({ length: 120 }, (_, n) => `column_${n}`), hostile, long];
const report = reportOf(
  [
    {
      ...{
        name: long,
        rows: 1_234_567_890,
        counts: Object.fromEntries(names.map((name) => [name, counted(123_456_789, 987_654_321, false)])),
      },
      columns: Object.fromEntries(
        names.map((name, n) => [name, n % 3 === 0 ? { keep: `${long} ${hostile}` } : { mask: 'full_name' }]),
      ),
    },
    {
      name: hostile,
      rows: 0,
      columns: { a: { mask: 'json', fields: { [long]: 'email', [hostile]: { keep: hostile } } } },
    },
  ],
  {
    groups: [
      {
        table: `shop.${long}`,
        columns: [long, hostile],
        rows: 1_234_567_890,
        groups: 1,
        smallest: 1,
        rowsInSmallGroups: 4,
      },
    ],
    leftOut: [{ what: 'comments', count: 3, why: hostile }],
    warnings: [{ where: hostile, what: long }],
  },
);
const audit = auditOf(`shop.${long}`, hostile, {
  ...{ coincidences: 3, byChance: [{ where: `shop.${long}.${long}`, originals: 3, atMost: 9 }] },
});
const audited = {
  ...{ ...report, audit },
  of: { snapshot: 'snap-1', project: 'shop', source: 'production', requestedBy: hostile, greenroom: '0.1.0' },
};
const { markup: text } = maskingPage({ id: 'snap-1', project: 'shop', source: 'production', report: audited });

/** A4 landscape less the page’s margins, at 96 dots an inch. */
const printed = { width: Math.floor(((297 - 24) / 25.4) * 96), height: Math.floor(((210 - 27) / 25.4) * 96) };

describe('the masking report in a browser', { skip: path ? false : 'no browser is installed' }, () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  before(async () => {
    browser = await openBrowser(path!);
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('request', (request) => complaints.push(`asks for ${request.url()}`));
    await page.setContent(text);
  });
  after(() => browser?.close());

  /** What is wider than its place, or sticks out of the page. */
  const cutOff = (width: number) =>
    page.evaluate<string[]>(`
      const all = [...document.querySelectorAll('td, th, dd, p, li, h1, h2, h3, .tile, .sign')];
      all
        .filter((one) => one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0)
        .concat(all.filter((one) => one.getBoundingClientRect().right > ${width} + 1))
        .map((one) => one.outerHTML.slice(0, 120))`);
  const ink = () => page.evaluate<string>('getComputedStyle(document.body).color');

  test('it needs nothing but itself, and names in it are text', async () => {
    assert.equal(await page.title(), 'Masking report: shop, snap-1');
    assert.equal(await page.locator('script, img').count(), 0);
    assert.ok((await page.locator('td').allTextContents()).includes(hostile));
    assert.deepEqual(complaints, []);
  });

  test('what leaked, what was kept and what the risks are is seen without scrolling', async () => {
    const tiles = page.locator('.tile');
    assert.equal(await tiles.count(), 3);
    for (const tile of await tiles.all()) {
      const box = (await tile.boundingBox())!;
      assert.ok(box.y + box.height <= 900, 'below the window');
    }
    assert.match((await tiles.first().textContent())!, /No original found/);
    // 41 columns of the first table, and four parts of a document of the second: one by its rule, three that no rule is about.
    assert.match((await tiles.nth(1).textContent())!, /41 of 123.*4 parts of values/);
  });

  test('nothing is cut off on a wide screen, on a narrow one, or on paper', async () => {
    assert.deepEqual(await cutOff(1280), []);
    await page.setViewportSize({ width: 420, height: 900 });
    assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= 420'), 'it scrolls sideways');
    await page.setViewportSize(printed);
    await page.emulateMedia({ media: 'print' });
    assert.deepEqual(await cutOff(printed.width), []);
    await page.emulateMedia({ media: null });
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  test('every printed page says of which snapshot and which report it is', async () => {
    const feet = await page.evaluate<string[]>(`
      [...document.styleSheets[0].cssRules].filter((rule) => rule instanceof CSSPageRule).map(({ cssText }) => cssText)`);
    assert.equal(feet.length, 1, 'one for all pages, none for the first or the left ones');
    const of = `"snapshot snap-1, report ${reportHash(audited).slice(0, 12)}, page " counter(page) " of "`;
    assert.ok(feet[0]!.includes(`@bottom-right { content: ${of}`), feet[0]);
  });

  test('no heading is left at the foot of a page without its table, and a small table is not torn', async () => {
    await page.emulateMedia({ media: 'print' });
    const told = await page.evaluate<{ name: string; rows: number; after: string; inside: string }[]>(`
      [...document.querySelectorAll('h2, h3, h2 + p, h3 + p, .table, tbody tr:last-child')].map((one) => {
        const { breakAfter: after, breakInside: inside } = getComputedStyle(one);
        return { name: one.tagName, rows: one.querySelectorAll('tbody tr').length, after, inside };
      })`);
    for (const { name, rows, after, inside } of told) {
      // What the last row of a table avoids, its whole section does: then the next heading is torn from what is under it.
      assert.equal(after, ['H2', 'H3', 'P'].includes(name) ? 'avoid' : 'auto', name);
      if (name === 'DIV') assert.equal(inside, rows > 8 ? 'auto' : 'avoid', `a table of ${rows} rows`);
      if (name === 'P') assert.equal(inside, 'avoid');
    }
    for (const name of ['H2', 'P', 'DIV', 'TR']) assert.ok(told.some((one) => one.name === name));
    await page.emulateMedia({ media: null });
  });

  test('an address of mail stands in one line beside what was kept', async () => {
    const owner = 'security-officer@shop.example.com';
    const kept = reportOf([{ name: 'users', columns: { id: { keep: 'surrogate key', owner, until: '2999-12-31' } } }]);
    const other = await browser.newPage({ viewport: printed });
    await other.emulateMedia({ media: 'print' });
    await other.setContent(maskingPage({ id: 'snap-1', project: 'shop', source: 'production', report: kept }).markup);
    for (const text of [owner, '2999-12-31']) {
      const box = await other.locator('td', { hasText: text }).boundingBox();
      assert.ok(box!.height < 30, `${text} is ${box!.height} high`);
    }
    await other.close();
  });

  test('it prints on A4 landscape, on as many pages as its height takes, and in light colours', async () => {
    const pdf = (await page.pdf({ preferCSSPageSize: true, printBackground: true })).toString('latin1');
    const boxes = [...pdf.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)].map(([, width, height]) => [
      Number(width),
      Number(height),
    ]);
    assert.ok(
      boxes.every(([width, height]) => Math.abs(width! - 842) < 2 && Math.abs(height! - 595) < 2),
      String(boxes),
    );
    const pages = pdf.match(/\/Type\s*\/Page\b(?!s)/g)!.length;
    await page.setViewportSize(printed);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const height = await page.evaluate<number>('document.documentElement.scrollHeight');
    const fewest = height / printed.height;
    assert.ok(pages >= Math.floor(fewest) && pages <= fewest * 1.3 + 1, `${pages} pages for a height of ${fewest}`);
    assert.match(await ink(), /^rgb\((\d\d?), (\d\d?), (\d\d?)\)$/, 'dark ink on paper');
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
    assert.match(await ink(), /^rgb\(2\d\d, /, 'light on a dark screen');
    if (process.env.GREENROOM_SCREENSHOTS)
      await page.screenshot({ path: `${process.env.GREENROOM_SCREENSHOTS}/masking-report.png`, fullPage: true });
  });
});
